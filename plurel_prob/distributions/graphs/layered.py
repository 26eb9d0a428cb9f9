"""Graphs in layers, as in a feed-forward network."""

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.law import EDGE, GraphLaw
from plurel_prob.distributions.occupancy import log_prob_occupancy, sample_occupancy


class Layered(GraphLaw):
    r"""``depth`` layers, consecutive ones joined completely but for edges dropped with probability ``drop_prob``.

    Every layer has one node, and each other node picks its layer uniformly. With ``max_parent``, layer sizes are conditioned on
    not exceeding it in all layers but the last, so that no node has more parents. Edges from and to the first node of a layer are
    never dropped: every node keeps a parent and a child, and consecutive layers stay connected to each other; the
    released generator drops any edge and repairs. With :math:`s` the layer sizes and :math:`D` the depth,

    .. math:: p = p_\text{sizes}(s - 1) \prod_\ell \prod_{i=2}^{s_\ell} \prod_{j=2}^{s_{\ell+1}} q^{1-x_{ij}} (1-q)^{x_{ij}}.

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
        depth: number of layers; more than ``n_node`` counts as ``n_node``.
        drop_prob: ``q``.
        max_depth: static upper bound of ``depth``.
    """

    arg_constraints = {
        "n_node": constraints.positive_integer,
        "depth": constraints.positive_integer,
        "drop_prob": constraints.unit_interval,
    }
    pytree_aux_fields = ("max_depth",)

    def __init__(
        self,
        n_node: ArrayLike,
        depth: ArrayLike,
        drop_prob: ArrayLike,
        max_node: int,
        max_parent: int | None = None,
        max_depth: int = 8,
        *,
        validate_args: bool | None = None,
    ):
        self.max_depth = max_depth
        super().__init__(n_node, max_node, max_parent, depth=depth, drop_prob=drop_prob, validate_args=validate_args)

    @property
    def _n_layer(self) -> Int[Array, ""]:
        return jnp.minimum(self.depth, self.n_node)

    @property
    def _capacity(self) -> int:
        """How many nodes may join the first one of a layer: one fewer than a node may have parents."""
        return self.max_parent if self.max_parent >= self.max_node else self.max_parent - 1

    def _pairs(self, layer: Int[Array, " node"]) -> tuple[Bool[Array, "cause effect"], Bool[Array, "cause effect"]]:
        """Pairs of nodes in consecutive layers: the edges that are never dropped, and those that may be."""
        is_node = self.node < self.n_node
        is_first = is_node & (layer != jnp.concatenate([jnp.array([-1]), layer[:-1]]))
        consecutive = (layer[:, None] + 1 == layer[None, :]) & is_node[:, None] & is_node[None, :]
        always = is_first[:, None] | is_first[None, :]
        return consecutive & always, consecutive & ~always

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Draw layer sizes, then drop edges."""
        size_key, drop_key = random.split(key)
        n_free = self.n_node - self._n_layer
        extra = sample_occupancy(size_key, n_free, self._n_layer, self.max_depth, self.max_node, self._capacity, open_last=True)
        size = jnp.where(jnp.arange(self.max_depth) < self._n_layer, extra + 1, 0)
        layer = (jnp.cumsum(size)[:, None] <= self.node).sum(0)
        always, maybe = self._pairs(layer)
        kept = random.uniform(drop_key, (self.max_node, self.max_node)) >= self.drop_prob
        return (always | (maybe & kept)).astype(jnp.int8)

    def _layers(self, value: Int8[Array, "cause effect"]) -> Int[Array, " node"]:
        """Layer of every node: one more than its first parent's."""

        def place(j: Array, layer: Array) -> Array:
            has_parent = (value[:, j] == EDGE).any()
            return layer.at[j].set(jnp.where(has_parent, layer[jnp.argmax(value[:, j])] + 1, 0))

        return lax.fori_loop(0, self.n_node, place, jnp.zeros(self.max_node, jnp.int32))

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Return the log density of the layer sizes and of the dropped edges."""
        layer = self._layers(value)
        is_node = self.node < self.n_node
        size = ((layer[None, :] == jnp.arange(self.max_depth)[:, None]) & is_node).sum(1)
        in_order = jnp.where(is_node[1:], jnp.diff(layer) >= 0, True).all()
        right_depth = jnp.where(is_node, layer, 0).max() + 1 == self._n_layer
        log_size = log_prob_occupancy(
            jnp.maximum(size - 1, 0).astype(jnp.int32), self._n_layer, self.max_node, self._capacity, open_last=True
        )
        always, maybe = self._pairs(layer)
        edge = value == EDGE
        is_layered = in_order & right_depth & (edge | ~always).all() & (always | maybe | (value == 0)).all()
        coins = jnp.where(edge, jnp.log1p(-self.drop_prob), jnp.log(self.drop_prob))
        log_prob = log_size + jnp.where(maybe, coins, 0.0).sum()
        return jnp.where(is_layered & (jnp.where(edge, EDGE, 0) == value).all(), log_prob, -jnp.inf)
