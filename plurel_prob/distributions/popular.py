"""Foreign keys whose parents differ in popularity, and whose rows come in runs of one parent."""

from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray, UInt32
from numpyro.distributions import constraints

from plurel_prob.blocks import BLOCK, block_key, n_block
from plurel_prob.distributions.hsbm import HSBM, run_length
from plurel_prob.distributions.permutation import place_of

TOTAL = 2.0**30  # of weights, about: cumulative sums of 32-bit integers are exact
COVERING = 2**31 - 1  # folded into a key for the permutation; blocks have smaller numbers
MAX_NORMAL = 5.0  # a parent more popular than that is one of three million


class PopularHSBM(HSBM):
    r"""Parent row of every child row under a degree-corrected block model with runs.

    A parent :math:`p` has the popularity :math:`w_p`: 0 with probability ``inactive_rate``, and otherwise log-normal,
    :math:`\log w_p \sim N(0, \text{popularity}^2)`. It is a function of ``popularity_key``, in steps of about :math:`2^{-30}` of
    all parents' sum. If every parent were inactive, all are alike. A child by itself has the parent p with

    .. math:: Q(p \mid c) \propto w_p \prod_\ell \Lambda_{\ell, z_\ell(p), z_\ell(c)}

    with clusters as in :class:`HSBM` (Karrer and Newman, 2011, Physical Review E 83, 016107). The first child of a block of 1,024
    rows has a parent by itself; every other one has that of the row before with probability ``repeat_prob``:

    .. math:: P(p_i \mid p_{i-1}) = \rho \, 1[p_i = p_{i-1}] + (1 - \rho) \, Q(p_i \mid i).

    With ``is_covering``, every parent has a child, if there are as many children; if not, no parent has two. A permutation that
    ``popularity_key`` selects (:func:`place_of`) has all children, or as many numbers as there are parents: a child whose place
    is below the number of parents has the parent of that number, and others have parents as above.

    Or, with ``is_sorted``, the children are in the order of their parents, once or in rounds. A round has n children,
    ``round_size`` times as many as there are parents, but no more than there are children. Each has a stretch of its own of the
    parents' cumulative popularity: from :math:`q i + \min(i, r)` on for child i of the round, where q and r are quotient and
    rest of all popularity by n. Its parent is the one in whose stretch a point drawn from its own falls. Clusters and runs are
    nothing then.

    Time and memory are linear in parents and children. The event is that of :class:`HSBM`, and so are the other arguments.

    Args:
        popularity: standard deviation of the log of popularity.
        inactive_rate: probability that a parent has no children.
        repeat_prob: probability that a row has the parent of the row before.
        is_covering: whether parents have a child each, 0 or 1.
        is_sorted: whether children are in the order of their parents, 0 or 1.
        round_size: children of a round of parents in order, over the number of parents.
        popularity_key: shape ``(2,)``, words of a random key.
        max_parent: static bound on the parents, by default that on the children.
    """

    arg_constraints = {
        **HSBM.arg_constraints,
        "popularity": constraints.nonnegative,
        "inactive_rate": constraints.unit_interval,
        "repeat_prob": constraints.unit_interval,
        "is_covering": constraints.boolean,
        "is_sorted": constraints.boolean,
        "round_size": constraints.positive,
        "popularity_key": constraints.independent(constraints.nonnegative_integer, 1),
    }
    pytree_aux_fields = ("max_parent",)

    def __init__(
        self,
        affinity: Float[Array, "*batch level cluster cluster"],
        n_parent_cluster: Int[Array, "*batch2 level"],
        n_child_cluster: Int[Array, "*batch3 level"],
        n_parent: ArrayLike,
        n_child: ArrayLike,
        max_child: int,
        n_skipped_block: ArrayLike = 0,
        *,
        popularity: ArrayLike,
        inactive_rate: ArrayLike,
        repeat_prob: ArrayLike,
        is_covering: ArrayLike = 0,
        is_sorted: ArrayLike = 0,
        round_size: ArrayLike = 1e9,
        popularity_key: UInt32[Array, "*batch4 2"],
        max_parent: int | None = None,
        validate_args: bool | None = None,
    ):
        self.max_parent = max_child if max_parent is None else max_parent
        blocks = affinity, n_parent_cluster, n_child_cluster, n_parent, n_child, max_child, n_skipped_block
        more: dict[str, Any] = {"popularity": popularity, "inactive_rate": inactive_rate, "repeat_prob": repeat_prob}
        more |= {"is_covering": is_covering, "is_sorted": is_sorted, "round_size": round_size}
        super().__init__(*blocks, **more, popularity_key=popularity_key, validate_args=validate_args)

    def weights(self) -> Int[Array, " parent"]:
        """Popularity of every parent, as an integer; 0 where it is inactive, and beyond the parents."""
        key, row = random.wrap_key_data(self.popularity_key), jnp.arange(-(-self.max_parent // BLOCK) * BLOCK)

        def draw_block(block: Array, drawn: Array) -> Array:
            normal_key, active_key = random.split(block_key(key, block))
            normal = jnp.clip(random.normal(normal_key, (BLOCK,)), -MAX_NORMAL, MAX_NORMAL)
            is_active = random.uniform(active_key, (BLOCK,)) >= self.inactive_rate
            popularity = jnp.where(is_active, jnp.exp(self.popularity * normal), 0.0)
            return lax.dynamic_update_slice(drawn, popularity, (block * BLOCK,))

        drawn = lax.fori_loop(0, n_block(self.n_parent), draw_block, jnp.zeros(len(row)))
        drawn = jnp.where(row < self.n_parent, drawn, 0.0)
        drawn = jnp.where(drawn.any(), drawn, row < self.n_parent)
        return jnp.where(drawn > 0, jnp.maximum(drawn * (TOTAL / drawn.sum()), 1.0), 0.0).astype(jnp.int32)

    def parents(self) -> Any:
        """Parents by their popularity: as :class:`PopularParents`."""
        before = jnp.concatenate([jnp.zeros(1, jnp.int32), jnp.cumsum(self.weights())])
        run, base = run_length(self.n_parent, self.n_parent_cluster), jnp.arange(self.max_base)
        first = jnp.minimum(base, self.n_parent // run + 1) * run  # no overflow beyond the last parent
        start = before[jnp.minimum(first, self.n_parent)]
        return PopularParents(before[jnp.minimum(first + run, self.n_parent)] - start, start, before[1:])

    def _draw_block(
        self, key: PRNGKeyArray, parents: "PopularParents", cumulative: Float[Array, "base base"], block: Array
    ) -> Int[Array, " row"]:
        def in_order() -> Int[Array, " row"]:
            child = block * BLOCK + jnp.arange(BLOCK)
            start, end = self._stretch(parents, child)
            point = random.randint(block_key(key, block), (BLOCK,), start, jnp.maximum(end, start + 1))
            parent = jnp.searchsorted(parents.cumulative, point, side="right").astype(jnp.int32)
            return jnp.where(child < self.n_child, parent, -1)

        plain = partial(super()._draw_block, key, parents, cumulative, block)
        return lax.cond(jnp.asarray(self.is_sorted) == 1, in_order, plain)

    def _stretch(self, parents: "PopularParents", child: Int[Array, " child"]) -> tuple[Array, Array]:
        """From where and up to where in the cumulative popularity children have their parents, where they are in order."""
        n = jnp.clip(jnp.round(jnp.minimum(self.round_size * self.n_parent, self.n_child)), 1).astype(jnp.int32)
        place, quotient, rest = child % n, parents.cumulative[-1] // n, parents.cumulative[-1] % n
        start = quotient * place + jnp.minimum(place, rest)
        return start, start + quotient + (place < rest)

    def _covered(self, child: Int[Array, " child"]) -> Int[Array, " child"]:
        """The parent that a child has so that its parent has one; as many as there are parents where it has any."""

        def places() -> Int[Array, " child"]:
            key = random.fold_in(random.wrap_key_data(self.popularity_key), COVERING)
            return place_of(key, child, jnp.maximum(self.n_parent, jnp.maximum(self.n_child, 1))).astype(jnp.int32)

        is_covering = (jnp.asarray(self.is_covering) == 1) & (jnp.asarray(self.is_sorted) == 0)
        return jnp.minimum(lax.cond(is_covering, places, lambda: jnp.full(child.shape, self.n_parent, jnp.int32)), self.n_parent)

    def _settle(self, key: PRNGKeyArray, child: Int[Array, " row"], parent: Int[Array, " row"]) -> Int[Array, " row"]:
        row, covered = jnp.arange(BLOCK), self._covered(child)
        is_free = covered == self.n_parent
        repeats = (random.uniform(random.fold_in(key, 1), (BLOCK,)) < self.repeat_prob) & (row > 0) & is_free
        return jnp.where(is_free, parent, covered)[lax.cummax(jnp.where(repeats, 0, row))]

    def _log_probs(self, value: Int[Array, " child"], child: Int[Array, " child"]) -> Float[Array, " child"]:
        parents = self.parents()
        before = jnp.concatenate([jnp.zeros(1, jnp.int32), parents.cumulative])
        row = jnp.clip(value, 0, len(parents.cumulative) - 1)

        def in_order() -> Float[Array, " child"]:
            start, end = self._stretch(parents, child)
            shared = jnp.minimum(before[row + 1], end) - jnp.maximum(before[row], start)
            return jnp.log(jnp.maximum(shared, 0)) - jnp.log(jnp.maximum(end - start, 1))

        return lax.cond(jnp.asarray(self.is_sorted) == 1, in_order, lambda: self._in_blocks(parents, before, row, value, child))

    def _in_blocks(
        self, parents: "PopularParents", before: Array, row: Array, value: Int[Array, " child"], child: Int[Array, " child"]
    ) -> Float[Array, " child"]:
        """Log probabilities where children are in no order."""
        log_weight, child_base = self._log_weights(value, child)
        log_total = jnp.log(jnp.where(parents.mass > 0, self.base_weight() * parents.mass, 0.0).sum(axis=1))
        by_itself = log_weight + jnp.log(before[row + 1] - before[row]) - log_total[child_base]
        is_first = jnp.arange(self.max_child) % BLOCK == 0
        repeats = jnp.where(value == jnp.roll(value, 1), jnp.log(self.repeat_prob), -jnp.inf)
        free = jnp.where(is_first, by_itself, jnp.logaddexp(repeats, jnp.log1p(-self.repeat_prob) + by_itself))
        covered = self._covered(child)
        return jnp.where(covered == self.n_parent, free, jnp.where(value == covered, 0.0, -jnp.inf))


class PopularParents(NamedTuple):
    """Parents in base clusters, by their weights."""

    mass: Int[Array, " base"]  # what those of a base cluster weigh together
    start: Int[Array, " base"]  # what all before the base cluster weigh
    cumulative: Int[Array, " parent"]

    def draw(self, key: PRNGKeyArray, base: Int[Array, " row"]) -> Int[Array, " row"]:
        """Draw a parent of a base cluster for each child."""
        place = self.start[base] + random.randint(key, base.shape, 0, jnp.maximum(self.mass[base], 1))
        return jnp.searchsorted(self.cumulative, place, side="right").astype(jnp.int32)
