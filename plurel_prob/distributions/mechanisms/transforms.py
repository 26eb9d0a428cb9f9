"""Transforms of numerical columns. To add one, write a function and a line in ``TRANSFORMS``.

The first five are PluRel's (arXiv:2602.04029, post-processing). The others are monotone warps: the standardised column is
mapped to (0, 1) by the standard normal distribution function and then to another law, whose shape comes from two uniform numbers;
those of :mod:`.discrete` are warps to whole numbers, grids and labels.
A transform is a function of a block of the column, its pilot and its cells (:class:`TransformInputs`).

Ranks and moments are those of the *pilot* rows, the first 8,192 of the table (all, if it has fewer): a transformed cell does
not depend on how many rows are drawn. Beyond the pilot a rank is interpolated between the pilot's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from plurel_prob.blocks import BLOCK, N_PILOT_BLOCK
from plurel_prob.distributions.mechanisms.discrete import DISCRETE
from plurel_prob.distributions.mechanisms.pilots import Pilot, TransformInputs, log_uniform, standardise, unit
from plurel_prob.distributions.mechanisms.sorting import sort_pilot

PILOT = N_PILOT_BLOCK * BLOCK  # rows


def pilot_of(value: Float[Array, " row"], n_row: Int[Array, ""], needs_order: Bool[Array, ""] | bool) -> Pilot:
    """Summarise the first blocks of a column that has ``n_row`` rows in all; in order, as ``rank`` needs it, or as it is."""
    n_pilot = jnp.minimum(n_row, len(value))
    is_pilot = jnp.arange(len(value)) < n_pilot
    mean = jnp.where(is_pilot, value, 0.0).sum() / n_pilot
    variance = jnp.where(is_pilot, (value - mean) ** 2, 0.0).sum() / n_pilot
    ordered = value  # nothing is compiled where it is known that no order is needed
    if needs_order is not False:
        ordered = lax.cond(needs_order, sort_pilot, lambda value, _: value, value, n_pilot)
    return Pilot(ordered, n_pilot, mean, jnp.sqrt(variance))


def rank(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Place among the pilot's values, in (0, 1): on the step that the value has there by the order of rows, as the released
    generator breaks ties; interpolated where it falls between two steps.
    """
    ordered, n = pilot.value, pilot.n_row
    below = jnp.minimum(jnp.searchsorted(ordered, value, side="left"), n)
    not_above = jnp.minimum(jnp.searchsorted(ordered, value, side="right"), n)
    lower, upper = ordered[jnp.maximum(below - 1, 0)], ordered[jnp.minimum(below, n - 1)]
    gap = jnp.where(upper > lower, (value - lower) / jnp.where(upper > lower, upper - lower, 1.0), 0.0)
    outside = jnp.where(below > 0, n - 0.5 * cells.share, 0.5 * cells.share)
    between = jnp.where((below > 0) & (below < n), below - 0.5 + gap, outside)
    return jnp.where(not_above > below, below + cells.share * (not_above - below), between) / n


def signed_log(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """``sign(x) log(1 + |x|)``."""
    return jnp.sign(value) * jnp.log1p(jnp.abs(value))


def signed_root(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """``sign(x) sqrt(|x|)``."""
    return jnp.sign(value) * jnp.sqrt(jnp.abs(value))


def kumaraswamy(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Kumaraswamy(a, b) on (0, 1), a and b log-uniform on [0.3, 5]."""
    a, b = log_uniform(0.3, 5.0, cells.shape[0]), log_uniform(0.3, 5.0, cells.shape[1])
    return (1 - (1 - unit(value, pilot, cells)) ** (1 / b)) ** (1 / a)


def lognormal(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Log-normal with a standard deviation of the logarithm that is log-uniform on [0.1, 2]."""
    standard = jnp.clip(standardise(value, pilot, cells), -6.0, 6.0)  # exp(12) at most: outliers stay finite
    return jnp.exp(log_uniform(0.1, 2.0, cells.shape[0]) * standard)


def pareto(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Pareto with an exponent that is log-uniform on [1, 10]."""
    return (1 - unit(value, pilot, cells)) ** (-1 / log_uniform(1.0, 10.0, cells.shape[0]))


def exponential(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Exponential with a mean that is log-uniform on [0.1, 10]."""
    return -jnp.log1p(-unit(value, pilot, cells)) * log_uniform(0.1, 10.0, cells.shape[0])


TRANSFORMS: Mapping[str, Callable[[Array, Pilot, TransformInputs], Array]] = MappingProxyType(
    {
        "identity": lambda value, pilot, cells: value,
        "rank": rank,
        "signed_log": signed_log,
        "signed_root": signed_root,
        "standardise": standardise,
        "kumaraswamy": kumaraswamy,
        "lognormal": lognormal,
        "pareto": pareto,
        "exponential": exponential,
        **DISCRETE,
    }
)
RANK = list(TRANSFORMS).index("rank")
UNBOUNDED = ("identity", "signed_log", "signed_root", "standardise")  # can show every number
