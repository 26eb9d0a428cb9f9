"""The law of what is left of numbers after a prediction: quantiles of the residuals of rows whose predictions are near."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from plurel_prob.rfm.rows.network.batch import LEVELS
from plurel_prob.rfm.rows.network.places import N_BIN

N_PLACE = 8  # places along the predictions
BANDWIDTH = 0.12  # of the rank of a prediction


class Spread(NamedTuple):
    """Quantiles of residuals at places along the predictions' ranks, and the predictions' own quantiles."""

    edge: Float[Array, " bin"]
    residual: Float[Array, "place level"]


def spread_of(prediction: Float[Array, " context"], y: Float[Array, " context"], is_context: Float[Array, " context"]) -> Spread:
    """Quantiles of ``y - prediction``, the predictions leaving their own row out."""
    n = is_context.sum()
    # one sort gives the edges and what is compared with them: a prediction computed twice may be beside the edge that it is
    order, y, is_context = lax.sort((jnp.where(is_context > 0, prediction, jnp.inf), y, is_context), num_keys=1)
    edge = order[((jnp.arange(N_BIN) + 0.5) / N_BIN * n).astype(jnp.int32)]
    prediction = jnp.where(is_context > 0, order, 0.0)
    place = (jnp.arange(N_PLACE) + 0.5) / N_PLACE
    near = jnp.exp(-0.5 * ((place[:, None] - _ranks(edge, prediction)) / BANDWIDTH) ** 2) * is_context
    by_size = jnp.argsort(jnp.where(is_context > 0, y - prediction, jnp.inf))
    residual, near = (y - prediction)[by_size], near[:, by_size]
    total = jnp.maximum(near.sum(1, keepdims=True), 1e-12)
    # the next residual is below the k-th of n with chance k / (n + 1); where rows have weights, one more has about their mean
    mass = jnp.cumsum(near, 1) / (total + (near**2).sum(1, keepdims=True) / total)
    level = jnp.minimum(LEVELS, (1 - 1e-5) * mass[:, -1:])  # below the last row that counts
    above = (mass[:, None] < level[..., None]).sum(-1)
    below = jnp.maximum(above - 1, 0)
    low, high = (jnp.take_along_axis(mass, at, 1) for at in (below, above))
    part = jnp.where(above > 0, (level - low) / jnp.maximum(high - low, 1e-12), 0.0)
    quantiles = (1 - part) * residual[below] + part * residual[above]
    return Spread(edge, jnp.where(n > 0, quantiles, 0.0))


def residual_quantiles(spread: Spread, prediction: Float[Array, " row"]) -> Float[Array, "row level"]:
    """Quantiles of the residuals of rows with such predictions: between places, on a line."""
    at = jnp.clip(_ranks(spread.edge, prediction) * N_PLACE - 0.5, 0.0, N_PLACE - 1.0)
    hat = jnp.maximum(1.0 - jnp.abs(at[:, None] - jnp.arange(N_PLACE)), 0.0)
    return hat @ spread.residual


def _ranks(edge: Float[Array, " bin"], value: Float[Array, " row"]) -> Float[Array, " row"]:
    return ((value[:, None] > edge).mean(-1) + (value[:, None] >= edge).mean(-1)) / 2
