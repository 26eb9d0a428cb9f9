"""In which order rows are inserted, so that what they refer to is there."""

from collections.abc import Sequence

import numpy as np

from plurel_prob.declared import DeclaredSchema, DeclaredTable, ForeignKey


def parents_first(declared: DeclaredSchema) -> tuple[list[DeclaredTable], list[tuple[str, ForeignKey]]]:
    """Order tables so that each comes after those that it refers to.

    Returns:
        The tables, and the keys, with their tables, that refer to a later one: of tables that refer to each other in a circle,
        those of the one with fewest.
    """
    left, done, order, broken = list(declared.tables), set[str](), list[DeclaredTable](), list[tuple[str, ForeignKey]]()
    while left:
        waits = {table.name: {key.parent for key in table.foreign_keys} - done - {table.name} for table in left}
        n_above = {name: (len(_reached(waits, name)), len(waits[name])) for name in waits}
        first = min(n_above, key=n_above.__getitem__)
        table = declared.table(first)
        broken += [(first, key) for key in table.foreign_keys if key.parent in waits[first]]
        order.append(table)
        done.add(first)
        left.remove(table)
    return order, broken


def _reached(waits: dict[str, set[str]], name: str) -> set[str]:
    """A table, those that it waits for, and those that these wait for."""
    found, todo = {name}, [name]
    while todo:
        new = waits[todo.pop()] - found
        found |= new
        todo += new
    return found


def depths(parents: Sequence[np.ndarray], n_row: int) -> np.ndarray | None:
    """How many rows of the same table are above each row, along the longest of its ways.

    Args:
        parents: row that each row refers to, -1 where it refers to none, for each key of the table to itself.
        n_row: number of rows.

    Returns:
        Depth of each row; None if rows refer to each other in a circle.
    """
    n_left = np.sum([parent >= 0 for parent in parents], axis=0)
    sorted_rows = [np.argsort(parent, kind="stable") for parent in parents]
    starts = [np.searchsorted(parent[rows], np.arange(n_row + 1)) for parent, rows in zip(parents, sorted_rows, strict=True)]
    depth, ready, level = np.full(n_row, -1), np.flatnonzero(n_left == 0), 0
    while len(ready):
        depth[ready] = level
        below = [rows[_ranges(start[ready], start[ready + 1])] for rows, start in zip(sorted_rows, starts, strict=True)]
        children, n_done = np.unique(np.concatenate(below), return_counts=True)
        n_left[children] -= n_done
        ready, level = children[n_left[children] == 0], level + 1
    return None if (depth < 0).any() else depth


def _ranges(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Numbers from each first to before each last, one range after the other."""
    length = last - first
    before = np.cumsum(length) - length
    return np.arange(length.sum()) + np.repeat(first - before, length)
