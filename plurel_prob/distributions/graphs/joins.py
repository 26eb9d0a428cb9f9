"""Components of a graph, and the edges that join them."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, Int8, PRNGKeyArray

from plurel_prob.distributions.graphs.law import JOINED, edges


class Joining(NamedTuple):
    """Where the joining of components stands: the edges so far, and the nodes that are joined."""

    mark: Int8[Array, "cause effect"]
    is_joined: Bool[Array, " node"]

    def pairs(self, is_component: Bool[Array, " node"], max_parent: int) -> Bool[Array, "cause effect"]:
        """Edges that join a component to the rest, in the order of the nodes, to an effect that can take a parent."""
        between = self.is_joined[:, None] & is_component[None, :]
        is_open = edges(self.mark).sum(0) < max_parent
        return jnp.triu(between | between.T, 1) & is_open

    def with_edge(self, edge: Bool[Array, "cause effect"], is_component: Bool[Array, " node"]) -> "Joining":
        """The state after a component is joined by an edge."""
        return Joining(jnp.where(edge, jnp.int8(JOINED), self.mark), self.is_joined | is_component)


def components(edge: Bool[Array, "cause effect"], n_node: Int[Array, ""]) -> Int[Array, " node"]:
    """Smallest node of every node's component; padding is ``len(edge)``."""
    node = jnp.arange(len(edge))
    linked = edge | edge.T | jnp.eye(len(edge), dtype=bool)

    def spread(state: tuple[Array, Array]) -> tuple[Array, Array]:
        label, _ = state
        smallest = jnp.where(linked, label[None, :], len(edge)).min(1)
        smallest = smallest[jnp.minimum(smallest, len(edge) - 1)]  # a component's label is one of its nodes: jump
        return jnp.where(node < n_node, smallest, len(edge)), label

    start = jnp.where(node < n_node, node, len(edge))
    return lax.while_loop(lambda state: (state[0] != state[1]).any(), spread, spread((start, start)))[0]


def draw_joins(key: PRNGKeyArray, mark: Int8[Array, "cause effect"], n_node: Int[Array, ""], max_parent: int) -> Array:
    """Join the components of a graph, in the order of their smallest nodes, to those before.

    An edge is chosen uniformly among those between the component and the earlier ones whose effect has fewer than
    ``max_parent`` parents. One there always is: from node 0 to the component's smallest node.
    """
    label = components(edges(mark), n_node)

    def join(v: Array, state: Joining) -> Joining:
        pair = state.pairs(label == v, max_parent)
        count = jnp.cumsum(pair.sum(1))
        rank = random.randint(random.fold_in(key, v), (), 0, jnp.maximum(count[-1], 1))
        cause = (count <= rank).sum()
        rank_in_row = rank - jnp.where(cause > 0, count[cause - 1], 0)
        is_chosen = pair & (jnp.arange(len(pair)) == cause)[:, None] & (jnp.cumsum(pair, axis=1) == rank_in_row + 1)
        return state.with_edge(is_chosen, label == v)

    def visit(v: Array, state: Joining) -> Joining:
        return lax.cond(label[v] == v, join, lambda _, state: state, v, state)

    return lax.fori_loop(1, n_node, visit, Joining(mark, label == 0)).mark


def log_prob_joins(value: Int8[Array, "cause effect"], n_node: Int[Array, ""], max_parent: int) -> Float[Array, ""]:
    """Log probability of the joining edges of marks, given the other edges; minus infinity if they are not of this law."""
    free = jnp.where(value == JOINED, jnp.int8(0), value)
    label = components(edges(free), n_node)

    def join(v: Array, state: tuple[Joining, Array]) -> tuple[Joining, Array]:
        joining, log_prob = state
        pair = joining.pairs(label == v, max_parent)
        chosen = pair & (value == JOINED)
        log_choice = jnp.where(chosen.sum() == 1, -jnp.log(jnp.maximum(pair.sum(), 1)), -jnp.inf)
        return joining.with_edge(chosen, label == v), log_prob + log_choice

    def visit(v: Array, state: tuple[Joining, Array]) -> tuple[Joining, Array]:
        return lax.cond(label[v] == v, join, lambda _, state: state, v, state)

    start = (Joining(free, label == 0), jnp.zeros(()))
    joined, log_prob = lax.fori_loop(1, n_node, visit, start)
    return jnp.where((joined.mark == value).all(), log_prob, -jnp.inf)
