"""Uniform random trees, away from the root or toward it."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.law import EDGE, GraphLaw
from plurel_prob.distributions.occupancy import log_prob_occupancy, sample_occupancy


class RandomTree(GraphLaw):
    r"""A uniform labelled tree with a uniform root, edges away from the root.

    In breadth-first order (siblings in any order) a rooted tree is its sequence of child counts :math:`c_0, c_1, \dots`. Uniform
    labelled rooted trees have :math:`p(c) = n! / (\prod_i c_i! \; n^{n-1})`: throw :math:`n-1` balls into :math:`n` boxes,
    and turn the circle of boxes to the only start from which the walk :math:`\sum (c_i - 1)` stays non-negative
    until its end (cycle lemma; Pitman, *Combinatorial Stochastic Processes*, 2006, section 6). Integer draws only.
    No node has more than one parent.

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
    """

    arg_constraints = {"n_node": constraints.positive_integer}

    @property
    def _max_child(self) -> int:
        return self.max_node

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Draw child counts, turn them, and read the parents off."""
        n = self.n_node
        max_ball = max(self.max_node - 1, 1)
        count = sample_occupancy(key, n - 1, n, self.max_node, max_ball, self._max_child)
        walk = jnp.where(self.node < n, jnp.cumsum(count - 1), n)
        start = jnp.argmin(walk) + 1
        turned = jnp.where(self.node < n, count[(self.node + start) % n], 0)
        parent = (jnp.cumsum(turned)[:, None] < self.node[None, :]).sum(0)
        is_child = (self.node >= 1) & (self.node < n)
        return ((self.node[:, None] == parent) & is_child).astype(jnp.int8)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Return the log density of the child counts, minus infinity where nodes are not in breadth-first order."""
        n = self.n_node
        is_child = (self.node >= 1) & (self.node < n)
        parent = jnp.argmax(value, axis=0)
        earlier = jnp.concatenate([jnp.zeros(1, parent.dtype), parent[:-1]])
        is_tree = (
            (jnp.isin(value, jnp.array([0, EDGE]))).all()
            & (value.sum(0) == is_child).all()
            & jnp.where(is_child, (parent < self.node) & (earlier <= parent), True).all()
        )
        count: Int[Array, " node"] = value.sum(1, dtype=jnp.int32)
        log_prob = log_prob_occupancy(count, n, max(self.max_node - 1, 1), self._max_child) + jnp.log(n)
        return jnp.where(is_tree, log_prob, -jnp.inf)


class ReverseRandomTree(RandomTree):
    """A uniform labelled tree with a uniform root, edges toward the root: every table but one has a single child table.

    The topological order is the breadth-first order backwards. With ``max_parent``, child counts of the tree (here: numbers of
    parents) are conditioned on not exceeding it.

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
    """

    @property
    def _max_child(self) -> int:
        return self.max_parent

    def _turn(self, mark: Int8[Array, "cause effect"]) -> Int8[Array, "cause effect"]:
        """Reverse edges and order; an involution."""
        last = self.n_node - 1 - self.node
        inside = (last >= 0)[:, None] & (last >= 0)[None, :]
        return jnp.where(inside, mark[last[None, :], last[:, None]], 0)

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Draw a tree and reverse it."""
        return self._turn(super().draw(key))

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Log density of the reversed graph."""
        inside = (self.node < self.n_node)[:, None] & (self.node < self.n_node)[None, :]
        is_padded = jnp.where(inside, 0, value).sum() == 0
        return jnp.where(is_padded, super().density(self._turn(value)), -jnp.inf)
