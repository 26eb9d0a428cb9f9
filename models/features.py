"""Stage 3: every table's columns, from a structural causal model that sees the parent tables."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Bool, Float, Int, UInt32
from numpyro.handlers import mask

from plurel_prob.distributions import Arrangement, CausalTables, RandomKey, StructuralCausalModels
from plurel_prob.distributions.graphs import edges
from plurel_prob.models.graphs import random_graph
from plurel_prob.models.links import Links
from plurel_prob.models.schema import Schema
from plurel_prob.priors.fields import support_bounds, upper_bound
from plurel_prob.priors.stages import FeaturePrior, SchemaPrior

N_EXTRA_NODE = 3


class Mechanisms(NamedTuple):
    """The causal models of a database's tables, but for their values. Nodes are in topological order."""

    n_node: Int[Array, " table"]
    column_node: Int[Array, "table column"]  # node that a column shows, padded with -1
    edge: Bool[Array, "table cause effect"]
    edge_weight: Float[Array, "table cause effect"]
    is_categorical: Bool[Array, "table node"]
    n_category: Int[Array, "table node"]
    noise_scale: Float[Array, "table node"]
    mechanism_key: UInt32[Array, "table 2"]


def max_node(prior: FeaturePrior, schema_prior: SchemaPrior) -> int:
    """Static bound on the nodes of a table."""
    max_column = upper_bound(schema_prior.n_column)
    return max_column + math.ceil(max_column / support_bounds(prior.column_ratio)[0]) + N_EXTRA_NODE


def mechanisms(prior: FeaturePrior, schema_prior: SchemaPrior, schema: Schema) -> Mechanisms:
    r"""Draw the causal model of every table: nodes, graph, which nodes are columns, types, weights.

    .. math:: r \sim p(r), \quad n = c + \lceil c/r \rceil + 3, \quad G \sim p_\text{family}(G \mid n), \quad
        \text{columns} \sim \text{Arrangement}(n, c)

    Nodes that are no column pick their type and number of categories as columns do. The weights of a table's mechanisms are a
    function of one latent key.
    """
    max_table, max_column = schema.is_categorical.shape
    n_max = max_node(prior, schema_prior)
    with numpyro.plate("table", max_table, dim=-1), mask(mask=schema.is_table):
        ratio = numpyro.sample("column_ratio", prior.column_ratio)
        n_hidden = jnp.ceil(schema.n_column / ratio).astype(jnp.int32) + N_EXTRA_NODE
        n_node = jnp.maximum(schema.n_column + n_hidden, 1)
        mark = random_graph(prior.graph, n_node, n_max)
        column_node = numpyro.sample("column_node", Arrangement(n_node, schema.n_column, n_max))[:, :max_column]
        mechanism_key = numpyro.sample("mechanism_key", RandomKey((max_table,)))

    edge = edges(mark)
    with (
        numpyro.plate("table", max_table, dim=-3),
        numpyro.plate("cause", n_max, dim=-2),
        numpyro.plate("effect", n_max, dim=-1),
        mask(mask=edge & schema.is_table[:, None, None]),
    ):
        edge_weight = numpyro.sample("edge_weight", prior.edge_weight)
    is_node = schema.is_table[:, None] & (jnp.arange(n_max) < n_node[:, None])
    is_column = onto_nodes(jnp.ones_like(schema.is_categorical), column_node, jnp.zeros((max_table, n_max), bool))
    with numpyro.plate("table", max_table, dim=-2), numpyro.plate("node", n_max, dim=-1):
        with mask(mask=is_node & ~is_column):
            is_categorical = numpyro.sample("is_categorical", dist.Bernoulli(schema_prior.categorical_prob)) == 1
        is_categorical = onto_nodes(schema.is_categorical, column_node, is_categorical)
        with mask(mask=is_node & ~is_column & is_categorical):
            n_category = numpyro.sample("n_category", schema_prior.n_category)
        n_category = onto_nodes(schema.n_category, column_node, n_category)
        with mask(mask=is_node & ~is_categorical):
            noise_scale = numpyro.sample("noise_scale", prior.noise_scale)
    n_node = jnp.where(schema.is_table, n_node, 0)
    return Mechanisms(n_node, column_node, edge, edge_weight, is_categorical, n_category, noise_scale, mechanism_key)


def onto_nodes(of_column: Array, column_node: Int[Array, "table column"], of_node: Array) -> Array:
    """``of_node``, shape (table, node), with the entries of nodes that are columns taken from ``of_column``."""
    table = jnp.arange(of_node.shape[0])[:, None]
    node = jnp.where(column_node >= 0, column_node, of_node.shape[1])
    return of_node.at[table, node].set(of_column.astype(of_node.dtype), mode="drop")


def features(
    schema_prior: SchemaPrior,
    schema: Schema,
    links: Links,
    mechanisms: Mechanisms,
    max_page: int,
) -> Float[Array, "page block"]:
    """Stage 3 (PluRel, arXiv:2602.04029): values of all nodes, parents' tables first.

    Returns pages of 1,024 rows, see :class:`plurel_prob.blocks.Pages`.
    """
    tables = causal_tables(schema, links, mechanisms)
    law = StructuralCausalModels(tables, max_page, upper_bound(schema_prior.n_category))
    return numpyro.sample("value", law)


def causal_tables(schema: Schema, links: Links, mechanisms: Mechanisms) -> CausalTables:
    """Return what values depend on, collected from the stages."""
    return CausalTables(
        order=schema.order,
        n_row=schema.n_row,
        n_node=mechanisms.n_node,
        n_column=schema.n_column,
        column_node=mechanisms.column_node,
        n_parent=schema.n_parent,
        parent_table=schema.parent_table,
        parent_row=links.parent_row,
        edge=mechanisms.edge,
        edge_weight=mechanisms.edge_weight,
        is_categorical=mechanisms.is_categorical,
        n_category=mechanisms.n_category,
        noise_scale=mechanisms.noise_scale,
        mechanism_key=mechanisms.mechanism_key,
    )
