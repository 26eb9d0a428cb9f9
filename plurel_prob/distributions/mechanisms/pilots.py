"""What a transform knows of its column: statistics of the first rows, and where the cells lie."""

from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Float, Int


class TransformInputs(NamedTuple):
    """What a transform knows beside the values: two numbers in (0, 1) that give a warp its shape, and where each row lies."""

    shape: Float[Array, " 2"]
    share: Float[Array, " row"]  # of the table's rows before the row, in (0, 1)
    row: Int[Array, " row"]


class Pilot(NamedTuple):
    """What transforms need to know about a column: its pilot values, the mean of those and their standard deviation."""

    value: Float[Array, " row"]  # for ``rank`` in ascending order, and from ``n_row`` on the largest again
    n_row: Int[Array, ""]
    mean: Float[Array, ""]
    std: Float[Array, ""]


def standardise(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Mean 0, standard deviation 1 in the pilot."""
    return (value - pilot.mean) / jnp.where(pilot.std > 0, pilot.std, 1.0)


def unit(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """The standardised column's place in (0, 1), as a normal law has it."""
    standard = standardise(value, pilot, cells)
    return jnp.clip(ndtr(standard), 1e-4, 1 - 1e-4)  # heavy tails end where they would be 1e4 and more, and 1 - u has digits left


def log_uniform(low: float, high: float, point: Float[Array, ""]) -> Array:
    """Quantile of the log-uniform law at ``point``."""
    return low * (high / low) ** point
