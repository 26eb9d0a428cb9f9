"""Random contexts, without a database behind them."""

import numpy as np

from plurel_prob.rfm.cells.contexts.batch import Batch
from plurel_prob.rfm.columns import BOOLEAN, TEXT


def random_batch(seed: int, n_context: int = 3, n_token: int = 32, n_text: int = 20) -> Batch:
    """Contexts of rows of one to five cells that refer to random other rows, the last tokens being padding."""
    rng, shape = np.random.default_rng(seed), (n_context, n_token)
    row, column = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
    parent = np.full((*shape, 4), -1, np.int32)
    for context in range(n_context):
        n_cell = int(rng.integers(n_token // 2, n_token + 1))
        row[context, :n_cell] = np.sort(np.minimum(rng.integers(0, n_cell // 2, n_cell), np.arange(n_cell)))
        column[context, :n_cell] = rng.integers(0, 6, n_cell)
        parents = np.where(rng.random((n_cell, 4)) < 0.3, rng.integers(0, n_cell // 2, (n_cell, 4)), -1)
        parent[context, :n_cell] = parents[row[context, :n_cell]]
    kind = np.where(row >= 0, rng.integers(0, 4, shape), -1).astype(np.int8)
    kind[:, 0] = rng.integers(0, TEXT, n_context)
    text = np.where(kind == TEXT, rng.integers(1, n_text, shape), 0).astype(np.int32)
    name = np.where(row >= 0, 1 + column, 0).astype(np.int32)
    value = np.where((kind >= 0) & (kind < TEXT), rng.normal(size=shape), 0).astype(np.float32)
    value[:, 0] = 0
    target = rng.normal(size=n_context).astype(np.float32)
    target = np.where(kind[:, 0] == 1, target > 0, target).astype(np.float32)
    is_masked = np.broadcast_to(np.arange(n_token) == 0, shape)
    masked = np.where(is_masked, target[:, None], 0).astype(np.float32)
    mean, std = np.zeros_like(target), np.ones_like(target)
    log_odds = np.where(kind == BOOLEAN, rng.normal(size=shape), 0).astype(np.float32)
    return Batch(kind, value, text, name, column, row, parent, log_odds, is_masked, masked, mean, std)
