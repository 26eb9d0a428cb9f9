"""Rows of parents: those that the program drew, those that agree with other keys, and those of a table's own rows."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int64

from plurel_prob.declared.text import fail
from plurel_prob.drawing.rows import Codes, TableRows, matching, recode

Rows = Int64[np.ndarray, " row"]
Able = Int64[np.ndarray, " able"]
Parents = Mapping[str, Codes]


def complete(rows: TableRows, i: int, parents: Parents) -> Able:
    """Rows of a key's parent that it can refer to: no column that it asks for is missing. Of its own table, all rows."""
    key = rows.key(i)
    if key.parent == rows.table.name and not set(key.parent_columns) <= set(rows.codes):
        return np.arange(rows.n_row)
    there = rows.codes if key.parent == rows.table.name else parents[key.parent]
    return np.flatnonzero(np.all([there[name].code >= 0 for name in key.parent_columns], axis=0))


def set_linked(rows: TableRows, i: int, drawn: Rows, parents: Parents) -> None:
    """Take the rows that the program drew; where these cannot be referred to, others, each with the same chance."""
    able, key = complete(rows, i, parents), rows.key(i)
    rows.able[i] = able
    _set_filler(rows, i, able)
    is_able = np.isin(drawn, able)
    rows.parent_row[i] = np.where(is_able, drawn, rows.filler[i] if len(able) else -1)
    rows.set_codes(parents)
    if not len(able) and not rows.may_be_missing(i):
        fail(rows.source, key.line, f"{rows.table.name}.({', '.join(key.columns)}): {key.parent} has no row to refer to")
    lose_some(rows, i, parents)


def _set_filler(rows: TableRows, i: int, able: Able) -> None:
    rows.filler[i] = able[rows.rng.integers(0, len(able), rows.n_row)] if len(able) else np.zeros(rows.n_row, np.int64)


def lose_some(rows: TableRows, i: int, parents: Parents) -> None:
    """Let a key that may be missing be so at random."""
    if rows.may_be_missing(i):
        rows.parent_row[i] = np.where(rows.rng.random(rows.n_row) < rows.missing_rate, -1, rows.parent_row[i])
        rows.set_codes(parents)


def set_dependent(rows: TableRows, i: int, parents: Parents) -> None:
    """Draw the rows of a key that shares columns, or that is one to the table itself."""
    _set_filler(rows, i, complete(rows, i, parents))
    rows.parent_row[i] = np.full(rows.n_row, -1)
    rows.set_codes(parents)
    redraw(rows, i, np.ones(rows.n_row, bool), parents)
    lose_some(rows, i, parents)


def redraw(rows: TableRows, i: int, chosen: Bool[np.ndarray, " row"], parents: Parents, *, is_wide: bool = False) -> None:
    """Draw the parents of some rows anew: among those that agree with the columns that other keys set, or that the table has.

    Without such columns, a row of a table's own is an earlier one, itself for the first; with ``is_wide`` any.
    """
    key, shared, u = rows.key(i), rows.shared(i), rows.rng.random(rows.n_row)
    is_inner, able = key.parent == rows.table.name, complete(rows, i, parents)
    if shared:
        asked = asked_codes(rows, i, shared, parents)
        is_able = np.isin(np.arange(len(asked[0])), able)
        new = matching([rows.codes[name].code for name in shared], [np.where(is_able, part, -2) for part in asked], u)
    elif is_inner and not is_wide:
        new = np.floor(u * np.maximum(np.arange(rows.n_row), 1)).astype(np.int64)
        new = np.where(np.isin(new, able), new, -1)
        if rows.may_be_missing(i):
            new[:1] = -1  # it has no earlier row
    else:
        new = able[np.minimum((u * len(able)).astype(np.int64), len(able) - 1)] if len(able) else np.full(rows.n_row, -1)
    rows.parent_row[i] = np.where(chosen, new, rows.parent_row[i])
    rows.set_codes(parents)


def asked_codes(rows: TableRows, i: int, names: Sequence[str], parents: Parents) -> list[np.ndarray]:
    """Codes of the columns of a key's parent that some columns of the key stand for, in the numbering of these."""
    key = rows.key(i)
    there = rows.codes if key.parent == rows.table.name else parents[key.parent]
    return [recode(there[key.parent_columns[key.columns.index(name)]], rows.codes[name]) for name in names]


def disagreeing(rows: TableRows, i: int, parents: Parents) -> Bool[np.ndarray, " row"]:
    """Rows whose key, none of its columns being missing, has no parent, or one that does not agree with the shared columns."""
    known = np.all([rows.codes[name].code >= 0 for name in rows.key(i).columns], axis=0)
    row, shared = rows.parent_row[i], rows.shared(i)
    asked = asked_codes(rows, i, shared, parents)
    differs = [rows.codes[name].code != part[np.maximum(row, 0)] for name, part in zip(shared, asked, strict=True)]
    return known & ((row < 0) | np.any([np.zeros(rows.n_row, bool), *differs], axis=0))
