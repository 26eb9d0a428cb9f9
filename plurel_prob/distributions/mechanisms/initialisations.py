"""Initialisations of weight matrices (PluRel, arXiv:2602.04029, stage 3). To add one, write a line in ``INITIALISATIONS``.

The formulas are PyTorch's, applied to the matrix of shape (in, out) as it stands: "fan in" is its second axis, "fan out" its
first. A weight is its matrix's scale times a quantile of a uniform or a normal law.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Float, Int, UInt32

from plurel_prob.control import computed_once
from plurel_prob.distributions.mechanisms.elementary import normal_quantile
from plurel_prob.threefry import threefry

CDF_OF_TWO = 0.5 * (1 + math.erf(2 / math.sqrt(2)))  # of the standard normal law
ORDER_BIT = 24  # of the random numbers by which rows are ordered; row indices take the bits below
Size = int | Int[Array, ""]


class WeightLaw(NamedTuple):
    """The law of a weight: ``scale(n_in, n_out)`` times a quantile, at a point of ``low`` to ``high``, of the standard normal
    law; or, if not ``is_normal``, times the point itself.
    """

    scale: Callable[[Size, Size], ArrayLike]
    is_normal: bool
    low: float
    high: float


INITIALISATIONS: Mapping[str, WeightLaw] = MappingProxyType(
    {
        "kaiming_normal": WeightLaw(lambda n_in, n_out: jnp.sqrt(2 / n_out), True, 0.0, 1.0),
        "kaiming_uniform": WeightLaw(lambda n_in, n_out: jnp.sqrt(6 / n_out), False, -1.0, 1.0),
        "xavier_normal": WeightLaw(lambda n_in, n_out: jnp.sqrt(2 / (n_in + n_out)), True, 0.0, 1.0),
        "xavier_uniform": WeightLaw(lambda n_in, n_out: jnp.sqrt(6 / (n_in + n_out)), False, -1.0, 1.0),
        # standard normal within [-2, 2]
        "truncated_normal": WeightLaw(lambda n_in, n_out: 1.0, True, 1 - CDF_OF_TWO, CDF_OF_TWO),
        "sparse": WeightLaw(lambda n_in, n_out: 0.01, True, 0.0, 1.0),  # then :func:`zero_half`
    }
)


def initial_weights(kind: Int[Array, ""], point: Float[Array, "in out"], n_in: Size, n_out: Size) -> Float[Array, "in out"]:
    """Weights of a matrix at points of (0, 1), one a weight; a sparse one without its zeros (:func:`zero_half`)."""
    laws = list(INITIALISATIONS.values())

    def of_kind(values: list) -> Array:
        return jnp.stack([jnp.asarray(value, jnp.float32) for value in values])[kind]

    low, width = of_kind([law.low for law in laws]), of_kind([law.high - law.low for law in laws])
    point = low + width * point
    quantile = jnp.where(of_kind([law.is_normal for law in laws]) > 0, normal_quantile(point), point)
    return of_kind([law.scale(n_in, n_out) for law in laws]) * quantile


def zero_half(key: UInt32[Array, " 2"], weight: Float[Array, "in out"], n_in: Size) -> Float[Array, "in out"]:
    """Set half of the first ``n_in`` rows of every column, rounded up, to zero; which ones depends on the key alone."""
    row = jnp.arange(weight.shape[0])[:, None]
    counter = lax.iota(jnp.uint32, weight.size).reshape(weight.shape)
    words, _ = threefry(key, jnp.ones_like(counter), counter)  # the high word keeps clear of those of the weights
    order = (words >> (32 - ORDER_BIT)).astype(jnp.int32) * weight.shape[0] + row  # no two are equal
    order = jnp.where(row < n_in, order, 2**30)
    # ranks by counting: XLA's sort of many short columns is slow on CPUs. Shifted copies are slices of two copies in a row
    n = len(order)
    twice = computed_once(lambda: jnp.concatenate([order, order]), order[0, 0])
    rank = sum((twice[shift : shift + n] < order).astype(jnp.int32) for shift in range(1, n))
    return jnp.where(rank < (jnp.asarray(n_in) + 1) // 2, 0.0, weight)
