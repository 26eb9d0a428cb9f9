"""Small worlds: a lattice whose links are rewired now and then."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.joins import draw_joins, log_prob_joins
from plurel_prob.distributions.graphs.law import BACKWARD, DROPPED, EDGE, JOINED, GraphLaw, edges


class Slot(NamedTuple):
    """One of a node's links in the lattice."""

    exists: Bool[Array, ""]
    link: Bool[Array, " node"]  # one-hot: the neighbour


class Choices(NamedTuple):
    """What a node's slots can link to."""

    is_open: Bool[Array, " node"]  # nodes to which an edge leaves room for another parent of its effect
    is_choice: Bool[Array, " node"]  # of these, the ones that a slot can be rewired to


class WattsStrogatz(GraphLaw):
    r"""A ring lattice in which every node links to its ``n_neighbor`` nearest, some links rewired; components are joined.

    A node owns a slot for each of its ``n_neighbor / 2`` next neighbours on the ring. Node after node, slot after slot, a slot
    is rewired with probability ``rewire_prob`` to a uniform choice of the nodes that are neither the owner's neighbours on
    the ring nor linked to it by another's slot yet; it stays where no such node is left. An edge goes from the lower to
    the higher of the two nodes; its mark says which of them owns it. With :math:`h` slots, :math:`m` choices at first and
    :math:`r \le m` slots rewired,

    .. math:: p(x_v) = \frac{p^r (1-p)^{h-r}}{\binom{m}{r}}.

    With ``max_parent``, a slot can only link to nodes that leave room for it (for all of the owner's slots, where the owner is
    the effect); a slot whose neighbour has no room is always rewired, or lost where no choice is left. Components are
    joined by edges of their own mark (:func:`draw_joins`).

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
        n_neighbor: even ``k``, 2 to ``max_neighbor``: neighbours of a node of the lattice.
        rewire_prob: probability that a slot is rewired.
        max_neighbor: static upper bound of ``n_neighbor``.
    """

    arg_constraints = {
        "n_node": constraints.positive_integer,
        "n_neighbor": constraints.positive_integer,
        "rewire_prob": constraints.unit_interval,
    }
    pytree_aux_fields = ("max_neighbor",)

    def __init__(
        self,
        n_node: ArrayLike,
        n_neighbor: ArrayLike,
        rewire_prob: ArrayLike,
        max_node: int,
        max_parent: int | None = None,
        max_neighbor: int = 4,
        *,
        validate_args: bool | None = None,
    ):
        self.max_neighbor = max_neighbor
        super().__init__(
            n_node,
            max_node,
            max_parent,
            n_neighbor=n_neighbor,
            rewire_prob=rewire_prob,
            validate_args=validate_args,
        )

    @property
    def _max_slot(self) -> int:
        return self.max_neighbor // 2

    def _slots(self, v: Array) -> list[Slot]:
        """The node's slots. Where the ring is so short that two slots would be one link, only the nearer one exists."""
        slots = []
        for distance in range(1, self._max_slot + 1):
            link = self.node == (v + distance) % self.n_node
            is_new = (2 * distance < self.n_node) | ((2 * distance == self.n_node) & (v + distance < self.n_node))
            slots.append(Slot((distance <= self.n_neighbor // 2) & is_new, link))
        return slots

    def _choices(self, v: Array, mark: Int8[Array, "cause effect"]) -> Choices:
        """What the node's slots can link to, given the marks that earlier nodes own."""
        n_parent = edges(mark).sum(0, dtype=jnp.int32)
        is_open = jnp.where(self.node > v, n_parent < self.max_parent, n_parent[v] + self._max_slot <= self.max_parent)
        is_open = is_open & (self.node != v) & (self.node < self.n_node)
        ahead, behind = (self.node - v) % self.n_node, (v - self.node) % self.n_node
        is_neighbor = jnp.minimum(ahead, behind) <= self.n_neighbor // 2
        is_linked = (mark[:, v] > 0) | (mark[v, :] > 0)
        return Choices(is_open & ~is_linked, is_open & ~is_neighbor & ~is_linked)

    def _own(self, v: Array, mark: Int8[Array, "cause effect"]) -> Bool[Array, " node"]:
        """Nodes to which marks link the node by its own slots."""
        return jnp.where(self.node > v, mark[v, :] == EDGE, mark[:, v] == BACKWARD)

    def _with(self, v: Array, mark: Int8[Array, "cause effect"], own: Bool[Array, " node"]) -> Int8[Array, "cause effect"]:
        """Marks with the node's own links."""
        mark = mark.at[v, :].max(jnp.where(own & (self.node > v), EDGE, 0).astype(jnp.int8))
        return mark.at[:, v].max(jnp.where(own & (self.node < v), BACKWARD, 0).astype(jnp.int8))

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Visit node after node, slot after slot; then join."""
        slot_key, join_key = random.split(key)

        def visit(v: Array, mark: Array) -> Array:
            is_open, is_choice = self._choices(v, mark)
            own = jnp.zeros(self.max_node, bool)
            for index, slot in enumerate(self._slots(v)):
                coin_key, choice_key = random.split(random.fold_in(random.fold_in(slot_key, v), index))
                n_choice = is_choice.sum(dtype=jnp.int32)
                rank = random.randint(choice_key, (), 0, jnp.maximum(n_choice, 1))
                chosen = is_choice & (jnp.cumsum(is_choice) == rank + 1)
                is_closed = ~(slot.link & is_open).any()
                is_rewired = (n_choice > 0) & ((random.uniform(coin_key) < self.rewire_prob) | is_closed)
                own = own | (slot.exists & jnp.where(is_rewired, chosen, slot.link & is_open))
                is_choice = is_choice & ~(chosen & is_rewired & slot.exists)
            return self._with(v, mark, own)

        empty = jnp.zeros((self.max_node, self.max_node), jnp.int8)
        return draw_joins(join_key, lax.fori_loop(0, self.n_node, visit, empty), self.n_node, self.max_parent)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Sum over the nodes of the log probability of their slots, and of the joins."""

        def visit(v: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            log_prob, mark = state
            is_open, is_choice = self._choices(v, mark)
            own = self._own(v, value)
            n_choice, n_rewired = is_choice.sum(), jnp.zeros((), jnp.int32)
            is_possible = is_choice
            for slot in self._slots(v):
                is_kept = (own & slot.link).any()
                is_closed = ~(slot.link & is_open).any()
                n_left = n_choice - n_rewired
                log_kept = jnp.where(n_left > 0, jnp.log1p(-self.rewire_prob), 0.0)
                # any of the rewired slots may have made any of the rewired links: (r + 1) of them at the r-th
                rewire_prob = jnp.where(is_closed, 1.0, self.rewire_prob)
                log_rewired = jnp.log(rewire_prob * (n_rewired + 1) / jnp.maximum(n_left, 1))
                log_not_kept = jnp.where(n_left > 0, log_rewired, jnp.where(is_closed, 0.0, -jnp.inf))
                log_prob += jnp.where(slot.exists, jnp.where(is_kept, log_kept, log_not_kept), 0.0)
                n_rewired += slot.exists & ~is_kept & (n_left > 0)
                is_possible = is_possible | (slot.exists & slot.link & is_open)
            possible = (is_possible | ~own).all() & ((own & is_choice).sum() == n_rewired)
            return jnp.where(possible, log_prob, -jnp.inf), self._with(v, mark, own)

        empty = jnp.zeros((self.max_node, self.max_node), jnp.int8)
        log_prob, mark = lax.fori_loop(0, self.n_node, visit, (jnp.zeros(()), empty))
        is_free = (value != JOINED) & (value != DROPPED)
        possible = (jnp.where(is_free, value, 0) == mark).all() & (value != DROPPED).all()
        return jnp.where(possible, log_prob + log_prob_joins(value, self.n_node, self.max_parent), -jnp.inf)
