"""Small made-up tasks: a flag, a number, three classes."""

import numpy as np

from plurel_prob.rfm.rows.network import BINARY, CLASSES, NUMBER, RowBatch, RowNetworkSize

TINY = RowNetworkSize(2, 16, 2, 32, feature=8, n_pool=4)


def made_up(seed: int = 0, n_context: int = 40, n_query: int = 9, n_feature: int = 6) -> RowBatch:
    """One task of each kind; feature 3 is all missing, feature 4 constant, the others have missing and equal values."""
    rng, n_row = np.random.default_rng(seed), n_context + n_query
    x = rng.normal(size=(3, n_row, n_feature)).astype(np.float32)
    x[:, :, 2] = np.round(x[:, :, 2])
    number = x[1, :, 0] + 0.5 * x[1, :, 2] + 0.3 * rng.normal(size=n_row)
    y = np.stack([x[0, :, 0] > 0, number, np.digitize(x[2, :, 1], [-0.5, 0.5])]).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, :, 3], x[:, :, 4] = np.nan, 1.0
    kind = np.array([BINARY, NUMBER, CLASSES])
    return RowBatch(x[:, :n_context], y[:, :n_context], x[:, n_context:], y[:, n_context:], kind)
