"""From numbers of values and rows of parents to data frames."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.drawing.dates import Latest, latest_of, set_times, time_of
from plurel_prob.drawing.derived import agree, cover_owners, derive
from plurel_prob.drawing.keys import Parents, set_dependent, set_linked
from plurel_prob.drawing.rows import TableRows
from plurel_prob.drawing.satisfy import satisfy

Rows = Int64[np.ndarray, " row"]


def set_rows(
    rows: TableRows, drawn: Mapping[int, Rows], made: Mapping[str, TableRows], *, can_drop: bool, is_derived: bool
) -> Rows:
    """Set all keys of a table but those to later tables, and make its rows as declared.

    Args:
        rows: the table, with its features.
        drawn: rows of parents that the program drew, of each linked key.
        made: earlier tables.
        can_drop: whether rows that cannot be told apart may be left out.
        is_derived: whether columns that seem to follow from others do.

    Returns:
        The new number of each row; -1 for those that are left out.
    """
    parents = {name: other.codes for name, other in made.items()}
    rows.set_codes(parents)
    for i in rows.plan.linked:
        set_linked(rows, i, drawn[i], parents)
    number = np.arange(rows.n_row)
    if rows.plan.guesses is not None:
        if is_derived:
            cover_owners(rows)
            agree(rows, made)
        number = _in_order(rows, latest_of(rows, made))
        rows.set_codes(parents)
    for i in (*rows.plan.joined, *rows.plan.inner):
        set_dependent(rows, i, parents)
    keys = (*rows.plan.linked, *rows.plan.joined, *rows.plan.inner)
    for _ in range(2):  # some rows get other parents to satisfy all
        set_times(rows, latest_of(rows, made))
        if is_derived:
            derive(rows, made)
        rows.set_codes(parents)
        new = satisfy(rows, keys, parents, can_drop=can_drop)
        number = np.where(number < 0, -1, new[number])
        latest = latest_of(rows, made)
        rows.came = time_of(rows, latest)
        if (rows.came >= latest.any).all():
            break
    return number


def _in_order(rows: TableRows, latest: Latest) -> Rows:
    """Put rows in the order in which they came about, if they refer to rows with times; return their new numbers."""
    set_times(rows, latest)
    if not np.isfinite(latest.any).any():
        return np.arange(rows.n_row)
    return rows.reorder(np.argsort(time_of(rows, latest), kind="stable"))


def set_late_keys(rows: TableRows, parents: Parents) -> None:
    """Set the keys to later tables."""
    for i in rows.plan.late:
        set_dependent(rows, i, parents)
    satisfy(rows, rows.plan.late, parents, fixed=rows.plan.asked)


def frame_of(rows: TableRows, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the values of the columns that are set, from those of the parents' frames."""
    found: dict[str, pd.Series] = {}
    for name, place in rows.place.items():
        values = pd.Series(rows.domain[name].values(place))
        found[name] = values.mask(rows.missing[name]) if name in rows.missing else values
    for name, i in rows.origin.items():
        key = rows.key(i)
        asked = key.parent_columns[key.columns.index(name)]
        parent = found[asked] if key.parent == rows.table.name else frames[key.parent][asked]
        row = rows.parent_row[i]
        values = parent.take(np.where(row < 0, rows.filler[i], row)).reset_index(drop=True)
        is_missing = rows.codes[name].code < 0
        found[name] = values.mask(is_missing) if is_missing.any() else values
    return pd.DataFrame(found)
