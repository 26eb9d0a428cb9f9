"""Conditions on a row in the SQL of one dialect, of operators and functions that are known: rows are tested by DuckDB.

Nothing else is let through: no query, no function that reads, and none whose value depends on when or where it is asked.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from plurel_prob.declared.schema import Column, Rule
from plurel_prob.declared.text import Dialect
from plurel_prob.errors import shown

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
else:
    Expr = Any  # sqlglot is imported where it is used

KNOWN = {
    *("Column", "Identifier", "Literal", "Null", "Boolean", "Neg", "Paren", "And", "Or", "Not", "Is", "In", "Between", "Var"),
    *("EQ", "NEQ", "GT", "GTE", "LT", "LTE", "NullSafeEQ", "NullSafeNEQ", "Add", "Sub", "Mul", "Div", "Mod", "Abs", "Round"),
    *("Like", "ILike", "RegexpLike", "RegexpILike", "StartsWith", "Length", "Lower", "Upper", "Trim", "Substring", "Left"),
    *("Case", "If", "Coalesce", "Nullif", "Greatest", "Least", "Cast", "DataType", "DataTypeParam", "Extract", "Year", "Month"),
    *("Day", "Interval", "Floor", "Ceil", "Sqrt", "Pow", "Sign", "Concat", "DPipe", "Replace", "Right", "StrPosition"),
}  # fmt: skip
WITHOUT_CASE = ("mysql", "sqlite", "sqlserver")  # whose LIKE takes a for A
CLASSES = {
    **{"alpha": "A-Za-z", "alnum": "A-Za-z0-9", "digit": "0-9", "upper": "A-Z", "lower": "a-z", "xdigit": "0-9A-Fa-f"},
    **{"space": r"\s", "punct": r"!-/:-@\[-`{-~"},
}


class RuleError(ValueError):
    """An expression that rows cannot be tested by; the message says why."""


def rule_of(expression: Expr, columns: Mapping[str, Column], dialect: Dialect, line: int | None = None) -> Rule:
    """Condition on a row, in DuckDB's SQL.

    Args:
        expression: the condition.
        columns: of the table, by lower-case name.
        dialect: that the expression is written in.
        line: of the declaration.

    Raises:
        RuleError: it has something that is not known, or mentions no column.
    """
    return Rule(*expression_of(expression, columns, dialect, "CAST(({}) AS BOOLEAN)"), line)


def expression_of(
    expression: Expr, columns: Mapping[str, Column], dialect: Dialect, as_value: str = "{}"
) -> tuple[str, tuple[str, ...]]:
    """Expression in DuckDB's SQL, and the columns that it mentions.

    Raises:
        RuleError: it has something that is not known, mentions no column, or DuckDB cannot tell its value.
    """
    from sqlglot import exp

    from plurel_prob.declared.row_tests import problem_of

    whole = exp.paren(expression)
    for node in list(whole.this.walk(bfs=False))[::-1]:  # what is within comes before what is around it
        changed = _node(node, columns, dialect)
        if changed is not node:
            node.replace(changed)
    tree = whole.unnest()
    for node in tree.walk():
        if type(node).__name__ not in KNOWN:
            name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
            raise RuleError(f"{shown(name, 30)} is nothing that rows can be tested by; change it, or leave it out")
    mentioned = {node.name for node in tree.find_all(exp.Column)}
    if not mentioned:
        raise RuleError("it mentions no column; leave it out")
    names = tuple(column.name for column in columns.values() if column.name in mentioned)
    text: str = tree.sql("duckdb")
    problem = problem_of([as_value.format(text)], [columns[name.lower()] for name in names])
    if problem:
        raise RuleError(f"rows cannot be tested by it: {problem}; change it, or leave it out")
    return text, names


def _node(node: Expr, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    """One node as all dialects mean it."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        if node.name.lower() not in columns:
            raise RuleError(f"there is no column {shown(node.name)}; name one of the table's")
        return exp.column(exp.to_identifier(columns[node.name.lower()].name, quoted=True))
    if isinstance(node, exp.Introducer):  # of a string's character set, which MySQL gives to all of them in dumps
        return node.expression
    if isinstance(node, exp.Cast):
        return node.this if node.to.this in _texts() else node
    change = _changes().get(type(node))
    if change is None:
        return node
    changed = change(node, columns, dialect)
    return exp.Not(this=changed) if node.args.get("negate") and changed is not node else changed


def _texts() -> set[Any]:
    from sqlglot import exp

    return {*exp.DataType.TEXT_TYPES, exp.DataType.Type.UNKNOWN, exp.DataType.Type.USERDEFINED}


