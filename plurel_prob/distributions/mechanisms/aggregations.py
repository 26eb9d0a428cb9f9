"""How a node combines the terms of its causes (PluRel, arXiv:2602.04029, stage 3). To add a way, write a line in the registry."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

MAX_PRODUCT = 1e18  # keeps running products finite: the next factor and another product still fit into float32


class AggregationLaw(NamedTuple):
    """A commutative way to combine terms one after another, and its result for no term."""

    neutral: float
    combine: Callable[[Array, Array], Array]


def product(a: Array, b: Array) -> Array:
    """``a * b``, kept within 1e18 of zero."""
    return jnp.clip(a * b, -MAX_PRODUCT, MAX_PRODUCT)


AGGREGATIONS: Mapping[str, AggregationLaw] = {
    "sum": AggregationLaw(0.0, jnp.add),
    "max": AggregationLaw(-jnp.inf, jnp.maximum),
    "product": AggregationLaw(1.0, product),
    "logsumexp": AggregationLaw(-jnp.inf, jnp.logaddexp),
}
