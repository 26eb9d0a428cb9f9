"""Rows that keep rules: those that break one get other values, other parents, or none, until they do not."""

from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
from jaxtyping import Bool

from plurel_prob.declared.row_tests import broken_rows
from plurel_prob.declared.schema import Rule
from plurel_prob.domains.patterns import named
from plurel_prob.drawing.keys import Parents, redraw
from plurel_prob.drawing.orders import first_place
from plurel_prob.drawing.rows import TableRows

N_TRY = 60
ANY = -2  # a parent that is still to be drawn
Mask = Bool[np.ndarray, " row"]


def keep_rules(rows: TableRows, keys: Sequence[int], parents: Parents, fixed: Collection[str] = ()) -> bool:
    """Change the rows that break a rule on columns that are set; return whether there were any.

    Args:
        rows: the table.
        keys: numbers of the keys whose parents may change.
        parents: codes of the columns of other tables.
        fixed: columns that may not change.
    """
    groups = [group for group in _groups(rows.plan.rules) if {name for rule in group for name in rule.columns} <= set(rows.codes)]
    return any([mend(rows, group, keys, parents, fixed) for group in groups])


def _groups(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules that share columns, together."""
    groups: list[list[Rule]] = []
    for rule in rules:
        joined = [group for group in groups if any(set(rule.columns) & set(other.columns) for other in group)]
        groups = [group for group in groups if group not in joined] + [[*(other for group in joined for other in group), rule]]
    return groups


def mend(
    rows: TableRows,
    rules: Sequence[Rule],
    keys: Sequence[int],
    parents: Parents,
    fixed: Collection[str] = (),
    among: Mask | None = None,
) -> bool:
    """Change the rows, of all or among some, that break one of some rules; return whether there were any."""
    texts, names = [rule.text for rule in rules], list(dict.fromkeys(name for rule in rules for name in rule.columns))
    broken = broken_rows(texts, rows.values_of(names))
    broken = broken if among is None else broken & among
    if not broken.any():
        return False
    counted = {column.name for column in rows.plan.counted}
    own = [name for name in names if name in rows.place and name not in counted and name not in fixed]
    units = [i for i in keys if set(rows.free(i)) & set(names)]
    candidates = {name: _named_places(rows, name, rules) for name in own}
    for n in range(N_TRY):
        if not own and not units:
            break
        for name in own:
            _give_values(rows, name, broken, candidates[name])
        _lose(rows, own, units, broken, n)
        for i in units:
            others = (rows.parent_row[i] >= 0) & (rows.rng.random(rows.n_row) < 0.7)
            redraw(rows, i, broken & (others | (rows.parent_row[i] == ANY)), parents, is_wide=True)
        broken[broken] = broken_rows(texts, rows.values_of(names, broken))
        if not broken.any():
            break
    rows.set_codes(parents)
    return True


def _named_places(rows: TableRows, name: str, rules: Sequence[Rule]) -> np.ndarray:
    """Numbers of the values of a column of numbers that rules name, and of their neighbours."""
    if rows.table.column(name).kind not in ("integer", "decimal", "float"):
        return np.zeros(0, np.int64)
    domain, found = rows.domain[name], list[int]()
    for text in named(rules, name):
        try:
            value = float(Decimal(text))
        except InvalidOperation:
            continue
        at = int(first_place(domain, lambda axis: axis >= value)[0])  # noqa: B023
        found += [place for place in (at - 1, at, at + 1) if 0 <= place < domain.size]
    return np.array(sorted(set(found)), np.int64)


def _give_values(rows: TableRows, name: str, broken: Mask, candidates: np.ndarray) -> None:
    """Give rows values of the column's law, or such as rules name, half of them none but their own."""
    domain, u = rows.domain[name], rows.rng.random(rows.n_row)
    new = np.minimum(domain.spread(rows.rng.random(rows.n_row)), domain.size - 1)
    if len(candidates):
        new = np.where(u < 0.25, candidates[rows.rng.integers(0, len(candidates), rows.n_row)], new)
    rows.place[name] = np.where(broken & (u < 0.5), new, rows.place[name])
    rows.set_own_code(name)


def _lose(rows: TableRows, own: Sequence[str], units: Sequence[int], broken: Mask, n: int) -> None:
    """Let what may be missing be so: in turn at random, all but one, none, all, or as it was."""
    may = [name for name in own if name in rows.missing]
    keys = [i for i in units if rows.may_be_missing(i)]
    width = len(may) + len(keys)
    if not width or n % 5 == 4:
        return
    chosen = rows.rng.random((rows.n_row, width)) < (0.5, 1.1, 0.0, 1.1)[n % 5]
    if n % 5 == 1:
        chosen[np.arange(rows.n_row), rows.rng.integers(0, width, rows.n_row)] = False
    for k, name in enumerate(may):
        rows.missing[name] = np.where(broken, chosen[:, k], rows.missing[name])
        rows.set_own_code(name)
    for k, i in enumerate(keys, len(may)):
        gone, back = broken & chosen[:, k], broken & ~chosen[:, k] & (rows.parent_row[i] < 0)
        rows.parent_row[i] = np.where(gone, -1, np.where(back, ANY, rows.parent_row[i]))
