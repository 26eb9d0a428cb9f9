"""The law of what is left of numbers after a prediction: quantiles of the residuals of rows whose predictions are near."""

from typing import NamedTuple

import jax.numpy as jnp
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
    order = jnp.sort(jnp.where(is_context > 0, prediction, jnp.inf))
    edge = order[((jnp.arange(N_BIN) + 0.5) / N_BIN * n).astype(jnp.int32)]
    place = (jnp.arange(N_PLACE) + 0.5) / N_PLACE
    near = jnp.exp(-0.5 * ((place[:, None] - _ranks(edge, prediction)) / BANDWIDTH) ** 2) * is_context
    residual = y - prediction
    by_size = jnp.argsort(jnp.where(is_context > 0, residual, jnp.inf))
    mass = jnp.cumsum(near[:, by_size], 1) / jnp.maximum(near.sum(1, keepdims=True), 1e-12)
    at = (mass[:, None] < jnp.asarray(LEVELS)[:, None]).sum(-1)
    return Spread(edge, jnp.where(n > 0, residual[by_size][jnp.minimum(at, len(y) - 1)], 0.0))


def residual_quantiles(spread: Spread, prediction: Float[Array, " row"]) -> Float[Array, "row level"]:
    """Quantiles of the residuals of rows with such predictions: between places, on a line."""
    at = jnp.clip(_ranks(spread.edge, prediction) * N_PLACE - 0.5, 0.0, N_PLACE - 1.0)
    hat = jnp.maximum(1.0 - jnp.abs(at[:, None] - jnp.arange(N_PLACE)), 0.0)
    return hat @ spread.residual


def _ranks(edge: Float[Array, " bin"], value: Float[Array, " row"]) -> Float[Array, " row"]:
    return ((value[:, None] > edge).mean(-1) + (value[:, None] >= edge).mean(-1)) / 2
