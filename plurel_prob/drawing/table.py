"""From numbers of values and rows of parents to data frames."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.drawing.keys import Parents, set_dependent, set_linked
from plurel_prob.drawing.rows import TableRows
from plurel_prob.drawing.satisfy import satisfy

Rows = Int64[np.ndarray, " row"]


def set_rows(rows: TableRows, drawn: Mapping[int, Rows], parents: Parents, *, can_drop: bool) -> Rows:
    """Set all keys of a table but those to later tables, and make its rows as declared.

    Args:
        rows: the table, with its features.
        drawn: rows of parents that the program drew, of each linked key.
        parents: codes of the columns of earlier tables.
        can_drop: whether rows that cannot be told apart may be left out.

    Returns:
        The new number of each row; -1 for those that are left out.
    """
    rows.set_codes(parents)
    for i in rows.plan.linked:
        set_linked(rows, i, drawn[i], parents)
    for i in (*rows.plan.joined, *rows.plan.inner):
        set_dependent(rows, i, parents)
    return satisfy(rows, (*rows.plan.linked, *rows.plan.joined, *rows.plan.inner), parents, can_drop=can_drop)


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
