"""From parent rows to columns: keys that share columns, keys within a table, and keys that are missing."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from plurel_prob.declared.schema import DeclaredTable, ForeignKey
from plurel_prob.declared.text import fail

Rows = Int64[np.ndarray, " row"]


def joined_parents(
    child: pd.DataFrame, key: ForeignKey, shared: list[str], parent: pd.DataFrame, rng: np.random.Generator
) -> Rows:
    """Draw parents among those that agree with the columns that other keys have set; -1: there is none.

    Args:
        child: the columns of the child that are set.
        key: the key.
        shared: its columns that are set.
        parent: rows of the parent.
        rng: of the choice.
    """
    there = [key.parent_columns[key.columns.index(name)] for name in shared]
    values = parent[there].set_axis(range(len(there)), axis=1).astype(object)
    wanted = child[shared].set_axis(range(len(there)), axis=1).astype(object)
    both = pd.concat([values, wanted], ignore_index=True)
    code = both.groupby(list(range(len(there))), dropna=False, sort=False).ngroup().to_numpy(np.int64)
    of_parent, of_child = code[: len(parent)], code[len(parent) :]
    order = np.argsort(of_parent, kind="stable")
    first = np.searchsorted(of_parent[order], of_child, "left")
    n = np.searchsorted(of_parent[order], of_child, "right") - first
    chosen = first + np.minimum((rng.random(len(n)) * n).astype(np.int64), np.maximum(n - 1, 0))
    return np.where((n > 0) & ~wanted.isna().any(axis=1).to_numpy(bool), order[np.minimum(chosen, len(order) - 1)], -1)


def copy_key(
    frame: dict[str, pd.Series],
    key: ForeignKey,
    rows: Rows,
    parent: pd.DataFrame,
    taken: set[str],
    is_missing: Bool[np.ndarray, " row"],
) -> None:
    """Set the columns of a key from the rows of its parent, but for those that are set already."""
    for name, there in zip(key.columns, key.parent_columns, strict=True):
        if name not in taken:
            values = parent[there].take(np.maximum(rows, 0)).reset_index(drop=True)
            frame[name] = values.mask(is_missing) if is_missing.any() else values


def may_be_missing(table: DeclaredTable, key: ForeignKey, taken: set[str]) -> bool:
    """Whether rows can be without this key: by a column of it that is nullable and that no other key has set."""
    return any(table.column(name).is_nullable and name not in taken for name in key.columns)


def check_found(table: DeclaredTable, key: ForeignKey, rows: Rows, nullable: bool, source: str) -> None:
    """Refuse a key that has no parent to agree with the others.

    Raises:
        DatabaseError: there is a row without one.
    """
    if (rows < 0).any() and not nullable:
        what = f"no row of {key.parent} agrees with the other keys of the row"
        hint = "make the key nullable, or give its parent more rows with --rows"
        fail(source, key.line, f"{table.name}.({', '.join(key.columns)}): {what}; {hint}")
