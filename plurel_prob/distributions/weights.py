"""Weights of the edges of a causal graph: one of several laws a graph."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

EDGE_WEIGHTS: Mapping[str, dist.Distribution] = {
    "Normal": dist.Normal(0.0, 1.0),
    "LogNormal": dist.LogNormal(0.0, 1.0),
    "Cauchy": dist.Cauchy(0.0, 1.0),
    "Uniform": dist.Uniform(-2.0, 2.0),
}


class EdgeWeight(dist.Distribution):
    """A weight under the law of ``EDGE_WEIGHTS`` that ``family`` points at.

    Drawn by inverting its distribution function at one uniform number.

    Args:
        family: index into ``EDGE_WEIGHTS``; any batch shape.
    """

    arg_constraints = {"family": constraints.integer_interval(0, len(EDGE_WEIGHTS) - 1)}
    support = constraints.real
    pytree_data_fields = ("family",)

    def __init__(self, family: Int[Array, "*batch"], *, validate_args: bool | None = None):
        self.family = family
        super().__init__(batch_shape=jnp.shape(family), validate_args=validate_args)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Float[Array, "..."]:
        """Draw weights of shape ``sample_shape + batch_shape``."""
        shape = sample_shape + self.batch_shape
        uniform = random.uniform(key, shape, minval=1e-7)
        family = jnp.broadcast_to(self.family, shape)
        return lax.select_n(family, *(law.icdf(uniform) for law in EDGE_WEIGHTS.values()))

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Float[Array, "..."]:
        """Return the log density of weights; minus infinity outside the law's support."""
        value = jnp.asarray(value)
        family = jnp.broadcast_to(self.family, jnp.broadcast_shapes(value.shape, self.batch_shape))

        def density(law: dist.Distribution) -> Array:
            inside = law.support(value)
            safe = jnp.where(inside, value, 1.0)
            return jnp.broadcast_to(jnp.where(inside, law.log_prob(safe), -jnp.inf), family.shape)

        return lax.select_n(family, *(density(law) for law in EDGE_WEIGHTS.values()))