def _changes() -> dict[type, Callable[[Any, Mapping[str, Column], Dialect], Expr]]:
    from sqlglot import exp

    return {
        exp.Anonymous: _function,
        exp.ByteString: lambda node, columns, dialect: exp.Literal.string(str(node.this)),
        exp.National: lambda node, columns, dialect: exp.Literal.string(str(node.this)),
        exp.Collate: lambda node, columns, dialect: node.this,
        exp.Xor: lambda node, columns, dialect: exp.NEQ(this=exp.paren(node.this), expression=exp.paren(node.expression)),
        exp.SimilarTo: _similar,
        exp.Glob: _glob,
        exp.Length: lambda node, columns, dialect: exp.Length(this=node.this),
        exp.Like: _like,
        exp.RegexpLike: _regular,
        exp.RegexpILike: _regular,
        exp.RegexpFullMatch: _whole,
        exp.EQ: _equal,
        exp.NEQ: _equal,
    }


def _function(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    """num_nonnulls and num_nulls: how many of some values are known."""
    from sqlglot import exp

    name = node.name.lower()
    if name not in ("num_nonnulls", "num_nulls") or not node.expressions:
        return node
    values = ("0", "1") if name == "num_nonnulls" else ("1", "0")
    terms = [
        exp.case().when(exp.Is(this=item.copy(), expression=exp.Null()), values[0]).else_(values[1]) for item in node.expressions
    ]
    total: Any = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    return exp.paren(total, copy=False)


def _pattern(node: Any) -> str:
    """Pattern that a text is compared with.

    Raises:
        RuleError: it is none that is written out.
    """
    from sqlglot import exp

    pattern = node.expression
    while isinstance(pattern, (exp.Paren, exp.Cast)):
        pattern = pattern.this
    if isinstance(pattern, exp.Literal) and pattern.is_string:
        return str(pattern.this)
    raise RuleError("a pattern that is no literal cannot be honoured; write it out, or leave it out")


def _matches(node: Any, pattern: str, *, is_any_case: bool = False) -> Expr:
    from sqlglot import exp

    kind = exp.RegexpILike if is_any_case else exp.RegexpLike
    return kind(this=node.this, expression=exp.Literal.string(pattern))


def _similar(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    r"""SIMILAR TO as a regular expression; in DuckDB it is one already."""
    pattern = _pattern(node)
    if dialect == "duckdb":
        return _matches(node, f"^(?:{pattern})$")
    parts = {"%": ".*", "_": ".", ".": r"\.", "^": r"\^", "$": r"\$"}
    found = re.findall(r"\\.|\[\^?\]?[^\]]*\]|.", pattern, re.S)
    return _matches(node, f"^(?:{''.join(parts.get(part, part) for part in found)})$")


def _glob(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    parts = {"*": ".*", "?": "."}
    found = re.findall(r"\[\^?\]?[^\]]*\]|.", _pattern(node), re.S)
    return _matches(node, f"^{''.join(parts.get(x) or (x if len(x) > 1 else re.escape(x)) for x in found)}$")


def _like(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    """LIKE, of which some dialects know classes of characters, and some no case."""
    from sqlglot import exp

    if dialect == "sqlserver" and "[" in _pattern(node):
        parts = {"%": ".*", "_": "."}
        found = re.findall(r"\[\^?\]?[^\]]*\]|.", _pattern(node), re.S)
        pattern = "".join(parts.get(x) or (x if len(x) > 1 else re.escape(x)) for x in found)
        return _matches(node, f"^{pattern}$", is_any_case=True)
    kind = exp.ILike if dialect in WITHOUT_CASE else exp.Like
    pattern = _pattern(node)
    if "\\" in pattern and dialect in ("postgresql", "mysql"):
        raise RuleError("an escaped character of LIKE cannot be honoured; write a regular expression, or leave it out")
    return kind(this=node.this, expression=exp.Literal.string(pattern))


def _regular(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    from sqlglot import exp

    pattern = re.sub(r"\[:(\w+):\]", lambda found: CLASSES.get(found[1], found[0]), _pattern(node))
    return _matches(node, pattern, is_any_case=isinstance(node, exp.RegexpILike) or dialect == "mysql")


def _whole(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    return _matches(node, f"^(?:{_pattern(node)})$")


def _equal(node: Any, columns: Mapping[str, Column], dialect: Dialect) -> Expr:
    """Comparison with any, or all, of some values as a list; of a boolean with a number as one with a boolean."""
    from sqlglot import exp

    right, is_equal = node.expression, isinstance(node, exp.EQ)
    of = right.this if isinstance(right, exp.Any) else right.expressions[0] if isinstance(right, exp.Anonymous) else None
    while isinstance(of, (exp.Paren, exp.Cast)):
        of = of.this
    if isinstance(of, exp.Array) and is_equal == isinstance(right, exp.Any):
        listed = exp.In(this=node.this, expressions=[item.copy() for item in of.expressions])
        return listed if is_equal else exp.Not(this=listed)
    column = columns.get(node.this.name.lower()) if isinstance(node.this, exp.Column) else None
    if column is not None and column.kind == "boolean" and isinstance(right, exp.Literal) and str(right.this) in ("0", "1"):
        return type(node)(this=node.this, expression=exp.Boolean(this=str(right.this) == "1"))
    return node
