"""Small worlds: a lattice whose links are rewired now and then."""

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.law import Attachment, GraphLaw, attachment


class WattsStrogatz(GraphLaw):
    r"""A lattice in which every node links to its ``n_neighbor / 2`` nearest, some links rewired.

    Nodes are attached from the middle of the topological order outwards (:class:`Attachment`). A node has one slot for each
    of its :math:`h = k/2` nearest attached nodes. Slot after slot is, with probability ``rewire_prob``, rewired to a uniform
    choice of the attached nodes that are neither among the :math:`h` nearest nor taken (nor, for a node that takes children, at
    their ``max_parent``); it stays where no such node is left. With :math:`m` choices at first and :math:`r` slots rewired,

    .. math:: p(x_v) = \frac{p^r (1-p)^{h-r}}{\binom{m}{r}}.

    The lattice is a path, not a ring, and a node rewires among the nodes attached before it: every node keeps a link
    into the connected part, where the released generator rewires freely and joins components afterwards.

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

    def _choices(self, step: Attachment, n_slot: Array, mark: Array) -> tuple[Bool[Array, " node"], Bool[Array, " node"]]:
        """The nearest attached nodes, and the other ones that a slot can be rewired to."""
        is_nearest = step.is_attached & (jnp.abs(self.node - step.node) <= n_slot)
        is_open = step.takes_parents | (step.n_parent(mark) < self.max_parent)
        return is_nearest, step.is_attached & ~is_nearest & is_open

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Attach node after node, slot after slot."""

        def attach(i: Array, mark: Array) -> Array:
            step = attachment(self.n_node, i, self.node)
            n_slot = jnp.minimum(self.n_neighbor // 2, i)
            is_link, is_choice = self._choices(step, n_slot, mark)
            for slot in range(self.max_neighbor // 2):
                coin_key, choice_key = random.split(random.fold_in(random.fold_in(key, i), slot))
                n_choice = is_choice.sum(dtype=jnp.int32)
                rank = random.randint(choice_key, (), 0, jnp.maximum(n_choice, 1))
                chosen = is_choice & (jnp.cumsum(is_choice) == rank + 1)
                is_rewired = (slot < n_slot) & (n_choice > 0) & (random.uniform(coin_key) < self.rewire_prob)
                was = jnp.abs(self.node - step.node) == slot + 1
                is_link = jnp.where(is_rewired, (is_link & ~was) | chosen, is_link)
                is_choice = is_choice & ~(chosen & is_rewired)
            return step.join(mark, is_link)

        empty = jnp.zeros((self.max_node, self.max_node), jnp.int8)
        return lax.fori_loop(1, self.n_node, attach, empty)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Sum over the attachments of the log probability of their slots."""

        def attach(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            log_prob, n_edge = state
            step = attachment(self.n_node, i, self.node)
            n_slot = jnp.minimum(self.n_neighbor // 2, i)
            is_nearest, is_choice = self._choices(step, n_slot, value)
            link = (step.of(value) == 1) & step.is_attached
            n_choice, n_rewired = is_choice.sum(), jnp.zeros((), jnp.int32)
            for slot in range(self.max_neighbor // 2):
                is_kept = (link & (jnp.abs(self.node - step.node) == slot + 1)).any()
                n_left = n_choice - n_rewired
                log_kept = jnp.where(n_left > 0, jnp.log1p(-self.rewire_prob), 0.0)
                # any of the rewired slots may have made any of the rewired links: (r + 1) of them at the r-th
                log_rewired = jnp.where(
                    n_left > 0, jnp.log(self.rewire_prob * (n_rewired + 1) / jnp.maximum(n_left, 1)), -jnp.inf
                )
                log_prob += jnp.where(slot < n_slot, jnp.where(is_kept, log_kept, log_rewired), 0.0)
                n_rewired += (slot < n_slot) & ~is_kept
            possible = ((is_nearest | is_choice) | ~link).all() & ((link & is_choice).sum() == n_rewired)
            return jnp.where(possible, log_prob, -jnp.inf), n_edge + link.sum(dtype=jnp.int32)

        log_prob, n_edge = lax.fori_loop(1, self.n_node, attach, (jnp.zeros(()), jnp.zeros((), jnp.int32)))
        return jnp.where(n_edge == value.astype(jnp.int32).sum(), log_prob, -jnp.inf)
