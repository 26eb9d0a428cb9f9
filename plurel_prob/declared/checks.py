"""CHECK constraints: what they say of columns.

Ranges of numbers, lists of values, an order of two columns, lengths of text, NOT NULL, and what AND makes of them, say which
values a column can have. ``OR`` joins values of a column, or lets a missing value pass. A column that has to be ``LIKE '%a%' OR
LIKE '%b%'``, as sets of MySQL are in other dialects, is one of ``a`` and ``b``. Whatever else rows can be tested by is a rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from plurel_prob.declared.literals import Literal, NoLiteralError, bare, literal
from plurel_prob.declared.narrow import NUMERIC, CheckError, FormError, bounded, listed, shortened
from plurel_prob.declared.rules import RuleError, rule_of
from plurel_prob.declared.schema import Column, Order, Rule
from plurel_prob.declared.text import Dialect

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
else:
    Expr = Any  # sqlglot is imported where it is used

SWAPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "<>": "<>"}


@dataclass
class Facts:
    """What is known of columns, by lower-case name, and of pairs of them."""

    columns: dict[str, Column]
    dialect: Dialect = "postgresql"
    orders: list[Order] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def column(self, expression: Expr) -> Column:
        """Column that an expression is.

        Raises:
            CheckError: it is none.
        """
        from sqlglot import exp

        inner = bare(expression)
        if not isinstance(inner, exp.Column):
            raise FormError
        if inner.name.lower() not in self.columns:
            raise CheckError(f"there is no column {inner.name}; name one of the table's")
        return self.columns[inner.name.lower()]

    def put(self, column: Column) -> None:
        """Replace a column by what is known now."""
        self.columns[column.name.lower()] = column


def apply_check(expression: Expr, facts: Facts) -> None:
    """Add what a constraint says to the facts.

    Raises:
        CheckError: it cannot be honoured.
    """
    for part in _parts(expression):
        _apply_part(part, facts)


def _parts(expression: Expr) -> Iterator[Expr]:
    """What AND joins, in order, however deep it is nested."""
    from sqlglot import exp

    pending = [expression]
    while pending:
        part = pending.pop()
        if isinstance(part, exp.Paren):
            pending.append(part.this)
        elif isinstance(part, exp.And):
            pending += [part.expression, part.this]
        else:
            yield part


def _apply_part(part: Expr, facts: Facts) -> None:
    """Narrow columns by a part of a constraint; what does not narrow them is a rule."""
    known = replace(facts, columns=dict(facts.columns), orders=list(facts.orders))
    try:
        _narrow(part, known)
    except FormError as error:
        try:
            facts.rules.append(rule_of(part, facts.columns, facts.dialect))
        except RuleError as reason:
            raise CheckError(str(reason)) from error
    else:
        facts.columns, facts.orders = known.columns, known.orders


def _narrow(expression: Expr, facts: Facts) -> None:
    """Apply a constraint that narrows columns.

    Raises:
        FormError: it is of another form.
        CheckError: it cannot be honoured.
    """
    from sqlglot import exp

    for part in _parts(expression):
        if isinstance(part, exp.Or):
            for one in _either(part, facts):
                _narrow(one, facts)
        else:
            _apply(part, facts)


def _apply(part: Expr, facts: Facts) -> None:
    from sqlglot import exp

    known, document = _known(part), _document(part)
    if document is not None:
        facts.put(replace(facts.column(document), kind="json", length=None))
    elif known is not None:
        facts.put(replace(facts.column(known), is_nullable=False))
    elif part.args.get("negate"):
        raise FormError
    elif isinstance(part, exp.Between) and not part.args.get("symmetric"):
        _compare(part.this, ">=", part.args["low"], facts)
        _compare(part.this, "<=", part.args["high"], facts)
    elif isinstance(part, (exp.In, exp.EQ)) and _listed(part) is not None:
        facts.put(listed(facts.column(part.this), _listed(part) or []))
    elif type(part) in _comparisons():
        _compare(part.this, _comparisons()[type(part)], part.expression, facts)
    elif not (isinstance(part, exp.Boolean) and part.this):
        raise FormError


def _is_null(part: Expr) -> bool:
    from sqlglot import exp

    return isinstance(part, exp.Is) and isinstance(part.expression, exp.Null) and not part.args.get("negate")


def _known(part: Expr) -> Expr | None:
    """What is not NULL, if this is all that a constraint says."""
    from sqlglot import exp

    if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null) and part.args.get("negate"):
        return part.this
    inverted = part.this if isinstance(part, exp.Not) else None
    while isinstance(inverted, exp.Paren):
        inverted = inverted.this
    return inverted.this if inverted is not None and _is_null(inverted) else None


def _document(part: Expr) -> Expr | None:
    """What has to be JSON, if this is all that a constraint says: ``json_valid(x)``, ``ISJSON(x) = 1``, or ``> 0``."""
    from sqlglot import exp

    test = bare(part.this) if isinstance(part, (exp.EQ, exp.GT)) else part
    value = str(part.expression.this) if test is not part and isinstance(part.expression, exp.Literal) else ""
    if not isinstance(test, exp.Anonymous) or test.name.lower() not in ("json_valid", "isjson") or len(test.expressions) != 1:
        return None
    is_true = test is part or value == ("1" if isinstance(part, exp.EQ) else "0")
    return test.expressions[0] if is_true else None


def _comparisons() -> dict[type, str]:
    from sqlglot import exp

    return {exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.EQ: "=", exp.NEQ: "<>"}


def _either(part: Expr, facts: Facts) -> list[Expr]:
    """Alternatives as one constraint without OR; or none, after it has been applied."""
    from sqlglot import exp

    alternatives = []
    for item in part.flatten():
        while isinstance(item, exp.Paren):
            item = item.this
        alternatives += list(item.flatten()) if isinstance(item, exp.Or) else [item]
    missing = [item for item in alternatives if _is_null(item)]
    rest = [item for item in alternatives if item not in missing]
    mentioned = {column.name.lower() for item in rest for column in item.find_all(exp.Column)}
    if not rest or any(facts.column(item.this).name.lower() not in mentioned for item in missing):
        raise FormError
    if len(rest) == 1:
        return rest
    if len(mentioned) != 1:
        raise FormError
    values = _contained(rest) or [value for item in rest for value in _values(item)]
    column = facts.column(next(rest[0].find_all(exp.Column)))
    facts.put(listed(column, list(dict.fromkeys(values))))
    return []


def _contained(alternatives: list[Expr]) -> list[Literal]:
    """Words of ``x LIKE '%word%'``; none where an alternative is not of this form."""
    from sqlglot import exp

    words: list[Literal] = []
    for item in alternatives:
        is_like = isinstance(item, exp.Like) and not item.args.get("negate") and isinstance(item.expression, exp.Literal)
        pattern = str(item.expression.this) if is_like else ""
        word = pattern[1:-1] if len(pattern) > 2 and pattern[0] == pattern[-1] == "%" else ""
        if not word or set(word) & set("%_["):
            return []
        words.append(word)
    return words


def _values(part: Expr) -> list[Literal]:
    from sqlglot import exp

    values = _listed(part) if isinstance(part, (exp.EQ, exp.In)) else None
    if values is None:
        raise FormError
    return values


def _listed(part: Expr) -> list[Literal] | None:
    """Values in ``x IN (...)``, ``x = ...`` and ``x = ANY (ARRAY[...])``; None if something else is compared."""
    from sqlglot import exp

    if part.args.get("negate"):
        return None
    if isinstance(part, exp.In):
        items = part.expressions if not (part.args.get("query") or part.args.get("unnest")) else []
    else:
        right = bare(part.expression.this) if isinstance(part.expression, exp.Any) else None
        items = [part.expression] if right is None else right.expressions if isinstance(right, exp.Array) else []
    try:
        return [literal(item) for item in items] if items and isinstance(bare(part.this), exp.Column) else None
    except NoLiteralError:
        return None


def _compare(left: Expr, comparison: str, right: Expr, facts: Facts) -> None:
    """Apply ``left comparison right``: of a column, or the length of one, and a literal, or of two columns."""
    from sqlglot import exp

    sides = (bare(left), bare(right))
    if all(isinstance(side, exp.Column) for side in sides):
        _order(facts.column(left), facts.column(right), comparison, facts)
        return
    try:
        if isinstance(sides[0], (exp.Column, exp.Length)):
            _bound(sides[0], comparison, literal(right), facts)
        else:
            _bound(sides[1], SWAPPED[comparison], literal(left), facts)
    except NoLiteralError:
        raise FormError from None


def _order(left: Column, right: Column, comparison: str, facts: Facts) -> None:
    if comparison in ("=", "<>") or left.name == right.name:
        raise FormError
    low, high = (left, right) if comparison in ("<", "<=") else (right, left)
    if low.kind != high.kind and not (low.kind in NUMERIC and high.kind in NUMERIC):
        raise CheckError(f"{low.name} is of kind {low.kind} and {high.name} of kind {high.kind}: they have no order")
    if low.kind not in (*NUMERIC, "date", "time", "timestamp", "interval"):
        raise FormError(f"an order of columns of kind {low.kind} cannot be honoured; leave it out")
    order = Order(low.name, high.name, comparison in ("<", ">"))
    if order not in facts.orders:
        facts.orders.append(order)


def _bound(what: Expr, comparison: str, value: Literal, facts: Facts) -> None:
    from sqlglot import exp

    if isinstance(what, exp.Length):
        facts.put(shortened(facts.column(what.this), comparison, value))
    else:
        facts.put(bounded(facts.column(what), comparison, value))
