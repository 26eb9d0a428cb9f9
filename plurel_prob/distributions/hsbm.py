"""Foreign keys as a bipartite hierarchical stochastic block model."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray, UInt32
from numpyro.distributions import constraints

from plurel_prob.batches import joined, map_chunks, with_rule
from plurel_prob.blocks import BLOCK, block_at, block_key, n_block
from plurel_prob.distributions.elementwise import Elementwise, Keys, index_argument


class HSBM(Elementwise):
    r"""Parent row of every child row under a hierarchical stochastic block model.

    On each level :math:`\ell` parents and children fall into clusters. A side with :math:`K = \prod_\ell k_\ell` base
    clusters has them as contiguous runs of :math:`\lceil n/K \rceil` rows, in row order (the last ones may be short or
    empty); the index of a base cluster, in mixed radix with level 0 most significant, gives its cluster
    :math:`z_\ell` on each level. Independently for every child :math:`c`,

    .. math:: P(p \mid c) \propto \prod_\ell \Lambda_{\ell, z_\ell(p), z_\ell(c)}.

    It depends on :math:`p` through its base cluster only, so a base cluster is drawn (in proportion to weight times size) and
    then a uniform member: time and memory are linear in the children.

    The event has shape ``(max_child,)``, int32: the parent of child ``i`` for ``i < n_child``, else -1. Children are
    drawn in blocks of 1,024, each with a key of its own, so some blocks can be drawn without the others.

    Args:
        affinity: shape ``(level, max_cluster, max_cluster)``, positive: parent's cluster, then child's. Levels with one
            cluster on either side may have any value there; unused entries are ignored.
        n_parent_cluster: shape ``(level,)``, clusters of the parents on each level; 1 on unused levels.
        n_child_cluster: shape ``(level,)``, clusters of the children.
        n_parent: number of parent rows.
        n_child: number of child rows; 0 draws nothing.
        max_child: static length of the event: children beyond it are left out.
        n_skipped_block: blocks of children that are left out after the first eight (:func:`plurel_prob.blocks.block_at`).
        of_parents: parameters of laws that are made of this one.
    """

    arg_constraints = {
        "affinity": constraints.independent(constraints.positive, 3),
        "n_parent_cluster": constraints.independent(constraints.positive_integer, 1),
        "n_child_cluster": constraints.independent(constraints.positive_integer, 1),
        "n_parent": constraints.positive_integer,
        "n_child": constraints.nonnegative_integer,
        "n_skipped_block": constraints.nonnegative_integer,
    }
    pytree_aux_fields = ("max_child",)

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
        validate_args: bool | None = None,
        **of_parents: ArrayLike,
    ):
        self.max_child = max_child
        super().__init__(
            (max_child,),
            affinity=affinity,
            n_parent_cluster=index_argument(n_parent_cluster),
            n_child_cluster=index_argument(n_child_cluster),
            n_parent=index_argument(n_parent),
            n_child=index_argument(n_child),
            n_skipped_block=index_argument(n_skipped_block),
            validate_args=validate_args,
            **of_parents,
        )

    @property
    def support(self) -> constraints.Constraint:
        """Row indices; -1 beyond the children."""
        return constraints.independent(constraints.integer_greater_than(-2), 1)

    @property
    def max_base(self) -> int:
        """Static bound on the base clusters of a side."""
        n_level, max_cluster = self.affinity.shape[-3:-1]
        return int(max_cluster**n_level)

    def base_size(self) -> Int[Array, " base"]:
        """Number of parent rows in each base cluster."""
        run = run_length(self.n_parent, self.n_parent_cluster)
        first = jnp.minimum(jnp.arange(self.max_base), self.n_parent // run + 1) * run  # no overflow beyond the last parent
        return jnp.clip(self.n_parent - first, 0, run)

    def base_weight(self) -> Float[Array, "child_base parent_base"]:
        """Product over the levels of the affinity between a child's and a parent's base cluster."""
        base = jnp.arange(self.max_base)
        return jax.vmap(self._weights, (0, None))(base, cluster_of(base, self.n_parent_cluster))

    def _weights(self, child_base: Array, parent_cluster: Int[Array, "level base"]) -> Float[Array, " parent_base"]:
        child_cluster = cluster_of(child_base[None], self.n_child_cluster)[:, 0]
        weight = jnp.ones(self.max_base)
        for level, affinity in enumerate(self.affinity):
            weight = weight * affinity[parent_cluster[level], child_cluster[level]]
        return weight

    def draw_elements(self, keys: Keys) -> Int[Array, "element child"]:
        """Draw links. Under ``vmap``, accelerators draw those of many databases that have children side by side."""

        def plain(links: HSBM, words: UInt32[Array, "element 2"]) -> Array:
            return lax.map(lambda pair: pair[0].draw(pair[1]), (links, random.wrap_key_data(words)))

        def many(n: int, *of: Any) -> Array:
            links, words = joined(of)
            pairs, none = (links, random.wrap_key_data(words)), jnp.full((len(words), self.max_child), -1, jnp.int32)
            drawn = map_chunks(lambda pair: pair[0]._draw_at_once(pair[1]), pairs, links.n_child > 0, none)
            return drawn.reshape(n, -1, self.max_child)

        return with_rule(plain, many)(self, random.key_data(keys))

    def draw(self, key: PRNGKeyArray) -> Int[Array, " child"]:
        """Draw block after block of children; a link without children costs nothing."""
        empty = jnp.full(-(-self.max_child // BLOCK) * BLOCK, -1, jnp.int32)
        drawn = lax.cond(self.n_child > 0, lambda: self._draw_blocks(key, empty), lambda: empty)
        return drawn[: self.max_child]

    def _draw_at_once(self, key: PRNGKeyArray) -> Int[Array, " child"]:
        """Draw all blocks of children that there can be side by side."""
        block, parents = block_at(jnp.arange(-(-self.max_child // BLOCK)), self.n_skipped_block), self.parents()
        cumulative = jnp.cumsum(self.base_weight() * parents.mass, axis=1)
        return jax.vmap(partial(self._draw_block, key, parents, cumulative))(block).reshape(-1)[: self.max_child]

    def _draw_blocks(self, key: PRNGKeyArray, empty: Array) -> Int[Array, " child"]:
        parents, parent_cluster = self.parents(), cluster_of(jnp.arange(self.max_base), self.n_parent_cluster)

        def tabulate(child_base: Array, cumulative: Array) -> Array:
            return cumulative.at[child_base].set(jnp.cumsum(self._weights(child_base, parent_cluster) * parents.mass))

        # row after row: few links have as many base clusters as there can be
        none = jnp.zeros((self.max_base, self.max_base))
        cumulative = lax.fori_loop(0, jnp.prod(self.n_child_cluster), tabulate, none)

        def draw_block(position: Array, parent: Array) -> Array:
            drawn = self._draw_block(key, parents, cumulative, block_at(position, self.n_skipped_block))
            return lax.dynamic_update_slice(parent, drawn, (position * BLOCK,))

        n_held = jnp.minimum(n_block(self.n_child) - self.n_skipped_block, len(empty) // BLOCK)
        return lax.fori_loop(0, n_held, draw_block, empty)

    def _draw_block(
        self, key: PRNGKeyArray, parents: Any, cumulative: Float[Array, "base base"], block: Array
    ) -> Int[Array, " row"]:
        """Draw the parents of a block of children from cumulative weights of base clusters."""
        last_filled = jnp.where(parents.mass > 0, jnp.arange(self.max_base), 0).max()
        base_key, member_key = random.split(block_key(key, block))
        child = block * BLOCK + jnp.arange(BLOCK)
        child_base = jnp.minimum(child // run_length(self.n_child, self.n_child_cluster), self.max_base - 1)
        threshold = random.uniform(base_key, (BLOCK,)) * cumulative[child_base, -1]
        # the product above can be rounded up to the total, which no cumulative sum exceeds: then the last base with parents
        base = jnp.minimum(count_at_most(cumulative, child_base, threshold), last_filled)
        return jnp.where(child < self.n_child, self._settle(member_key, child, parents.draw(member_key, base)), -1)

    def parents(self) -> Any:
        """What the parents of each base cluster weigh together, and how one of them is drawn: as :class:`EqualParents`."""
        return EqualParents(self.base_size(), run_length(self.n_parent, self.n_parent_cluster))

    def _settle(self, key: PRNGKeyArray, child: Int[Array, " row"], parent: Int[Array, " row"]) -> Int[Array, " row"]:
        """Parents of a block's children from those that are drawn for each of them by itself."""
        return parent

    def density(self, value: Int[Array, " child"]) -> Float[Array, ""]:
        """Sum over the children of the log probability of their parents; a link without children costs nothing."""
        return lax.cond(self.n_child > 0, self._density, lambda value: jnp.where((value == -1).all(), 0.0, -jnp.inf), value)

    def _density(self, value: Int[Array, " child"]) -> Float[Array, ""]:
        place = jnp.arange(self.max_child)
        child = block_at(place // BLOCK, self.n_skipped_block) * BLOCK + place % BLOCK
        log_prob = self._log_probs(value, child)
        is_child = child < self.n_child
        valid = jnp.where(is_child, (value >= 0) & (value < self.n_parent), value == -1).all()
        return jnp.where(valid, jnp.where(is_child, log_prob, 0.0).sum(), -jnp.inf)

    def _log_probs(self, value: Int[Array, " child"], child: Int[Array, " child"]) -> Float[Array, " child"]:
        """Log probabilities of the parents of children that there are."""
        log_weight, child_base = self._log_weights(value, child)
        child_cluster = cluster_of(jnp.arange(self.max_base), self.n_child_cluster)
        return log_weight - jnp.log(self._total(child_cluster))[child_base]

    def _log_weights(self, value: Int[Array, " child"], child: Int[Array, " child"]) -> tuple[Array, Array]:
        """Sums of log affinities of children and their parents over the levels; base clusters of children."""
        # clusters and logarithms of the base clusters there are, looked up by children: these would take a dozen divisions each
        base = jnp.arange(self.max_base)
        child_cluster, parent_cluster = cluster_of(base, self.n_child_cluster), cluster_of(base, self.n_parent_cluster)
        child_base = jnp.minimum(child // run_length(self.n_child, self.n_child_cluster), self.max_base - 1)
        parent_base = jnp.clip(jnp.clip(value, 0) // run_length(self.n_parent, self.n_parent_cluster), 0, self.max_base - 1)
        log_weight = jnp.zeros(len(child))
        known = jnp.log(jnp.where(self.affinity > 0, self.affinity, 1.0))  # what is not used can be 0, and gradients NaN by it
        for log_affinity, parent, of_child in zip(known, parent_cluster, child_cluster, strict=True):
            log_weight += log_affinity[parent[parent_base], of_child[child_base]]
        return log_weight, child_base

    def _total(self, child_cluster: Int[Array, "level base"]) -> Float[Array, " base"]:
        r"""Sum over all parents of their weights for children of base clusters.

        A base cluster's weight is a product over levels, so sums over all clusters of a level factor. The first :math:`F` base
        clusters are full; they are those whose digits on level 0 are below that of :math:`F`, or the same and on level 1 below,
        and so on. The next one has what rows are left, and the others none.
        """
        run = run_length(self.n_parent, self.n_parent_cluster)
        n_full, rest = self.n_parent // run, self.n_parent % run
        digit = n_full // places_of(self.n_parent_cluster)
        digit = jnp.where(jnp.arange(len(digit)) == 0, digit, digit % self.n_parent_cluster)  # F may be the number of all
        cluster = jnp.arange(self.affinity.shape[-1])[:, None]
        total, below, last = jnp.ones(()), jnp.zeros(()), jnp.ones(())  # all clusters of lower levels, those before F, F itself
        for level in reversed(range(len(digit))):
            weight = self.affinity[level][:, child_cluster[level]]
            weight = jnp.where(cluster < self.n_parent_cluster[level], weight, 0.0)
            here = jnp.where(cluster == digit[level], weight, 0.0).sum(0)
            below = jnp.where(cluster < digit[level], weight, 0.0).sum(0) * total + here * below
            total, last = weight.sum(0) * total, here * last
        return run * below + rest * last


class EqualParents(NamedTuple):
    """Parents in base clusters, all alike within one."""

    mass: Int[Array, " base"]  # what those of a base cluster weigh together: their number
    run: Int[Array, ""]  # rows of a full base cluster

    def draw(self, key: PRNGKeyArray, base: Int[Array, " row"]) -> Int[Array, " row"]:
        """Draw a parent of a base cluster for each child."""
        return base * self.run + random.randint(key, base.shape, 0, jnp.maximum(self.mass[base], 1))


def run_length(n_row: ArrayLike, n_cluster: Int[Array, " level"]) -> Int[Array, ""]:
    """Rows of a full base cluster, ``ceil(n / K)``; at least 1."""
    n_base = jnp.prod(n_cluster)
    return jnp.maximum((jnp.asarray(n_row) + n_base - 1) // n_base, 1)


def cluster_of(base: Int[Array, " base"], n_cluster: Int[Array, " level"]) -> Int[Array, "level base"]:
    """Cluster on each level of a base cluster: its digits in mixed radix, level 0 most significant."""
    return (base // places_of(n_cluster)[:, None]) % n_cluster[:, None]


def places_of(n_cluster: Int[Array, " level"]) -> Int[Array, " level"]:
    """What a digit of each level is worth: the clusters of all lower levels, multiplied."""
    return jnp.cumprod(jnp.concatenate([jnp.ones(1, n_cluster.dtype), n_cluster[:0:-1]]))[::-1]


def count_at_most(
    cumulative: Float[Array, "child_base parent_base"], row: Int[Array, " child"], threshold: Float[Array, " child"]
) -> Int[Array, " child"]:
    """How many entries of ``cumulative[row]`` do not exceed ``threshold``, by bisection."""
    n = cumulative.shape[1]
    low, high = jnp.zeros_like(row), jnp.full_like(row, n)
    for _ in range(n.bit_length()):
        middle = (low + high) // 2
        goes_right = (middle < high) & (cumulative[row, jnp.minimum(middle, n - 1)] <= threshold)
        low, high = jnp.where(goes_right, middle + 1, low), jnp.where(goes_right, high, middle)
    return low
