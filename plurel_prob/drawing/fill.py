"""Combinations of values that no row has, for rows that could not be told apart otherwise."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool

from plurel_prob.drawing.keys import Parents, asked_codes, complete
from plurel_prob.drawing.rows import TableRows

MAX_LISTED = 4_000_000
OWN, PARENT = "value ", "parent "  # what a column of the list has: numbers of values, or rows of the parent


def fill(
    rows: TableRows,
    columns: tuple[str, ...],
    units: Sequence[int],
    own: Sequence[str],
    again: Bool[np.ndarray, " row"],
    parents: Parents,
) -> bool:
    """Give rows combinations of values and parents that no other row has; return whether there are enough.

    Columns that cannot change, as another key sets them, stay: of combinations, rows take those that agree with them.

    Args:
        rows: the table.
        columns: that are to tell rows apart.
        units: keys that can change.
        own: columns with values of their own that can change.
        again: the rows.
        parents: codes of the columns of other tables.
    """
    listed = _combinations(rows, columns, units, own, parents)
    if listed is None:
        return True  # too many to list: values at random will do
    fixed = [name for name in columns if name not in listed]
    codes = pd.DataFrame({name: rows.codes[name].code for name in columns})
    group = codes[fixed].groupby(fixed, sort=False).ngroup().to_numpy() if fixed else np.zeros(rows.n_row, np.int64)
    moving = [name for name in columns if name in listed]
    number = pd.Series(np.arange(len(listed)), index=pd.MultiIndex.from_frame(listed[moving]))
    number = number[~number.index.duplicated()]
    taken = number.reindex(pd.MultiIndex.from_frame(codes[moving])).to_numpy(np.float64)
    chosen = np.full(rows.n_row, -1)
    order = np.argsort(group[again], kind="stable")
    places = np.flatnonzero(again)[order]
    for part in np.split(places, np.flatnonzero(np.diff(group[places])) + 1):
        others = taken[(group == group[part[0]]) & ~again]
        free = np.setdiff1d(number.to_numpy(), others[~np.isnan(others)].astype(np.int64))
        if len(free) < len(part):
            return False
        chosen[part] = rows.rng.permutation(free)[: len(part)]
    for name in own:
        rows.place[name][again] = listed[OWN + name].to_numpy()[chosen[again]]
    for i in units:
        rows.parent_row[i][again] = listed[PARENT + str(i)].to_numpy()[chosen[again]]
    rows.set_codes(parents)
    return True


def _combinations(
    rows: TableRows, columns: tuple[str, ...], units: Sequence[int], own: Sequence[str], parents: Parents
) -> pd.DataFrame | None:
    """List all values of columns, with the rows of parents that give them; None if there are too many."""
    parts = [
        pd.DataFrame({name: np.arange(rows.domain[name].size), OWN + name: np.arange(rows.domain[name].size)})
        for name in own
        if rows.domain[name].size <= MAX_LISTED
    ]
    if len(parts) < len(own):
        return None
    for i in units:
        key, able = rows.key(i), complete(rows, i, parents)
        asked = {name: part[able] for name, part in zip(key.columns, asked_codes(rows, i, key.columns, parents), strict=True)}
        parts.append(pd.DataFrame(asked | {PARENT + str(i): able}))
    listed: pd.DataFrame | None = None
    for part in parts:
        if listed is None:
            listed = part
            continue
        shared = [name for name in listed if name in part]
        if not shared and len(listed) * len(part) > MAX_LISTED:
            return None
        listed = listed.merge(part, on=shared) if shared else listed.merge(part, how="cross")
        if len(listed) > MAX_LISTED:
            return None
    return pd.DataFrame() if listed is None else listed
