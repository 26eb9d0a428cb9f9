"""Stage 1: which tables there are, which refers to which, how large they are, and when."""

from typing import NamedTuple

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Bool, Int
from numpyro.handlers import mask

from plurel_prob.distributions import Arrangement
from plurel_prob.distributions.graphs import edges
from plurel_prob.models.graphs import random_graph
from plurel_prob.models.kinds import BRIDGE, LOOKUP, kinds_of_tables
from plurel_prob.priors.fields import upper_bound
from plurel_prob.priors.stages import GrowingSchemaPrior, KindsSchemaPrior, SchemaPrior


class Schema(NamedTuple):
    """Stage 1 of a database. Tables are indexed by label (``table_i``); axes are padded to the prior's bounds."""

    n_table: Int[Array, ""]
    order: Int[Array, " table"]  # tables in topological order (parents first), padded with -1
    is_table: Bool[Array, " table"]
    is_entity: Bool[Array, " table"]  # has children
    kind: Int[Array, " table"]  # index into ``TABLE_KINDS``
    has_time: Bool[Array, " table"]  # rows have times
    n_parent: Int[Array, " table"]  # foreign keys
    parent_table: Int[Array, "table foreign_key"]  # in ascending order, padded with -1
    n_row: Int[Array, " table"]
    n_column: Int[Array, " table"]
    is_categorical: Bool[Array, "table column"]
    n_category: Int[Array, "table column"]
    window: Int[Array, " 2"]  # first and last day, in days since 1970-01-01


def schema(prior: SchemaPrior) -> Schema:
    r"""Stage 1 (PluRel, arXiv:2602.04029): a random directed graph over tables.

    .. math:: n \sim p(n), \quad G \sim p_\text{family}(G \mid n), \quad \text{label} \sim \text{Permutation}(n)

    and for every table its kind, rows (by whether it has children; or by its kind and the rows of its parents:
    :class:`plurel_prob.distributions.GrowingCounts`), columns, their types and numbers of categories; one time window for the
    database.
    """
    max_table, max_column = upper_bound(prior.n_table), upper_bound(prior.n_column)
    n_table = numpyro.sample("n_table", prior.n_table)
    mark = random_graph(prior.graph, n_table, max_table, prior.max_parent)
    order = numpyro.sample("label", Arrangement(n_table, n_table, max_table))
    window = numpyro.sample("window", prior.window)

    is_table = jnp.arange(max_table) < n_table
    refers = relabel(edges(mark), order)
    is_entity = refers.any(1)
    n_parent, parent_table = parents(refers, min(prior.max_parent, max_table - 1))
    kind, has_time = kinds_of_tables(prior, is_table, is_entity, order, n_parent)
    n_row = _n_row(prior, is_table, is_entity, order, parent_table, kind)
    n_column = _n_column(prior, is_table, kind)
    is_column = is_table[:, None] & (jnp.arange(max_column) < n_column[:, None])
    with numpyro.plate("table", max_table, dim=-2), numpyro.plate("column", max_column, dim=-1):
        with mask(mask=is_column):
            is_categorical = numpyro.sample("is_categorical", dist.Bernoulli(prior.categorical_prob)) == 1
        with mask(mask=is_column & is_categorical):
            n_category = numpyro.sample("n_category", prior.n_category)

    n_column = jnp.where(is_table, n_column, 0)
    of_tables = is_table, is_entity, kind, has_time, n_parent, parent_table, n_row, n_column
    return Schema(n_table, order, *of_tables, is_categorical, n_category, window)


def _n_column(prior: SchemaPrior, is_table: Array, kind: Array) -> Int[Array, " table"]:
    """Numbers of feature columns."""
    is_lean = jnp.zeros_like(is_table)
    with numpyro.plate("table", len(is_table), dim=-1):
        if isinstance(prior, GrowingSchemaPrior):
            may_be = is_table & ((kind == LOOKUP) | (kind == BRIDGE))
            with mask(mask=may_be):
                is_lean = may_be & (numpyro.sample("is_lean", dist.Bernoulli(prior.lean_prob)) == 1)
        with mask(mask=is_table & ~is_lean):
            return jnp.where(is_lean, 1, numpyro.sample("n_column", prior.n_column))


def _n_row(
    prior: SchemaPrior, is_table: Array, is_entity: Array, order: Array, parent_table: Array, kind: Array
) -> Int[Array, " table"]:
    """Numbers of rows."""
    if isinstance(prior, GrowingSchemaPrior):
        return numpyro.sample("n_row", prior.counts(order, parent_table, kind))
    assert isinstance(prior, KindsSchemaPrior), "a schema has a law of rows"
    with numpyro.plate("table", len(is_table), dim=-1):
        with mask(mask=is_table & is_entity):
            n_row_entity = numpyro.sample("n_row_entity", prior.n_row_entity)
        with mask(mask=is_table & ~is_entity):
            n_row_activity = numpyro.sample("n_row_activity", prior.n_row_activity)
    return jnp.where(is_table, jnp.where(is_entity, n_row_entity, n_row_activity), 0)


def relabel(edge: Bool[Array, "table table"], order: Int[Array, " table"]) -> Bool[Array, "table table"]:
    """Turn edges between places of the topological order into edges between the tables at those places."""
    place = jnp.where(order >= 0, order, len(order))
    return jnp.zeros_like(edge).at[place[:, None], place[None, :]].set(edge, mode="drop")


def parents(refers: Bool[Array, "table table"], max_parent: int) -> tuple[Int[Array, " table"], Int[Array, "table foreign_key"]]:
    """Return the number of every table's parents, and their indices in ascending order, padded with -1."""
    n_parent = refers.sum(0, dtype=jnp.int32)
    parent_table = jnp.argsort(~refers, axis=0, stable=True).T[:, :max_parent]
    return n_parent, jnp.where(jnp.arange(max_parent) < n_parent[:, None], parent_table, -1)
