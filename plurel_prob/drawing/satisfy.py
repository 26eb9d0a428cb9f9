"""Rows as declared: keys that agree, rows that are told apart, columns in order."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from plurel_prob.declared.row_tests import broken_rows, repeated_rows
from plurel_prob.declared.schema import Order, Rule, UniqueIndex
from plurel_prob.declared.text import fail
from plurel_prob.drawing.fill import fill
from plurel_prob.drawing.keys import Parents, disagreeing, redraw
from plurel_prob.drawing.orders import put_in_order
from plurel_prob.drawing.rows import TableRows
from plurel_prob.drawing.rules import keep_rules, mend
from plurel_prob.errors import shown

N_ROUND, N_EASY = 60, 20  # rounds of repair; first rounds, in which rows get values of other rows
N_APART = 3  # rounds, after which rows that are the same by an index of some rows leave these

Rows = Int64[np.ndarray, " row"]
Mask = Bool[np.ndarray, " row"]


def satisfy(
    rows: TableRows, keys: Sequence[int], parents: Parents, *, can_drop: bool = False, fixed: Collection[str] = ()
) -> Rows:
    """Change rows until all constraints hold of the columns that are set.

    Of rows that are the same in unique columns the first stays. The others get values of other rows or other parents, then any
    that there are, and in the end combinations that no row has. A row of a key that finds no parent which agrees with the row's
    other keys gets other parents by these; if it never does, the key is missing, where it may be. Rows in the wrong order
    exchange their values. Rows that break a rule get other values, parents or none at random until they do not. Rows that are the
    same in a unique index of some rows leave these, if other values do not help.

    Args:
        rows: the table.
        keys: numbers of the keys whose parents may change, each after those that it shares columns with.
        parents: codes of the columns of other tables.
        can_drop: whether rows that cannot be told apart may be left out.
        fixed: columns that rules may not change.

    Returns:
        The new number of each row; -1 for those that are left out.

    Raises:
        DatabaseError: there is no way, or none was found; the message names table and line.
    """
    number = np.arange(rows.n_row)
    for n in range(N_ROUND):
        orders = [order for order in rows.table.orders if {order.low, order.high} <= set(rows.place)]
        changes = [_put_in_order(rows, order, parents) for order in orders]
        changes += [keep_rules(rows, keys, parents, fixed)]
        changes += [_find_parents(rows, i, keys, parents, n) for i in keys]
        changes += [_tell_apart(rows, columns, keys, parents, n) for columns in _set(rows)]
        changes += [_tell_index_apart(rows, index, keys, parents, n, fixed) for index in _set_indexes(rows)]
        if not any(changes):
            return number
        if can_drop and n == N_ROUND - 3:
            again = [repeated(rows, columns) for columns in _set(rows)]
            again += [repeated_in(rows, index) for index in _set_indexes(rows)]
            dropped = rows.keep(~np.any(again or [np.zeros(rows.n_row, bool)], axis=0))
            number = np.where(number < 0, -1, dropped[number])
    rules = [rule for rule in rows.plan.rules if set(rule.columns) <= set(rows.codes)]
    kept = next((rule for rule in rules if broken_rows([rule.text], rows.values_of(rule.columns)).any()), None)
    if kept is not None:
        what = f"no rows were found that satisfy CHECK ({shown(kept.text)})"
        fail(rows.source, kept.line, f"{rows.table.name}: {what} and all else; change it, or leave it out")
    line = next((order.line for order in rows.table.orders if order.line), rows.table.line)
    what = "unique columns, keys and CHECKs on two columns leave too little room together"
    fail(rows.source, line, f"{rows.table.name}: {what}; widen the ranges, or give fewer rows")


def _find_parents(rows: TableRows, i: int, keys: Sequence[int], parents: Parents, n: int) -> bool:
    """Find parents for the rows of a key that have none that agree; return whether some are still without."""
    redraw(rows, i, disagreeing(rows, i, parents), parents)
    lost = disagreeing(rows, i, parents)
    if not lost.any():
        return False
    others = [j for j in keys if j != i and j in {rows.origin.get(name) for name in rows.shared(i)}]
    if n < N_ROUND - 10:
        for j in others:
            redraw(rows, j, lost, parents, is_wide=True)
        redraw(rows, i, lost, parents)
        return True
    for j in others:  # a nullable column that both share lets both be missing
        if rows.may_be_missing(j):
            rows.parent_row[j] = np.where(lost, -1, rows.parent_row[j])
            rows.set_codes(parents)
            return True
    key, what = rows.key(i), "no row of {} agrees with the other keys of a row"
    hint = "make the key nullable, or give its parent more rows with --rows"
    fail(rows.source, key.line, f"{rows.table.name}.({', '.join(key.columns)}): {what.format(key.parent)}; {hint}")


def _set(rows: TableRows) -> list[tuple[str, ...]]:
    """Unique columns that are set."""
    return [columns for columns in rows.plan.unique if set(columns) <= set(rows.codes)]


def _set_indexes(rows: TableRows) -> list[UniqueIndex]:
    """Unique indexes on columns that are set."""
    return [index for index in rows.table.indexes if {*index.columns, *_condition(index)} <= set(rows.codes)]


def _condition(index: UniqueIndex) -> tuple[str, ...]:
    """Columns that say which rows an index is of."""
    return () if index.where is None else index.where.columns


def repeated_in(rows: TableRows, index: UniqueIndex) -> Mask:
    """Rows that are the same as an earlier one by a unique index."""
    return repeated_rows(index, rows.values_of(list(dict.fromkeys([*index.columns, *_condition(index)]))))


def repeated(rows: TableRows, columns: tuple[str, ...]) -> Mask:
    """Rows that are the same as an earlier one in some columns, none of which is missing."""
    codes = pd.DataFrame({k: rows.codes[name].code for k, name in enumerate(columns)})
    known = (codes >= 0).all(axis=1).to_numpy(bool)
    found = np.zeros(rows.n_row, bool)
    found[known] = codes[known].duplicated().to_numpy()
    return found


def _tell_index_apart(
    rows: TableRows, index: UniqueIndex, keys: Sequence[int], parents: Parents, n: int, fixed: Collection[str]
) -> bool:
    """Change the rows that are the same as others by a unique index; return whether there are any."""
    again = repeated_in(rows, index)
    if not again.any():
        return False
    if index.are_missing_alike:
        for name in set(index.columns) & set(rows.missing):
            rows.missing[name] &= ~again
    if index.where is not None and n >= N_APART:
        outside = Rule(f"NOT ({index.where.text})", index.where.columns)
        mend(rows, [outside], keys, parents, fixed, again)
        again = repeated_in(rows, index)
    if again.any():
        _give_others(rows, index.columns, again, keys, parents, n)
    return True


def _tell_apart(rows: TableRows, columns: tuple[str, ...], keys: Sequence[int], parents: Parents, n: int) -> bool:
    """Change the rows that are the same as others in some columns; return whether there are any."""
    again = repeated(rows, columns)
    if again.any():
        _give_others(rows, columns, again, keys, parents, n)
    return bool(again.any())


def _give_others(rows: TableRows, columns: tuple[str, ...], again: Mask, keys: Sequence[int], parents: Parents, n: int) -> None:
    """Give rows other values and parents in some columns.

    Raises:
        DatabaseError: there are not enough.
    """
    units = [i for i in keys if set(rows.free(i)) & set(columns)]
    counted = {column.name for column in rows.plan.counted}
    own = [name for name in columns if name in rows.place and name not in counted]
    is_full = again.sum() > rows.n_row // 4 and n > 2
    if n >= N_EASY or is_full:
        if n % 2 == 0 and not fill(rows, columns, units, own, again, parents) and n >= N_ROUND - 2:
            few = f"is unique, and there are not enough values to tell {rows.n_row:,} rows apart"
            hint = f"give fewer with --rows {rows.table.name}=N, or more to its parents"
            fail(rows.source, rows.plan.line(columns), f"{rows.table.name}.({', '.join(columns)}) {few}; {hint}")
        return
    for name in own:
        rows.place[name] = np.where(again, _other_places(rows, name, n, len(columns) > 1), rows.place[name])
    rows.set_codes(parents)
    for i in units:
        redraw(rows, i, again, parents, is_wide=n > N_EASY // 2)


def _other_places(rows: TableRows, name: str, n: int, is_shared: bool) -> Rows:
    """Numbers of values for all rows: those of other rows, or any in the reach of these, and twice as far."""
    place, size = rows.place[name], rows.domain[name].size
    if is_shared and n < N_EASY // 2:
        return place[rows.rng.integers(0, rows.n_row, rows.n_row)]
    return rows.rng.integers(0, min(size, 2 * (int(place.max()) + rows.n_row)), rows.n_row)


def _put_in_order(rows: TableRows, order: Order, parents: Parents) -> bool:
    """Change the rows that are in the wrong order; return whether there are any.

    Raises:
        DatabaseError: there is no way.
    """
    sign = "<" if order.is_strict else "<="
    what = f"{rows.table.name}: CHECK ({order.low} {sign} {order.high})"
    known = (rows.codes[order.low].code >= 0) & (rows.codes[order.high].code >= 0)
    counted = {column.name for column in rows.plan.counted}
    places = rows.place[order.low][known], rows.place[order.high][known]
    domains = rows.domain[order.low], rows.domain[order.high]
    found = put_in_order(domains, places, order.is_strict, (order.low not in counted, order.high not in counted))
    if found is None:
        fail(rows.source, order.line, f"{what}: the ranges of the columns leave too little room")
    rows.place[order.low][known], rows.place[order.high][known] = found
    rows.set_codes(parents)
    return not all(np.array_equal(before, after) for before, after in zip(places, found, strict=True))
