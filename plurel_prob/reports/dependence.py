r"""How much two columns tell about each other, numbers and categories alike.

.. math:: D(X, Y) = \frac{I(X; Y)}{\sqrt{H(X) H(Y)}}

of cells: a number's is its quantile, of eight at most, any other value's is the value, if it is among the 32 most common ones;
the rest shares a cell, and what is missing has another. Entropies are those of the counts plus :math:`(m - 1) / 2n` for :math:`m`
cells that occur among :math:`n` rows (Miller, 1955): so independent columns have about 0 in short tables, too, and
:math:`D(X, X) = 1`.
"""

import numpy as np
import pandas as pd

N_ROW = 4_000  # rows that it is estimated from
N_QUANTILE, N_CATEGORY = 8, 32
ROWS_PER_QUANTILE = 20
SEED = 0


def sampled(frame: pd.DataFrame) -> pd.DataFrame:
    """At most 4,000 rows, always the same ones."""
    if len(frame) <= N_ROW:
        return frame
    rows = np.sort(np.random.default_rng(SEED).choice(len(frame), N_ROW, replace=False))
    return frame.iloc[rows]


def cells(column: pd.Series) -> np.ndarray:
    """Cell of every row: 0, 1, ..."""
    kind = column.dtype
    is_number = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
    if is_number or pd.api.types.is_datetime64_any_dtype(kind):
        rank = column.rank(method="average").to_numpy(dtype=float, na_value=np.nan)
        n = int(np.isfinite(rank).sum())
        n_quantile = int(np.clip(len(column) // ROWS_PER_QUANTILE, 2, N_QUANTILE))
        cell = np.where(np.isfinite(rank), np.floor(np.nan_to_num(rank - 0.5) * n_quantile / max(n, 1)), -1)
        return np.unique(cell, return_inverse=True)[1]
    code, values = pd.factorize(column)
    common = np.argsort(-np.bincount(code[code >= 0], minlength=len(values)), kind="stable")[:N_CATEGORY]
    place = np.full(len(values) + 1, N_CATEGORY)
    place[common] = np.arange(len(common))
    place[-1] = N_CATEGORY + 1  # where the code is -1: missing
    return np.unique(place[code], return_inverse=True)[1]


def entropy(count: np.ndarray) -> float:
    """Entropy of counts in nats, with Miller's correction."""
    count = count[count > 0]
    n = count.sum()
    return float(np.log(n) - (count * np.log(count)).sum() / n + (len(count) - 1) / (2 * n)) if n else 0.0


def dependence(one: np.ndarray, other: np.ndarray) -> float:
    """Dependence of two columns, given as cells; 0 where one of them is constant."""
    of_one, of_other = entropy(np.bincount(one)), entropy(np.bincount(other))
    if len(one) == 0 or one.max() == 0 or other.max() == 0:
        return 0.0
    both = entropy(np.bincount(one * (other.max() + 1) + other))
    return float(np.clip((of_one + of_other - both) / np.sqrt(of_one * of_other), 0, 1))


def dependence_matrix(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Dependence of all pairs of columns, shape (column, column)."""
    rows = sampled(frame[columns])
    cell = [cells(rows[column]) for column in columns]
    result = np.eye(len(columns))
    for i in range(len(columns)):
        for j in range(i):
            result[i, j] = result[j, i] = dependence(cell[i], cell[j])
    return result
