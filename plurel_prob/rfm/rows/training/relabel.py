"""Random labels of rows, as functions of their features and noise: strong signal of many forms.

Sources: TabPFN's prior (Hollmann et al., 2022, arXiv:2207.01848) and TabForestPFN's (Breejen et al., 2024, arXiv:2405.13396) draw
features, too; here they are those of databases, and so are missing cells and dependence of columns.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from plurel_prob.rfm.rows.features import Kind

Columns = Float64[np.ndarray, "row column"]
Value = Float64[np.ndarray, " row"]
MAX_COLUMN = 8  # that a label depends on
SHARE_HISTORY, MAX_HISTORY = 0.4, 20  # of tasks that have earlier labels of the same entity; how many there are at most


class Relabelled(NamedTuple):
    """Labels, and features that were added.

    Attributes:
        kind: of the labels.
        y: labels.
        x: earlier labels of an entity as features: their mean and number; no column if there are none.
    """

    kind: Kind
    y: Float32[np.ndarray, " row"]
    x: Float32[np.ndarray, "row added"]


def relabelled(x: Float32[np.ndarray, "row feature"], has_classes: bool, rng: np.random.Generator) -> Relabelled:
    """Draw labels of rows: a function of a few features, which explains a share of their variance, and noise; then warp or cut.

    Args:
        x: features.
        has_classes: whether labels are classes; otherwise they are flags or numbers.
        rng: randomness.
    """
    signal = standardised(_function(x, rng))
    share = rng.beta(2.0, 1.0)  # of the variance: 2/3 on average
    scale = np.sqrt(1 - share) * (np.exp(0.7 * standardised(_function(x, rng))) if rng.random() < 0.2 else 1.0)
    level = np.sqrt(share) * signal
    history = _history(level, np.sqrt(1 - share), rng) if rng.random() < SHARE_HISTORY else np.zeros((len(x), 0))
    value = level + scale * _noise(len(x), rng)
    kind: Kind = "number"
    if not has_classes and rng.random() < 0.5:
        y = _warped(value, rng)
    else:
        kind, y = cut_up(value, has_classes, rng)
    return Relabelled(kind, y.astype(np.float32), history.astype(np.float32))


def cut_up(value: np.ndarray, has_classes: bool, rng: np.random.Generator) -> tuple[Kind, Float32[np.ndarray, " row"]]:
    """Make flags or classes of numbers."""
    return ("classes", _classes(value, rng)) if has_classes else ("binary", _flag(value, rng))


def standardised(value: Value) -> Value:
    """Subtract the mean, divide by the standard deviation, keep within 4 of them."""
    return np.clip((value - value.mean()) / (value.std() + 1e-9), -4, 4)


def _noise(n: int, rng: np.random.Generator) -> Value:
    return rng.normal(size=n) if rng.random() < 0.7 else standardised(rng.standard_t(3, n))


def _history(level: Value, noise: float, rng: np.random.Generator) -> Columns:
    """Mean and number of earlier labels, which share the level but for a drift."""
    n = rng.poisson(rng.uniform(0.5, MAX_HISTORY) * rng.gamma(1.0, 1.0, len(level)))
    drift = rng.uniform(0, 0.7) * rng.normal(size=len(level))
    mean = level + drift + noise * rng.normal(size=len(level)) / np.sqrt(np.maximum(n, 1))
    return np.stack([np.where(n > 0, mean, np.nan), n], 1)


def _function(x: Float32[np.ndarray, "row feature"], rng: np.random.Generator) -> Value:
    """A function of some columns, or the sum of two."""
    n_column = min(x.shape[1], 1 + rng.geometric(0.3), MAX_COLUMN)
    columns = _prepared(x[:, rng.choice(x.shape[1], n_column, replace=False)], rng)
    value = FUNCTIONS[rng.integers(len(FUNCTIONS))](columns, rng)
    if rng.random() < 0.3:
        value = standardised(value) + rng.uniform(0.3, 1) * standardised(FUNCTIONS[rng.integers(len(FUNCTIONS))](columns, rng))
    return value


def _prepared(x: Float32[np.ndarray, "row column"], rng: np.random.Generator) -> Columns:
    """Columns on a scale of their own: ranks or standardised values; what is missing is a number, too."""
    columns = []
    for column in x.astype(np.float64).T:
        known = np.flatnonzero(~np.isnan(column))
        value = np.full(len(column), rng.normal())
        if len(known):
            place = np.searchsorted(np.sort(column[known]), column[known]) / len(known)
            value[known] = 3.4 * (place - 0.5) if rng.random() < 0.6 else standardised(column[known])
        columns.append(value)
    return np.stack(columns, 1)


def _linear(z: Columns, rng: np.random.Generator) -> Value:
    """A sum of warped columns."""
    weights = rng.normal(size=z.shape[1]) * rng.gamma(1.0, 1.0, z.shape[1])
    return np.stack([WARPS[rng.integers(len(WARPS))](column) for column in z.T], 1) @ weights


def _network(z: Columns, rng: np.random.Generator) -> Value:
    """A random network with one or two hidden layers."""
    hidden = z
    for _ in range(rng.integers(1, 3)):
        width = int(rng.integers(4, 17))
        weights = rng.normal(size=(hidden.shape[1], width)) * rng.uniform(0.5, 2) / np.sqrt(hidden.shape[1])
        hidden = WARPS[rng.integers(len(WARPS))](hidden @ weights + rng.normal(size=width))
    return hidden @ rng.normal(size=hidden.shape[1])


def _trees(z: Columns, rng: np.random.Generator) -> Value:
    """A sum of random trees: oblivious ones, whose levels each cut one column at the value of a row."""
    value = np.zeros(len(z))
    for _ in range(rng.integers(1, 6)):
        depth = int(rng.integers(1, 5))
        columns = rng.integers(z.shape[1], size=depth)
        cuts = z[rng.integers(len(z), size=depth), columns]
        leaf = (z[:, columns] > cuts) @ (1 << np.arange(depth))
        value += rng.normal(size=1 << depth)[leaf]
    return value


def _product(z: Columns, rng: np.random.Generator) -> Value:
    """A product of two warped columns beside one of them."""
    one, other = (WARPS[rng.integers(len(WARPS))](z[:, rng.integers(z.shape[1])]) for _ in range(2))
    return one * other + rng.uniform(0, 1) * one


def _levels(z: Columns, rng: np.random.Generator) -> Value:
    """An effect for each of up to 12 intervals of a column, and a slope of another that depends on it."""
    place = np.searchsorted(np.sort(rng.choice(z[:, rng.integers(z.shape[1])], rng.integers(2, 12))), z[:, 0])
    effect, slope = rng.normal(size=(2, place.max() + 1))
    return effect[place] + rng.uniform(0, 1) * slope[place] * z[:, -1]


FUNCTIONS = (_linear, _linear, _network, _trees, _trees, _product, _levels)
WARPS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda z: z,
    np.tanh,
    lambda z: np.maximum(z, 0),
    lambda z: np.abs(z) - 1,
    lambda z: np.sin(2 * z),
    lambda z: np.exp(-(z**2)),
    lambda z: (z > 0.3).astype(np.float64),
    lambda z: np.sign(z) * z**2,
)


def _warped(value: Value, rng: np.random.Generator) -> Value:
    """A number: as it is, skewed, heavy in the tails, a rank, a count, or 0 for many."""
    form = rng.integers(6)
    if form == 0:
        return value
    if form == 1:
        return np.exp(rng.uniform(0.3, 1.2) * value)
    if form == 2:
        return np.sign(value) * np.abs(value) ** rng.uniform(1, 2)
    if form == 3:
        return np.argsort(np.argsort(value)) / len(value)
    if form == 4:
        return rng.poisson(np.exp(np.clip(rng.uniform(-1, 2) + value, -5, 5))).astype(np.float64)
    return np.maximum(value - np.quantile(value, rng.uniform(0.1, 0.7)), 0)


def _flag(value: np.ndarray, rng: np.random.Generator) -> Float32[np.ndarray, " row"]:
    return (value > np.quantile(value, rng.uniform(0.05, 0.95))).astype(np.float32)


def _classes(value: np.ndarray, rng: np.random.Generator) -> Float32[np.ndarray, " row"]:
    """Classes without an order: intervals, numbered at random."""
    n_class = int(rng.integers(3, 11))
    shares = rng.dirichlet(np.full(n_class, 2.0))
    place = np.searchsorted(np.quantile(value, np.cumsum(shares)[:-1]), value)
    return rng.permutation(n_class)[place].astype(np.float32)
