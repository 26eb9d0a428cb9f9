"""Weights of the edges of a causal graph: one of several laws a graph."""

import math
from collections.abc import Mapping
from typing import Any

import jax
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
    """Weights of the edges of graphs; a graph's are under the law of ``EDGE_WEIGHTS`` that ``family`` points at.

    The batch shape is ``(graph, max_node, max_node)``: a weight for each pair of a graph's nodes, 0 for others. Drawn by
    inverting distribution functions at one uniform number each; the cost is that of the nodes there are.

    Args:
        family: indices into ``EDGE_WEIGHTS``, shape ``(graph,)``.
        n_node: nodes of each graph.
        max_node: static bound on ``n_node``.
    """

    arg_constraints = {
        "family": constraints.integer_interval(0, len(EDGE_WEIGHTS) - 1),
        "n_node": constraints.nonnegative_integer,
    }
    support = constraints.real
    pytree_data_fields = ("family", "n_node")
    pytree_aux_fields = ("max_node",)

    def __init__(
        self, family: Int[Array, " graph"], n_node: Int[Array, " graph"], max_node: int, *, validate_args: bool | None = None
    ):
        self.family, self.n_node, self.max_node = family, n_node, max_node
        super().__init__(batch_shape=(len(family), max_node, max_node), validate_args=validate_args)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Float[Array, "..."]:
        """Draw weights of shape ``sample_shape + batch_shape``, cause after cause."""
        keys = jax.vmap(random.fold_in, (None, 0))(key, jnp.arange(math.prod(sample_shape)))
        return lax.map(self._sample, keys).reshape(sample_shape + self.batch_shape)

    def _sample(self, key: PRNGKeyArray) -> Float[Array, "graph cause effect"]:
        is_node = jnp.arange(self.max_node) < self.n_node[:, None]

        def draw_graph(graph: Array, weight: Array) -> Array:
            def draw_cause(cause: Array, weight: Array) -> Array:
                cause_key = random.fold_in(random.fold_in(key, graph), cause)
                # at 0, quantiles are infinite; what is left out has less than the 2^-23 between two uniform numbers of 32 bits
                uniform = random.uniform(cause_key, (self.max_node,), minval=1e-7)
                drawn = lax.switch(self.family[graph], [law.icdf for law in EDGE_WEIGHTS.values()], uniform)
                return weight.at[graph, cause].set(jnp.where(is_node[graph], drawn, 0.0))

            return lax.fori_loop(0, self.n_node[graph], draw_cause, weight)

        return lax.fori_loop(0, len(self.family), draw_graph, jnp.zeros(self.batch_shape))

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Float[Array, "..."]:
        """Return the log density of weights; minus infinity outside the law's support."""
        value = jnp.asarray(value)
        family = jnp.broadcast_to(self.family[:, None, None], jnp.broadcast_shapes(value.shape, self.batch_shape))
        is_node = jnp.arange(self.max_node) < self.n_node[:, None]

        def density(law: dist.Distribution) -> Array:
            inside = law.support(value)
            safe = jnp.where(inside, value, 1.0)  # a law's own formula may be NaN outside, and so would be gradients
            return jnp.broadcast_to(jnp.where(inside, law.log_prob(safe), -jnp.inf), family.shape)

        log_prob = lax.select_n(family, *(density(law) for law in EDGE_WEIGHTS.values()))
        return jnp.where(is_node[:, :, None] & is_node[:, None], log_prob, jnp.where(value == 0, 0.0, -jnp.inf))
