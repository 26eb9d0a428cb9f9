"""Stage 2: the parent row of every child row, for every foreign key."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax import lax
from jaxtyping import Array, Bool, Float, Int
from numpyro.handlers import mask

from plurel_prob.blocks import HeldBlocks
from plurel_prob.distributions import HSBM, PopularHSBM, RandomKey
from plurel_prob.models.kinds import EXTENSION
from plurel_prob.models.schema import Schema
from plurel_prob.priors.fields import upper_bound
from plurel_prob.priors.stages import LinkPrior, PopularLinkPrior

ONCE = 1e9  # children of a round, over parents: more than there are


class Links(NamedTuple):
    """Stage 2 of a database. Unused levels have one cluster a side."""

    n_level: Int[Array, "table foreign_key"]
    n_parent_cluster: Int[Array, "table foreign_key level"]
    n_child_cluster: Int[Array, "table foreign_key level"]
    affinity: Float[Array, "table foreign_key level cluster cluster"]  # parent's cluster, then child's
    parent_row: Int[Array, "table foreign_key row"]  # -1 where there is no row or no key


def links(prior: LinkPrior, schema: Schema, max_row: int, held: HeldBlocks) -> Links:
    r"""Stage 2 (PluRel, arXiv:2602.04029): a hierarchical stochastic block model for every foreign key.

    .. math:: L \sim p(L), \quad k^\text{parent}_\ell, k^\text{child}_\ell \sim p(k), \quad
        \Lambda_\ell \sim p(\Lambda), \quad \text{parent row} \sim \text{HSBM}(\Lambda, k)

    On every level, matching clusters (index ``i`` modulo the numbers of clusters of the two sides) have one high
    affinity, all others a low random one. With a :class:`PopularLinkPrior`, parents differ in popularity besides, and rows come
    in runs of one parent (:class:`plurel_prob.distributions.PopularHSBM`).

    Args:
        prior: levels, clusters, affinities.
        schema: stage 1.
        max_row: static bound on the rows of a table that are held.
        held: the blocks of rows that are drawn.
    """
    max_table, max_parent = schema.parent_table.shape
    max_level, max_cluster = upper_bound(prior.n_level), upper_bound(prior.n_cluster)
    is_key = schema.parent_table >= 0
    table = numpyro.plate("table", max_table, dim=-2)
    foreign_key = numpyro.plate("foreign_key", max_parent, dim=-1)

    with table, foreign_key, mask(mask=is_key):
        n_level = numpyro.sample("n_level", prior.n_level)
    is_level = is_key[..., None] & (jnp.arange(max_level) < n_level[..., None])
    with (
        numpyro.plate("table", max_table, dim=-3),
        numpyro.plate("foreign_key", max_parent, dim=-2),
        numpyro.plate("level", max_level, dim=-1),
        mask(mask=is_level),
    ):
        n_parent_cluster = numpyro.sample("n_parent_cluster", prior.n_cluster)
        n_child_cluster = numpyro.sample("n_child_cluster", prior.n_cluster)
    n_parent_cluster = jnp.where(is_level, n_parent_cluster, 1)
    n_child_cluster = jnp.where(is_level, n_child_cluster, 1)

    cluster = jnp.arange(max_cluster)
    is_pair = (cluster[:, None] < n_parent_cluster[..., None, None]) & (cluster < n_child_cluster[..., None, None])
    matches = matching(n_parent_cluster, n_child_cluster, max_cluster)
    with (
        numpyro.plate("table", max_table, dim=-5),
        numpyro.plate("foreign_key", max_parent, dim=-4),
        numpyro.plate("level", max_level, dim=-3),
        numpyro.plate("parent_cluster", max_cluster, dim=-2),
        numpyro.plate("child_cluster", max_cluster, dim=-1),
        mask(mask=is_level[..., None, None] & is_pair & ~matches),
    ):
        affinity = numpyro.sample("affinity", prior.affinity)
    affinity = jnp.where(matches, prior.matching_affinity, jnp.maximum(affinity, 1e-6))

    n_child = jnp.where(is_key, schema.n_row[:, None], 0)
    n_parent = jnp.where(is_key, schema.n_row[schema.parent_table], 1)
    blocks = affinity, n_parent_cluster, n_child_cluster, n_parent, n_child, max_row, held.skipped[:, None]
    parents = of_parents(prior, schema) if isinstance(prior, PopularLinkPrior) else {}
    with table, foreign_key:
        law = PopularHSBM(*blocks, **parents) if parents else HSBM(*blocks)
        parent_row = numpyro.sample("parent_row", law)
    return Links(n_level, n_parent_cluster, n_child_cluster, affinity, parent_row)


def of_parents(prior: PopularLinkPrior, schema: Schema) -> dict[str, Any]:
    """Draw how parents of every foreign key differ, and how long its runs are; and how much parents differ in the database.

    - The rows of an extension are those of its parent: parents that are alike have one each, in order.
    - Rows that are late (:func:`late_tables`) come in order, so rows that refer to them are in the order of their parents, once:
      no row is earlier than its parents.
    - Any other first key may have its rows in the order of parents; of a table with times in rounds, which are periods of time.
    """
    level = numpyro.sample("popularity_level", prior.popularity_level)
    is_key, is_one_to_one = schema.parent_table >= 0, (schema.kind == EXTENSION)[:, None]
    is_forced = is_key & (late_tables(schema)[schema.parent_table] | is_one_to_one)
    is_first = is_key & (jnp.arange(is_key.shape[1]) == 0) & ~is_forced
    has_time = schema.has_time[:, None]
    n_table, n_key = is_key.shape
    with numpyro.plate("table", n_table, dim=-2), numpyro.plate("foreign_key", n_key, dim=-1):
        with mask(mask=is_first):
            is_sorted = numpyro.sample("is_sorted", dist.Bernoulli(prior.sorted_prob))
        is_in_order = is_first & (is_sorted == 1)
        with mask(mask=is_in_order & ~has_time):
            round_size = numpyro.sample("round_size", prior.round_size)
        with mask(mask=is_in_order & has_time):
            period_size = numpyro.sample("period_size", prior.period_size)
        with mask(mask=is_key & ~is_forced & ~is_in_order):
            is_covering = numpyro.sample("is_covering", dist.Bernoulli(prior.cover_prob))
        with mask(mask=is_key & ~is_one_to_one):
            of_key = {name: numpyro.sample(name, getattr(prior, name)) for name in ("popularity", "inactive_rate", "repeat_prob")}
        with mask(mask=is_key):
            popularity_key = numpyro.sample("popularity_key", RandomKey(is_key.shape))
    of_key |= {"popularity": level * of_key["popularity"]}
    size = jnp.where(is_in_order, jnp.where(has_time, period_size, round_size), ONCE)
    return {
        "is_covering": jnp.where(is_key & ~is_forced & ~is_in_order, is_covering, 0),
        "is_sorted": jnp.where(is_in_order | is_forced, 1, 0),
        "round_size": size,
        **{name: jnp.where(is_one_to_one, 0.0, value) for name, value in of_key.items()},
        "popularity_key": popularity_key,
    }


def late_tables(schema: Schema) -> Bool[Array, " table"]:
    """Tables whose rows are not there from the start: they have times, or refer to rows that are late."""
    is_key = schema.parent_table >= 0

    def relax(_: Array, is_late: Array) -> Array:
        return is_late | (is_key & is_late[schema.parent_table]).any(-1)

    return lax.fori_loop(0, len(is_key), relax, schema.has_time)


def matching(n_parent_cluster: Int[Array, "*link"], n_child_cluster: Int[Array, "*link"], max_cluster: int) -> Array:
    """Which pairs of clusters match: ``(i mod parents, i mod children)`` for ``i`` below the larger number."""
    n_parent_cluster, n_child_cluster = n_parent_cluster[..., None, None], n_child_cluster[..., None, None]
    cluster = jnp.arange(max_cluster)
    result = jnp.zeros(jnp.broadcast_shapes(n_parent_cluster.shape, (max_cluster, max_cluster)), bool)
    for i in range(max_cluster):
        is_pair = (cluster[:, None] == i % n_parent_cluster) & (cluster == i % n_child_cluster)
        result = result | (is_pair & (i < jnp.maximum(n_parent_cluster, n_child_cluster)))
    return result
