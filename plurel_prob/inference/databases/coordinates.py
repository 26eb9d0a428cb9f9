r"""Coordinates of parameters in which a posterior given a database's values is neither thin nor has an edge.

Every coordinate is a standard normal number to begin with. Each map from coordinates :math:`z` to parameters :math:`\theta` comes
with its change of density, the log of :math:`p(\theta) |d\theta / dz| / N(z)`: 0 where standard normal numbers give the prior.

Values know the noise of a node, not whether the level of its table or its own factor makes it so. So a coordinate is the log of
the product, and another is where the log of the level lies between the bounds that products and priors leave it.
"""

import jax.numpy as jnp
from jax import lax
from jax.scipy.special import ndtr, ndtri
from jax.scipy.stats import norm
from jaxtyping import Array, Float, Int
from numpyro.distributions import Distribution

from plurel_prob.priors.fields import support_bounds

Bounds = tuple[Array, Array]  # low and high, which may be infinite
LEAST_WIDTH = 1e-9  # of an interval; where bounds contradict each other, the density falls steeply from there
POINT = 1e-6  # from 0 and 1: quantiles of no points beyond, where coordinates of given parameters are asked for


def between(bounds: Bounds, z: Array) -> tuple[Array, Array]:
    """A number between bounds, and the log of its derivative over the standard normal density.

    Between finite bounds the law of the number is uniform. Where the high one is below the low one, hardly any density is left.
    """
    low, high, z = jnp.broadcast_arrays(*bounds, z)
    is_low, is_high = jnp.isfinite(low), jnp.isfinite(high)
    from_low, below_high = jnp.where(is_low, low, 0.0), jnp.where(is_high, high, 0.0)
    width = jnp.where(is_low & is_high, below_high - from_low, 1.0)
    inside = from_low + jnp.maximum(width, LEAST_WIDTH) * ndtr(z)
    log_width = jnp.where(width > LEAST_WIDTH, jnp.log(jnp.maximum(width, LEAST_WIDTH)), -1e4 * (1 - width))
    kind = is_low + 2 * is_high
    value = lax.select_n(kind, z, from_low + jnp.exp(z), below_high - jnp.exp(z), inside)
    free = -norm.logpdf(z)
    return value, lax.select_n(kind, free, free + z, free + z, log_width)


def place_between(bounds: Bounds, value: Array) -> Array:
    """Inverse of :func:`between`."""
    low, high, value = jnp.broadcast_arrays(*bounds, value)
    is_low, is_high = jnp.isfinite(low), jnp.isfinite(high)
    share = (value - low) / jnp.where(is_low & is_high, high - low, 1.0)
    inside = ndtri(jnp.clip(jnp.where(is_low & is_high, share, 0.5), POINT, 1 - POINT))
    above = jnp.log(jnp.maximum(jnp.where(is_low, value - low, 1.0), POINT))
    below = jnp.log(jnp.maximum(jnp.where(is_high, high - value, 1.0), POINT))
    return lax.select_n(is_low + 2 * is_high, value, above, below, inside)


def bounds_of(law: Distribution) -> Bounds:
    """Bounds of a number."""
    low, high = support_bounds(law)
    return jnp.asarray(low), jnp.asarray(high)


def log_bounds(law: Distribution) -> Bounds:
    """Bounds of the log of a positive number."""
    low, high = bounds_of(law)
    return jnp.log(jnp.maximum(low, 0.0)), jnp.log(high)


def log_density(law: Distribution, value: Array) -> Array:
    """Log density of numbers that lie within the law's bounds, but for rounding."""
    return law.log_prob(jnp.clip(value, *bounds_of(law)))


def number(law: Distribution, z: Array) -> tuple[Array, Array]:
    """A number of a law with real support, and its change of density."""
    value, change = between(bounds_of(law), z)
    return value, change + log_density(law, value)


def place_of_number(law: Distribution, value: Array) -> Array:
    """Inverse of :func:`number`."""
    return place_between(bounds_of(law), value)


def positive(law: Distribution, z: Array) -> tuple[Array, Array]:
    """A positive number, even in logs as far as its law allows, and its change of density."""
    log, change = between(log_bounds(law), z)
    return jnp.exp(log), change + log + log_density(law, jnp.exp(log))


def place_of_positive(law: Distribution, value: Array) -> Array:
    """Inverse of :func:`positive`."""
    return place_between(log_bounds(law), jnp.log(value))


def noise(
    level_law: Distribution, factor_law: Distribution, table: Int[Array, " node"], level_z: Array, factor_z: Array
) -> tuple[Float[Array, " table"], Float[Array, " node"], Array]:
    """Levels of tables, factors of nodes and their change of density, from coordinates of levels and of nodes' noise.

    Args:
        level_law: prior of levels.
        factor_law: prior of factors.
        table: of each node; what lies outside is padding.
        level_z: coordinate of each table's level, given the noise of its nodes.
        factor_z: coordinate of each node's noise, level times factor.
    """
    log_noise, change = between(bounds_of_noise(level_law, factor_law), factor_z)
    log_level, change_of_level = between(bounds_of_levels(level_law, factor_law, table, len(level_z), log_noise), level_z)
    log_factor = log_noise - log_level.at[table].get(mode="fill", fill_value=0.0)
    level, factor = jnp.exp(log_level), jnp.exp(log_factor)
    change = jnp.where(table < len(level), change + log_factor + log_density(factor_law, factor), 0.0)
    return level, factor, change.sum() + (change_of_level + log_level + log_density(level_law, level)).sum()


def place_of_noise(
    level_law: Distribution, factor_law: Distribution, table: Int[Array, " node"], level: Array, factor: Array
) -> tuple[Array, Array]:
    """Inverse of :func:`noise`."""
    log_noise = jnp.log(factor) + jnp.log(level).at[table].get(mode="fill", fill_value=0.0)
    level_z = place_between(bounds_of_levels(level_law, factor_law, table, len(level), log_noise), jnp.log(level))
    return level_z, place_between(bounds_of_noise(level_law, factor_law), log_noise)


def bounds_of_noise(level_law: Distribution, factor_law: Distribution) -> Bounds:
    """Bounds of the log of a level times a factor."""
    (low, high), (low_factor, high_factor) = log_bounds(level_law), log_bounds(factor_law)
    return low + low_factor, high + high_factor


def bounds_of_levels(
    level_law: Distribution, factor_law: Distribution, table: Int[Array, " node"], n_table: int, log_noise: Float[Array, " node"]
) -> Bounds:
    """Bounds of the logs of tables' levels, given the log noise of their nodes: factors have bounds, too."""
    (low, high), (low_factor, high_factor) = log_bounds(level_law), log_bounds(factor_law)
    is_of = table == jnp.arange(n_table)[:, None]
    least = largest(jnp.where(is_of, log_noise - high_factor, -jnp.inf))
    most = -largest(jnp.where(is_of, low_factor - log_noise, -jnp.inf))
    return jnp.maximum(low, least), jnp.minimum(high, most)


def largest(value: Float[Array, "*row place"]) -> Float[Array, "*row"]:
    """Maxima along the last axis, each with the derivative of the place where it is.

    The derivative of ``max`` asks which places equal the maximum. A compiler that computes a number twice, in two ways, finds
    none there, and the derivative is 0 / 0.
    """
    return jnp.take_along_axis(value, lax.stop_gradient(value).argmax(-1, keepdims=True), -1)[..., 0]
