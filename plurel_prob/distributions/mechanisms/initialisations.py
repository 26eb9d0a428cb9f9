"""Initialisations of weight matrices (PluRel, arXiv:2602.04029, stage 3). To add one, write a function and a line below.

The formulas are PyTorch's, applied to the matrix of shape (in, out) as it stands: "fan in" is its second axis, "fan out" its
first. A matrix may be padded: only the first ``n_in`` rows and ``n_out`` columns are weights.
"""

import math
from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray

Uniform = Float[Array, "in out"]  # one number in (0, 1) a weight, at which a distribution function is inverted
Size = int | Int[Array, ""]
CDF_OF_TWO = 0.5 * (1 + math.erf(2 / math.sqrt(2)))  # of the standard normal law


def normal(uniform: Uniform) -> Array:
    """Standard normal quantiles."""
    return math.sqrt(2) * lax.erf_inv(2 * uniform - 1)


def kaiming_normal(key: PRNGKeyArray, uniform: Uniform, n_in: Size, n_out: Size) -> Array:
    """N(0, 2 / fan in)."""
    return normal(uniform) * jnp.sqrt(2 / n_out)


def kaiming_uniform(key: PRNGKeyArray, uniform: Uniform, n_in: Size, n_out: Size) -> Array:
    """U(-b, b), b = sqrt(6 / fan in)."""
    return (2 * uniform - 1) * jnp.sqrt(6 / n_out)


def xavier_normal(key: PRNGKeyArray, uniform: Uniform, n_in: Size, n_out: Size) -> Array:
    """N(0, 2 / (fan in + fan out))."""
    return normal(uniform) * jnp.sqrt(2 / (n_in + n_out))


def xavier_uniform(key: PRNGKeyArray, uniform: Uniform, n_in: Size, n_out: Size) -> Array:
    """U(-b, b), b = sqrt(6 / (fan in + fan out))."""
    return (2 * uniform - 1) * jnp.sqrt(6 / (n_in + n_out))


def truncated_normal(key: PRNGKeyArray, uniform: Uniform, n_in: Size, n_out: Size) -> Array:
    """N(0, 1) within [-2, 2]."""
    return normal((1 - CDF_OF_TWO) + uniform * (2 * CDF_OF_TWO - 1))


def sparse(key: PRNGKeyArray, uniform: Uniform, n_in: Size, n_out: Size) -> Array:
    """N(0, 0.01^2), but in every column half of the rows (rounded up), chosen at random, are zero."""
    row = jnp.arange(uniform.shape[0])[:, None]
    order = jnp.where(row < n_in, random.uniform(key, uniform.shape), 2.0)
    rank = jnp.argsort(jnp.argsort(order, axis=0), axis=0)
    return jnp.where(rank < (n_in + 1) // 2, 0.0, 0.01 * normal(uniform))


INITIALISATIONS: Mapping[str, Callable[[PRNGKeyArray, Uniform, Size, Size], Array]] = {
    "kaiming_normal": kaiming_normal,
    "kaiming_uniform": kaiming_uniform,
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "truncated_normal": truncated_normal,
    "sparse": sparse,
}
