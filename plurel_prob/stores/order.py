"""In which order rows of a table are inserted, so that what they refer to is there."""

from collections.abc import Sequence

import numpy as np


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
