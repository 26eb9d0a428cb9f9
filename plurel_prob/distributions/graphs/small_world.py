"""Small worlds: a lattice whose links are rewired now and then."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.law import Attachment, GraphLaw, attachment


class Slot(NamedTuple):
    """One of a node's links in the lattice."""

    exists: Bool[Array, ""]
    link: Bool[Array, " node"]  # one-hot: the neighbour


class WattsStrogatz(GraphLaw):
    r"""A ring lattice in which every node links to its ``n_neighbor`` nearest, some links rewired.

    Nodes are attached from the middle of the topological order outwards (:class:`Attachment`). A node has one slot for
    each of its neighbours on the ring that are attached before it, so every link of the lattice is a slot once. Slot
    after slot is, with probability ``rewire_prob``, rewired to a uniform choice of the attached nodes that are neither its
    neighbours on the ring nor taken (nor, for a node that takes children, at their ``max_parent``); it stays where no such
    node is left. With :math:`h` slots, :math:`m` choices at first and :math:`r \le m` slots rewired,

    .. math:: p(x_v) = \frac{p^r (1-p)^{h-r}}{\binom{m}{r}}.

    A node rewires among the nodes attached before it: every node keeps a link into the connected part, where the
    released generator rewires freely and joins components afterwards. A node that takes parents has at most
    ``max_parent`` slots; a slot whose neighbour is at its ``max_parent`` (where the ring closes) is always rewired, or lost
    where no choice is left.

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
        n_neighbor: even ``k``, 2 to ``max_neighbor``: neighbours of an inner node of the lattice.
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

    def _slots(self, step: Attachment) -> list[Slot]:
        """The node's slots: toward the attached nodes first, then the other way around the ring; nearest first."""
        inward = jnp.where(step.takes_parents, -1, 1)
        limit = jnp.where(step.takes_parents, self.max_parent, self.max_node)
        taken, slots = jnp.zeros(self.max_node, bool), []
        for direction in (inward, -inward):
            for distance in range(1, self.max_neighbor // 2 + 1):
                link = self.node == (step.node + direction * distance) % self.n_node
                is_new = (step.is_attached & link & ~taken).any() & (taken.sum() < limit)
                exists = (distance <= self.n_neighbor // 2) & is_new
                taken = taken | (link & exists)
                slots.append(Slot(exists, link))
        return slots

    def _choices(self, step: Attachment, slots: list[Slot], mark: Array) -> tuple[Bool[Array, " node"], Bool[Array, " node"]]:
        """Attached nodes that can still take a parent, if that is asked of them; and those that a slot can be rewired to."""
        is_open = step.is_attached & (step.takes_parents | (step.n_parent(mark) < self.max_parent))
        is_neighbor = jnp.stack([slot.exists & slot.link for slot in slots]).any(0)
        return is_open, is_open & ~is_neighbor

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Attach node after node, slot after slot."""

        def attach(i: Array, mark: Array) -> Array:
            step = attachment(self.n_node, i, self.node)
            slots = self._slots(step)
            is_open, is_choice = self._choices(step, slots, mark)
            is_link = jnp.zeros(self.max_node, bool)
            for index, slot in enumerate(slots):
                coin_key, choice_key = random.split(random.fold_in(random.fold_in(key, i), index))
                n_choice = is_choice.sum(dtype=jnp.int32)
                rank = random.randint(choice_key, (), 0, jnp.maximum(n_choice, 1))
                chosen = is_choice & (jnp.cumsum(is_choice) == rank + 1)
                is_closed = ~(slot.link & is_open).any()
                is_rewired = (n_choice > 0) & ((random.uniform(coin_key) < self.rewire_prob) | is_closed)
                is_link = is_link | (slot.exists & jnp.where(is_rewired, chosen, slot.link & is_open))
                is_choice = is_choice & ~(chosen & is_rewired & slot.exists)
            return step.join(mark, is_link)

        empty = jnp.zeros((self.max_node, self.max_node), jnp.int8)
        return lax.fori_loop(1, self.n_node, attach, empty)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Sum over the attachments of the log probability of their slots."""

        def attach(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            log_prob, n_edge = state
            step = attachment(self.n_node, i, self.node)
            slots = self._slots(step)
            is_open, is_choice = self._choices(step, slots, value)
            link = (step.of(value) == 1) & step.is_attached
            n_choice, n_rewired = is_choice.sum(), jnp.zeros((), jnp.int32)
            is_possible = is_choice
            for slot in slots:
                is_kept = (link & slot.link).any()
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
            possible = (is_possible | ~link).all() & ((link & is_choice).sum() == n_rewired)
            return jnp.where(possible, log_prob, -jnp.inf), n_edge + link.sum(dtype=jnp.int32)

        log_prob, n_edge = lax.fori_loop(1, self.n_node, attach, (jnp.zeros(()), jnp.zeros((), jnp.int32)))
        return jnp.where(n_edge == value.astype(jnp.int32).sum(), log_prob, -jnp.inf)
