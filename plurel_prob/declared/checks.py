"""CHECK constraints: what they say of columns.

Honoured are ranges of numbers, lists of values, an order of two columns, lengths of text, NOT NULL, and what AND makes of them.
``OR`` joins values of a column, or lets a missing value pass. A column that has to be ``LIKE '%a%' OR LIKE '%b%'``, as sets of
MySQL are in other dialects, is one of ``a`` and ``b``.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from plurel_prob.declared.literals import Literal, NoLiteralError, bare, literal
from plurel_prob.declared.narrow import FORMS, NUMERIC, CheckError, bounded, listed, shortened
from plurel_prob.declared.schema import Column, Order

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
else:
    Expr = Any  # sqlglot is imported where it is used

SWAPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "<>": "<>"}


@dataclass
class Facts:
    """What is known of columns, by lower-case name, and of pairs of them."""

    columns: dict[str, Column]
    orders: list[Order]

    def column(self, expression: Expr) -> Column:
        """Column that an expression is.

        Raises:
            CheckError: it is none.
        """
        from sqlglot import exp

        inner = bare(expression)
        if not isinstance(inner, exp.Column):
            raise CheckError(FORMS)
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
    from sqlglot import exp

    pending = [expression]
    while pending:
        part = pending.pop()
        if isinstance(part, exp.Paren):
            pending.append(part.this)
        elif isinstance(part, exp.And):
            pending += [part.expression, part.this]
        elif isinstance(part, exp.Or):
            pending += _either(part, facts)
        else:
            _apply(part, facts)


def _apply(part: Expr, facts: Facts) -> None:
    from sqlglot import exp

    known = _known(part)
    if known is not None:
        facts.put(replace(facts.column(known), is_nullable=False))
    elif part.args.get("negate"):
        raise CheckError(FORMS)
    elif isinstance(part, exp.Between) and not part.args.get("symmetric"):
        _compare(part.this, ">=", part.args["low"], facts)
        _compare(part.this, "<=", part.args["high"], facts)
    elif isinstance(part, (exp.In, exp.EQ)) and _listed(part) is not None:
        facts.put(listed(facts.column(part.this), _listed(part) or []))
    elif type(part) in _comparisons():
        _compare(part.this, _comparisons()[type(part)], part.expression, facts)
    elif isinstance(part, exp.Anonymous) and part.name.lower() == "json_valid" and len(part.expressions) == 1:
        facts.put(replace(facts.column(part.expressions[0]), kind="json", length=None))
    elif not (isinstance(part, exp.Boolean) and part.this):
        raise CheckError(FORMS)


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
        raise CheckError(FORMS)
    if len(rest) == 1:
        return rest
    if len(mentioned) != 1:
        raise CheckError(FORMS)
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
        raise CheckError(FORMS)
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
        raise CheckError(FORMS) from None


def _order(left: Column, right: Column, comparison: str, facts: Facts) -> None:
    if comparison in ("=", "<>") or left.name == right.name:
        raise CheckError(FORMS)
    low, high = (left, right) if comparison in ("<", "<=") else (right, left)
    if low.kind != high.kind and not (low.kind in NUMERIC and high.kind in NUMERIC):
        raise CheckError(f"{low.name} is of kind {low.kind} and {high.name} of kind {high.kind}: they have no order")
    if low.kind not in (*NUMERIC, "date", "time", "timestamp", "interval"):
        raise CheckError(f"an order of columns of kind {low.kind} cannot be honoured; leave it out")
    order = Order(low.name, high.name, comparison in ("<", ">"))
    if order not in facts.orders:
        facts.orders.append(order)


def _bound(what: Expr, comparison: str, value: Literal, facts: Facts) -> None:
    from sqlglot import exp

    if isinstance(what, exp.Length):
        facts.put(shortened(facts.column(what.this), comparison, value))
    else:
        facts.put(bounded(facts.column(what), comparison, value))
