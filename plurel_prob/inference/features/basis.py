r"""What a column is as a cause: a few features whose random linear combinations are the effects of compact mechanisms.

Effects of compact mechanisms are random functions of eight kinds. With the kind unknown, an effect :math:`f` of one number has
the covariance :math:`k(u, v) = \frac{1}{8} \sum_\text{kinds} E f(u) f(v)`, and the Karhunen-Loeve expansion under a standard
normal cause, :math:`f(u) = \sum_k \sqrt{\lambda_k} \psi_k(u) c_k` with uncorrelated :math:`c_k` of unit variance. Inference takes
the first six terms, about nine tenths of the variance, and normal :math:`c_k`: the Gaussian process with the same covariance.
"""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, Float, Num

from plurel_prob.distributions.mechanisms.effects import DIM, EFFECTS, squash

N_BASIS = 6
N_EFFECT = 256  # draws of each kind, for the covariance
BOUND, N_POINT = 3.5, 71


class Basis(NamedTuple):
    """Functions of a number, tabulated; constant beyond the grid, as effects saturate."""

    grid: Float[np.ndarray, " point"]
    value: Float[np.ndarray, "basis point"]  # sqrt(lambda_k) psi_k


@cache
def effect_basis() -> Basis:
    """Return the leading terms of effects of one number, centred under the standard normal law (an intercept has the mean)."""
    grid = np.linspace(-BOUND, BOUND, N_POINT)
    weight = np.exp(-0.5 * grid**2)
    weight /= weight.sum()
    effect = np.asarray(_effects(jnp.asarray(grid, jnp.float32)), float)
    effect -= (effect @ weight)[:, None]
    root = np.sqrt(weight)
    variance, vector = np.linalg.eigh(root[:, None] * (effect.T @ effect / len(effect)) * root)
    first = slice(None, -N_BASIS - 1, -1)
    value = np.sqrt(variance[first, None]) * vector.T[first] / root
    return Basis(grid, value * np.sign(value[:, -1:]))


@jax.jit
def _effects(grid: Float[Array, " point"]) -> Float[Array, "effect point"]:
    """Draws of all kinds of effects of a number."""
    point = jnp.zeros((DIM, len(grid))).at[0].set(squash(grid))
    keys = random.split(random.key(0), (len(EFFECTS), N_EFFECT))
    drawn = [
        jax.vmap(lambda key, effect=effect: effect(key, point, jnp.array(1)))(keys[kind])
        for kind, effect in enumerate(EFFECTS.values())
    ]
    return jnp.concatenate(drawn).reshape(-1, len(grid))


@cache
def contrasts(n_category: int) -> Float[np.ndarray, "category contrast"]:
    """Orthonormal contrasts of categories (Helmert): standard normal weights give independent effects, less their mean."""
    place = np.arange(1, n_category)
    result = np.triu(np.ones((n_category, n_category - 1)))
    result[place, place - 1] = -place
    return result / np.sqrt(place * (place + 1))


def features(value: Num[Array, " row"], n_category: int) -> Float[Array, "row feature"]:
    """Return the features of a column: basis functions of a number (``n_category`` 0), contrasts of a category."""
    if n_category:
        return jnp.asarray(contrasts(n_category), jnp.float32)[value.astype(jnp.int32)]
    basis = effect_basis()
    grid, table = jnp.asarray(basis.grid, jnp.float32), jnp.asarray(basis.value, jnp.float32)
    return jax.vmap(lambda line: jnp.interp(value, grid, line), out_axes=-1)(table)
