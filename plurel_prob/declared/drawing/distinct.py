"""Rows that are told apart by some of their columns."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

Rows = Int64[np.ndarray, " row"]
N_TRY = 40
MAX_LISTED = 4_000_000


def distinct(
    parts: Sequence[Rows], sizes: Sequence[int], can_move: Sequence[bool], rng: np.random.Generator
) -> list[Rows] | None:
    """Change some rows, so that no two are the same in all parts; None: there is no way.

    The first of rows that are the same stays. The others get, where a part can move, values of other rows, then any values in
    the reach of these, and twice as far; then, if all combinations can be listed, free ones.

    Args:
        parts: a number from 0 to ``size - 1`` for each row.
        sizes: values of each part.
        can_move: whether a part can change.
        rng: for what changes.
    """
    found, n = [part.copy() for part in parts], len(parts[0])
    order = np.argsort(~is_first(parts), kind="stable")  # rows that stay come before those that may change
    for attempt in range(N_TRY):
        again = order[~is_first([part[order] for part in found])]
        if not len(again):
            return found
        for part, original, size, moves in zip(found, parts, sizes, can_move, strict=True):
            if moves:
                part[again] = (
                    original[rng.integers(0, n, len(again))] if attempt < N_TRY // 2 else rng.integers(0, size, len(again))
                )
    is_free = np.zeros(n, bool)
    is_free[again] = True
    return _fill(found, sizes, can_move, ~is_free, rng)


def is_first(parts: Sequence[Rows]) -> Bool[np.ndarray, " row"]:
    """Whether no earlier row is the same in all parts."""
    _, code = np.unique(np.stack(parts, 1), axis=0, return_inverse=True)
    first = np.zeros(len(code), bool)
    first[np.unique(code.reshape(-1), return_index=True)[1]] = True
    return first


def _fill(
    found: list[Rows], sizes: Sequence[int], can_move: Sequence[bool], stays: Bool[np.ndarray, " row"], rng: np.random.Generator
) -> list[Rows] | None:
    """Give the rows that cannot stay combinations that no other row has."""
    moving = [i for i, moves in enumerate(can_move) if moves]
    n_combination = int(np.prod([float(sizes[i]) for i in moving])) if moving else 0
    if not 0 < n_combination <= MAX_LISTED:
        return None
    shape = [sizes[i] for i in moving]
    fixed = [part for part, moves in zip(found, can_move, strict=True) if not moves]
    code = np.ravel_multi_index([found[i] for i in moving], shape)
    group = np.unique(np.stack(fixed, 1), axis=0, return_inverse=True)[1].reshape(-1) if fixed else np.zeros(len(code), np.int64)
    for g in np.unique(group[~stays]):
        mine = group == g
        free = np.setdiff1d(np.arange(n_combination), code[mine & stays])
        again = np.flatnonzero(mine & ~stays)
        if len(free) < len(again):
            return None
        code[again] = rng.choice(free, len(again), replace=False)
    for i, values in zip(moving, np.unravel_index(code, shape), strict=True):
        found[i] = values.astype(np.int64)
    return found


def ranked(place: np.ndarray, size: int) -> Rows:
    """Different numbers from 0 to ``size - 1`` for all rows, in the order of their places."""
    rank = np.empty(len(place), np.int64)
    rank[np.argsort(place, kind="stable")] = np.arange(len(place))
    return (rank * float(size) // len(place)).astype(np.int64) if size > 2**30 else rank * size // len(place)
