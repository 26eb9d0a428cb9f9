"""Expressions of SQL: literals, and what is around them."""

from datetime import date, datetime, time
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from plurel_prob.declared.schema import Column, Number
from plurel_prob.declared.text import Sql

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
else:
    Expr = Any  # sqlglot is imported where it is used

PARSERS = {"postgresql": "postgres", "sqlserver": "tsql"}
BOOLEANS = {
    **dict.fromkeys(("true", "t", "1", "yes", "y", "on"), "true"),
    **dict.fromkeys(("false", "f", "0", "no", "n", "off"), "false"),
}
Literal = str | int | float | Decimal | bool | None
MAX_DIGIT = 1000  # of a number that is written
EXACT = Context(prec=2 * MAX_DIGIT)


class NoLiteralError(ValueError):
    """An expression is no literal."""


def parse(sql: Sql, text: str, offset: int, context: str) -> Expr:
    """Tree of an expression.

    Raises:
        DatabaseError: it cannot be parsed.
    """
    import sqlglot

    try:
        select: Any = sqlglot.parse_one(f"SELECT 1 WHERE (\n{text}\n)", dialect=PARSERS.get(sql.dialect, sql.dialect))
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError, AttributeError, TypeError, IndexError, KeyError):
        select = None
    where = select.args.get("where") if isinstance(select, sqlglot.exp.Select) else None
    if where is None or not isinstance(where.this, sqlglot.exp.Paren):
        sql.fail(offset, f"{context}: the expression {text[:80]!r} cannot be understood; is it {sql.dialect}?")
    return where.this.this


def bare(expression: Expr) -> Expr:
    """What is in parentheses, in a cast, or behind the name of a character set."""
    from sqlglot import exp

    while isinstance(expression, (exp.Paren, exp.Cast, exp.Introducer, exp.Collate)):
        expression = expression.expression if isinstance(expression, exp.Introducer) else expression.this
    return expression


def literal(expression: Expr) -> Literal:
    """Value of a literal; None for NULL.

    Raises:
        NoLiteralError: it is none.
    """
    from sqlglot import exp

    value = bare(expression)
    if isinstance(value, exp.Null):
        return None
    if isinstance(value, exp.Boolean):
        return bool(value.this)
    if isinstance(value, exp.National):
        return str(value.this)
    if isinstance(value, exp.BitString) and set(str(value.this)) <= {"0", "1"} and str(value.this):
        return int(str(value.this), 2)
    if isinstance(value, exp.Neg):
        number = literal(value.this)
        if isinstance(number, (int, Decimal)):
            return number.copy_negate() if isinstance(number, Decimal) else -number  # a minus would round
    if isinstance(value, exp.Literal):
        return str(value.this) if value.is_string else as_number(str(value.this))
    raise NoLiteralError


def as_number(text: str) -> int | Decimal:
    """Value of a number with the digits that are written; an integer if it is whole.

    Raises:
        NoLiteralError: it is no number, none that a computer's floats reach, or has more than 1,000 digits.
    """
    try:
        number = Decimal(text) if len(text) <= MAX_DIGIT else None
        if number is None or not abs(float(number)) < float("inf") or (number and not float(number)):
            raise NoLiteralError
        whole = int(number)
    except (ValueError, ArithmeticError):
        raise NoLiteralError from None
    return whole if whole == number else number


def exact(value: Any) -> int | Decimal:
    """Number with exactly its digits; of a float those that tell it from other floats.

    Raises:
        NoLiteralError: it is none.
    """
    return value if type(value) is int else as_number(str(value) if not isinstance(value, bool) else str(int(value)))


def decimal_of(steps: int, digits: int) -> Decimal:
    """Number of so many steps of the last of some digits after the point; as an operation, a division would round it."""
    return Decimal(steps).scaleb(-digits, EXACT)


def number_of(column: Column, value: Any) -> Number:
    """Number as a column of numbers is compared with it: a float if its values are floats, exact otherwise.

    Raises:
        NoLiteralError: it is none.
    """
    number = exact(value)
    return float(number) if column.kind == "float" else number


def default_text(value: Literal, column: Column) -> str | None:
    """Default as text; None where it is NULL, or, of times, an expression such as 'now'.

    Raises:
        ValueError, LookupError, ArithmeticError: it is no value of the column.
    """
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if column.kind == "boolean":
        return BOOLEANS[text.lower()]
    if column.kind in ("integer", "decimal", "float"):
        text = {"true": "1", "false": "0"}.get(text, text).strip()
        number = Decimal(text)
        if not number.is_finite() or (column.kind == "integer" and number != number.to_integral_value()):
            raise ValueError(text)
    if column.kind == "category" and text not in map(str, column.labels):
        raise ValueError(text)
    if column.kind == "uuid":
        return str(UUID(text))
    return text if _is_time(text, column.kind) else None


def _is_time(text: str, kind: str) -> bool:
    """Whether a text is a time that never changes, if it should be a time."""
    if kind not in ("date", "time", "timestamp"):
        return True
    parser = {"date": date.fromisoformat, "time": time.fromisoformat, "timestamp": datetime.fromisoformat}[kind]
    try:
        return parser(text) is not None
    except ValueError:
        return False
