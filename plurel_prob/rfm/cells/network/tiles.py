"""Which tiles of the attention matrices of a context have an entry: most have none, and are left out."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool, Int32
from numba import njit

from plurel_prob.rfm.cells.contexts.batch import Batch

TILE = 32  # tokens


class Tiles(NamedTuple):
    """Pairs (tile of queries, tile of keys) that hold every entry of the masks, for each context; -1 fills up.

    Attributes:
        column: pairs of the attention along columns, of tokens in ``order``.
        feature: pairs of the attention to features; swapped, they are those of the attention to neighbours.
        order: tokens by their columns.
    """

    column: Int32[np.ndarray, "context column_pair pair"]
    feature: Int32[np.ndarray, "context feature_pair pair"]
    order: Int32[np.ndarray, "context token"]


def tiles_of(batch: Batch, tile: int = TILE, n_pair: tuple[int, int] = (1, 1)) -> Tiles:
    """Find the tiles of a batch; at least ``n_pair`` places for pairs of columns and features.

    Numbers of places are powers of two and halves between them, so that few programs are compiled.

    Raises:
        ValueError: the context's length is no multiple of the tile's.
    """
    n_token = batch.row.shape[1]
    if n_token % tile:
        raise ValueError(f"the context's length, {n_token}, must be a multiple of {tile}")
    order = np.argsort(batch.column, axis=1, kind="stable").astype(np.int32)
    by_column = np.take_along_axis(batch.column, order, 1)
    column, feature = _column_tiles(by_column, tile), _feature_tiles(batch.row, batch.parent, tile)
    return Tiles(_pairs(column, n_pair[0]), _pairs(feature, n_pair[1]), order)


def _pairs(is_held: Bool[np.ndarray, "context query key"], at_least: int) -> Int32[np.ndarray, "context place pair"]:
    """List the tiles that are held, by their queries."""
    count = is_held.sum((1, 2))
    pairs = np.full((len(count), _rounded(max(int(count.max(initial=0)), at_least)), 2), -1, np.int32)
    context, query, key = np.nonzero(is_held)
    place = np.arange(len(context)) - np.repeat(np.cumsum(count) - count, count)
    pairs[context, place, 0], pairs[context, place, 1] = query, key
    return pairs


def _rounded(n: int) -> int:
    """Smallest of 1, 2, 3, 4, 6, 8, 12, 16, ... that is not less."""
    power = 1 << (n - 1).bit_length()
    return power * 3 // 4 if n <= power * 3 // 4 and power >= 4 else power


@njit(cache=True, nogil=True)
@no_type_check
def _column_tiles(column: np.ndarray, tile: int) -> np.ndarray:
    """Tiles of tokens sorted by column that share one."""
    n_context, n_token = column.shape
    held = np.zeros((n_context, n_token // tile, n_token // tile), np.bool_)
    for context in range(n_context):
        start = 0
        for token in range(n_token):
            if column[context, token] != column[context, start]:
                start = token
            if column[context, token] >= 0:  # the first token of its column in each tile sees and is seen
                for other in range(start // tile, token // tile + 1):
                    held[context, token // tile, other] = True
                    held[context, other, token // tile] = True
    return held


@njit(cache=True, nogil=True)
@no_type_check
def _feature_tiles(row: np.ndarray, parent: np.ndarray, tile: int) -> np.ndarray:
    """Tiles of a token's row and of the rows that it refers to: from the first token of a row to its last."""
    n_context, n_token = row.shape
    held = np.zeros((n_context, n_token // tile, n_token // tile), np.bool_)
    first, last = np.empty(n_token, np.int32), np.empty(n_token, np.int32)  # tile of a row's first and last token
    for context in range(n_context):
        first[:], last[:] = 0, -1
        for token in range(n_token):
            mine = row[context, token]
            if mine >= 0:
                if last[mine] < 0:
                    first[mine] = token // tile
                last[mine] = token // tile
        for token in range(n_token):
            mine = row[context, token]
            if mine < 0:
                continue
            for key in range(first[mine], last[mine] + 1):
                held[context, token // tile, key] = True
            for slot in range(parent.shape[2]):
                other = parent[context, token, slot]
                if other >= 0:
                    for key in range(first[other], last[other] + 1):
                        held[context, token // tile, key] = True
    return held
