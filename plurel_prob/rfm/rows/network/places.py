"""Where values stand among those of a context: robust z-scores and ranks, on a grid of quantiles."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

N_BIN = 32  # quantiles of a feature
CLIP = 4.0  # of z-scores


class Grid(NamedTuple):
    """Quantiles of features in a context.

    Attributes:
        edge: at levels (k + 1/2) / N_BIN, infinite where there is no value.
        centre: median.
        scale: half the distance of the quantiles one standard deviation of a normal law apart, or the standard deviation.
        is_used: values differ, or some are missing; others contribute nothing.
    """

    edge: Float[Array, "feature bin"]
    centre: Float[Array, " feature"]
    scale: Float[Array, " feature"]
    is_used: Bool[Array, " feature"]


class Places(NamedTuple):
    """Where values stand; 0, 1/2 and 0 for features that are not used."""

    z: Float[Array, "row feature"]
    rank: Float[Array, "row feature"]
    missing: Float[Array, "row feature"]


def grid_of(x: Float[Array, "context feature"], is_context: Bool[Array, " context"]) -> Grid:
    """Find the quantiles of features; rows of padding do not count."""
    is_value = jnp.isfinite(x) & is_context[:, None]
    n, n_value = is_context.sum(), is_value.sum(0)
    order = jnp.sort(jnp.where(is_value, x, jnp.inf).T, axis=1)
    at = ((jnp.arange(N_BIN) + 0.5) / N_BIN * n_value[:, None]).astype(jnp.int32)
    edge = jnp.take_along_axis(order, at, 1)
    largest = jnp.max(jnp.where(is_value, x, -jnp.inf), 0)
    is_used = (n_value > 0) & ((order[:, 0] < largest) | (n_value < n))
    centre = jnp.where(n_value > 0, edge[:, N_BIN // 2], 0.0)
    deviation = jnp.where(is_value, x - centre, 0.0)
    std = jnp.sqrt((deviation**2).sum(0) / jnp.maximum(n_value, 1))
    low, high = round(0.159 * N_BIN), N_BIN - 1 - round(0.159 * N_BIN)
    width = jnp.where(n_value > 0, edge[:, high] - edge[:, low], 0.0) / 2
    scale = jnp.where(width > 1e-3 * std, width, std)
    return Grid(edge, centre, jnp.where(scale > 0, scale, 1.0), is_used)


def places_of(grid: Grid, x: Float[Array, "row feature"]) -> Places:
    """Find where values stand; a rank is the mean of those of equal values, and 1/2 for a missing one."""
    is_value = jnp.isfinite(x) & grid.is_used
    known = jnp.where(is_value, x, 0.0)
    z = jnp.where(is_value, jnp.clip((known - grid.centre) / grid.scale, -CLIP, CLIP), 0.0)
    above = (known[..., None] > grid.edge).sum(-1) + (known[..., None] >= grid.edge).sum(-1)
    rank = jnp.where(is_value, above / (2.0 * N_BIN), 0.5)
    return Places(z, rank, (~is_value & grid.is_used).astype(jnp.float32))
