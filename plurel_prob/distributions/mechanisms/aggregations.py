"""How a node combines the terms of its causes (PluRel, arXiv:2602.04029, stage 3). To add a way, write a line in the registry."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int

from plurel_prob.distributions.mechanisms.elementary import exp_below_one

MAX_PRODUCT = 1e18  # keeps running products finite: the next factor and another product still fit into float32

Term = Callable[[Int[Array, ""]], Array]  # of an index


class AggregationLaw(NamedTuple):
    """A commutative way to combine terms one after another, and its result for no term."""

    neutral: float
    combine: Callable[[Array, Array], Array]

    def reduce(self, term: Term, n_term: Int[Array, ""], start: Array) -> Array:
        """Combine ``start`` with ``n_term`` terms."""
        if self.combine is jnp.logaddexp:
            return log_sum_exp(term, n_term, start)
        return lax.fori_loop(0, n_term, lambda i, total: self.combine(total, term(i)), start)


def product(a: Array, b: Array) -> Array:
    """``a * b``, kept within 1e18 of zero."""
    return jnp.clip(a * b, -MAX_PRODUCT, MAX_PRODUCT)


def log_sum_exp(term: Term, n_term: Int[Array, ""], start: Array) -> Array:
    """``log(exp(start) + sum of exp(term))``: one pass for the largest, one for the sum; half the cost of pairs."""
    largest = lax.fori_loop(0, n_term, lambda i, total: jnp.maximum(total, term(i)), start)
    largest = jnp.where(largest > -jnp.inf, largest, 0.0)  # of no term at all
    first = jnp.where(start > -jnp.inf, exp_below_one(start - largest), 0.0)
    total = lax.fori_loop(0, n_term, lambda i, total: total + exp_below_one(term(i) - largest), first)
    return largest + jnp.log(total)


AGGREGATIONS: Mapping[str, AggregationLaw] = MappingProxyType(
    {
        "sum": AggregationLaw(0.0, jnp.add),
        "max": AggregationLaw(-jnp.inf, jnp.maximum),
        "product": AggregationLaw(1.0, product),
        "logsumexp": AggregationLaw(-jnp.inf, jnp.logaddexp),
    }
)


def aggregate_all(term: Callable[[Int[Array, ""]], tuple[Array, Array]], n_term: Int[Array, ""], shape: tuple[int, ...]) -> Array:
    """Combine terms in every way of the registry; a term comes with its number of siblings, by which a sum divides it."""

    def combine_in(name: str) -> Array:
        law = AGGREGATIONS[name]

        def value(i: Array) -> Array:
            value, n_sibling = term(i)
            return value / n_sibling if name == "sum" else value

        return law.reduce(value, n_term, jnp.full(shape, law.neutral))

    return jnp.stack([combine_in(name) for name in AGGREGATIONS])
