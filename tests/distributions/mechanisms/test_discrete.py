"""Warps to whole numbers, grids and labels, against their formulas in 64 bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from plurel_prob.distributions.mechanisms.discrete import DISCRETE, MORE_LABELS, N_LABEL, n_label
from plurel_prob.distributions.mechanisms.pilots import Pilot, TransformInputs

U = (np.arange(4000) + 0.5) / 4000
Z = stats.norm.ppf(U)
SHAPES = [(0.0, 0.0), (0.2, 0.9), (0.6, 0.4), (1.0, 1.0)]


def between(low, high, point):
    return low * (high / low) ** point


def amounts(s, t):
    size = 10 ** (4.5 * s - 1) * np.exp(between(0.4, 2, t) * np.clip(Z, -4, 4))
    step = 10 ** (np.floor(4.5 * s - 1) - 2)
    return np.round(size / step) * step


def labels(low, high, steepest):
    def quantiles(s, t):
        n, a = min(np.floor(between(low, high + 1, s) + 1e-9), high), steepest * t
        edge = np.arange(1, n + 2)
        weight = np.log(edge[1:] / edge[:-1]) if a == 1 else (edge[1:] ** (1 - a) - edge[:-1] ** (1 - a)) / (1 - a)
        return np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), U), n - 1)

    return quantiles


EXPECTED = {
    "count": lambda s, t: np.floor(between(0.7, 300, s) * np.exp(between(0.3, 1.5, t) * np.clip(Z, -4, 4))),
    "mostly_zero": lambda s, t: np.where(
        U > 0.1 + 0.8 * s,
        1 + np.floor(-np.log1p(-np.clip((U - 0.1 - 0.8 * s) / (0.9 - 0.8 * s), 0, 1)) * between(2, 100, t)),
        0,
    ),
    "grade": lambda s, t: np.minimum(
        1 + np.floor(np.floor(between(4, 61, s)) * U ** between(1, 6, t)), np.floor(between(4, 61, s))
    ),
    "amount": amounts,
    "measure": lambda s, t: np.round(between(5, 2000, s) * np.maximum(1 + between(0.03, 0.5, t) * np.clip(Z, -4, 4), 0)),
    "percentage": lambda s, t: np.round(100 * U ** between(0.3, 3, t), 0 if s < 0.5 else 1),
    "year": lambda s, t: (
        1991 + np.floor(36 * s) - np.floor(between(3, 81, t)) + np.floor(np.floor(between(3, 81, t)) * np.sqrt(U))
    ),
    "label": labels(3, 60, 4.0),
    "flag": lambda s, t: (U > 0.4 + 0.55 * s).astype(float),
    "code": lambda s, t: np.arange(4000.0),
    "name": labels(60, 10_000, 1.0),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_they_are_their_formulas(name):
    """But for a few numbers at steps, which rounding in 32 bits moves to the next."""
    pilot = Pilot(jnp.asarray(Z, jnp.float32), jnp.array(4000), jnp.zeros(()), jnp.ones(()))
    for s, t in SHAPES:
        shown = DISCRETE[name](
            pilot.value, pilot, TransformInputs(jnp.array([s, t], jnp.float32), jnp.zeros(4000), jnp.arange(4000))
        )
        expected = EXPECTED[name](s, t)
        is_same = np.isclose(shown, expected, rtol=1e-5, atol=1e-6)
        assert is_same.mean() > 0.99, (s, t, np.asarray(shown)[~is_same][:5], expected[~is_same][:5])
        assert np.abs(shown - expected).max() <= 1.01 * np.diff(np.unique(expected)).max(initial=0.0)


@pytest.mark.parametrize("name", N_LABEL)
def test_numbers_of_labels_are_even_in_logs(name):
    shape, (low, high) = np.linspace(0, 1, 1001, dtype=np.float32), N_LABEL[name]
    n = np.array([n_label(name, x) for x in shape])
    np.testing.assert_allclose(n, np.floor(between(low, high + 1, shape.astype(float)) + 1e-4), rtol=1e-3, atol=1)
    assert n[0] == low and n[-1] == high
    np.testing.assert_array_equal(n, low + np.searchsorted(MORE_LABELS[name], shape, side="right"))
    np.testing.assert_array_equal(n, jax.jit(jax.vmap(lambda x: n_label(name, x)))(shape))
