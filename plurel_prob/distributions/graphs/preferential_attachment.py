"""The rich get richer: Barabasi and Albert's preferential attachment."""

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.law import DROPPED, EDGE, GraphLaw

N_ATTACH = 2  # earlier nodes that a new node attaches to


class BarabasiAlbert(GraphLaw):
    r"""Preferential attachment of two edges a node, some of whose sinks lose one.

    Nodes 1 and 2 are children of node 0. Node :math:`j \ge 3` takes two distinct parents, one after the other, each in
    proportion to its degree :math:`d` among the nodes so far (:math:`D = \sum d`):

    .. math:: p(\{a, b\}) = \frac{d_a}{D} \frac{d_b}{D - d_a} + \frac{d_b}{D} \frac{d_a}{D - d_b}.

    Then every node with two parents and no child loses one of them with probability ``drop_prob``, either equally
    likely. A lost edge stays in the event with the mark 2, since it counted as degree when later nodes attached: the
    density is that of the marks, and the graph is the marks equal to 1. Parents are drawn by integers, and no node has
    more than two.

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
        drop_prob: probability that such a sink loses a parent.
    """

    arg_constraints = {"n_node": constraints.positive_integer, "drop_prob": constraints.unit_interval}

    def __init__(
        self,
        n_node: ArrayLike,
        drop_prob: ArrayLike,
        max_node: int,
        max_parent: int | None = None,
        *,
        validate_args: bool | None = None,
    ):
        super().__init__(n_node, max_node, max_parent, drop_prob=drop_prob, validate_args=validate_args)

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Attach node after node, then drop."""
        attach_key, drop_key, which_key = random.split(key, 3)

        def attach(j: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            mark, degree = state
            first_key, second_key = random.split(random.fold_in(attach_key, j))
            total = degree.sum()
            first = (jnp.cumsum(degree) <= random.randint(first_key, (), 0, jnp.maximum(total, 1))).sum()
            rest = degree.at[first].set(0)
            second = (jnp.cumsum(rest) <= random.randint(second_key, (), 0, jnp.maximum(rest.sum(), 1))).sum()
            is_parent = jnp.where(j <= N_ATTACH, self.node == 0, (self.node == first) | (self.node == second))
            degree = degree + is_parent + jnp.where(self.node == j, is_parent.sum(dtype=jnp.int32), 0)
            return mark.at[:, j].set(is_parent.astype(jnp.int8)), degree

        empty = jnp.zeros((self.max_node, self.max_node), jnp.int8), jnp.zeros(self.max_node, jnp.int32)
        mark, _ = lax.fori_loop(1, self.n_node, attach, empty)
        loses = self._may_lose(mark) & (random.uniform(drop_key, (self.max_node,)) < self.drop_prob)
        loses_last = random.bits(which_key, (self.max_node,), jnp.uint32) % 2 == 1
        is_last = jnp.cumsum(mark, axis=0) == N_ATTACH
        is_lost = (mark == EDGE) & loses & (is_last == loses_last)
        return jnp.where(is_lost, jnp.int8(DROPPED), mark)

    def _may_lose(self, mark: Int8[Array, "cause effect"]) -> Array:
        drawn = mark > 0
        return (drawn.sum(0) == N_ATTACH) & ~drawn.any(1)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Sum over the nodes of the log probability of their parents, and of what they lost."""
        drawn = (value > 0).astype(jnp.float32)
        n_parent = drawn.sum(0)
        is_node = self.node < self.n_node
        # degree[a, j]: parents of a, and its children before j
        degree = n_parent[:, None] + jnp.cumsum(drawn, axis=1) - drawn
        degree = jnp.where(self.node[:, None] < self.node, degree, 0.0)
        total = degree.sum(0)
        share = drawn * degree / jnp.maximum(total, 1.0)
        left = drawn * degree / jnp.maximum(total - degree, 1.0)
        log_pair = jnp.log(share.sum(0) * left.sum(0) - (share * left).sum(0))
        attaches = is_node & (self.node > N_ATTACH)
        is_first = is_node & (self.node >= 1) & (self.node <= N_ATTACH)
        shape_right = (
            (jnp.where(attaches, n_parent, N_ATTACH) == N_ATTACH).all()
            & jnp.where(is_first, (value[0] == EDGE) & (n_parent == 1), True).all()
            & jnp.where(attaches | is_first, True, n_parent == 0).all()
            & (jnp.tril(value) == 0).all()
        )
        n_lost = (value == DROPPED).sum(0)
        may_lose = self._may_lose(value)
        log_lost = jnp.where(
            may_lose,
            jnp.where(n_lost == 0, jnp.log1p(-self.drop_prob), jnp.log(self.drop_prob / N_ATTACH)),
            0.0,
        )
        lost_right = (n_lost <= jnp.where(may_lose, 1, 0)).all()
        log_prob = jnp.where(attaches, log_pair + log_lost, 0.0).sum()
        return jnp.where(shape_right & lost_right, log_prob, -jnp.inf)
