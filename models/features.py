"""Stage 3: every table's columns, from a structural causal model that sees the parent tables.

What all mechanisms share: causal graphs, columns. The mechanisms themselves are in ``models/plurel.py`` and
``models/compact.py``; to add a family, write a prior, a function like theirs, and a line in ``MECHANISMS``.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Bool, Float, Int
from numpyro.handlers import mask

from plurel_prob.blocks import HeldBlocks, lay_out
from plurel_prob.distributions import Arrangement, EdgeWeight, RandomKey, WeightedPick
from plurel_prob.distributions.graphs import edges
from plurel_prob.distributions.mechanisms.columns import ColumnLaws, Kinds, column_values, log_slopes
from plurel_prob.distributions.mechanisms.discrete import LABELS
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.models.compact import compact
from plurel_prob.models.graphs import random_graph
from plurel_prob.models.kinds import EVENT
from plurel_prob.models.links import Links
from plurel_prob.models.palettes import of_table
from plurel_prob.models.plurel import plurel
from plurel_prob.models.schema import Schema
from plurel_prob.models.times import times
from plurel_prob.priors.features import FeaturePrior, RealisticPrior
from plurel_prob.priors.fields import possible_values, support_bounds, upper_bound
from plurel_prob.priors.stages import SchemaPrior

# Programs that draw the values of all nodes and, for categorical nodes, the categories that columns show.
MECHANISMS: Mapping[str, Callable[..., tuple[Array, Array]]] = {"plurel": plurel, "compact": compact, "realistic": compact}

CODE = list(TRANSFORMS).index("code")


class CausalGraphs(NamedTuple):
    """The causal graphs of a database's tables. Nodes are in topological order."""

    n_node: Int[Array, " table"]
    column_node: Int[Array, "table column"]  # node that a column shows, padded with -1
    edge: Bool[Array, "table cause effect"]
    edge_weight: Float[Array, "table cause effect"]
    is_categorical: Bool[Array, "table node"]
    n_category: Int[Array, "table node"]
    n_dim: Int[Array, "table node"]  # dimensions of a node's value; 0 where there is no node

    @property
    def n_line(self) -> Any:
        """Pages that a block of each table needs."""
        return self.n_dim.sum(-1)


class Features(NamedTuple):
    """Stage 3 of a database, in pages of 1,024 rows, see :class:`plurel_prob.blocks.Pages`."""

    value: Float[Array, "page block"]  # of nodes
    column: Float[Array, "page block"]  # what tables show: transformed, NaN where missing


def max_node(prior: FeaturePrior, schema_prior: SchemaPrior) -> int:
    """Static bound on the nodes of a table."""
    max_column = upper_bound(schema_prior.n_column)
    return max_column + math.ceil(max_column / support_bounds(prior.column_ratio)[0]) + prior.n_extra_node


def causal_graphs(prior: FeaturePrior, schema_prior: SchemaPrior, schema: Schema) -> CausalGraphs:
    r"""Draw the causal graph of every table: nodes, edges and their weights, which nodes are columns, types.

    .. math:: r \sim p(r), \quad n = c + \lceil c/r \rceil + k, \quad G \sim p_\text{family}(G \mid n), \quad
        w_e \sim p_\text{law}(w), \quad \text{columns} \sim \text{Arrangement}(n, c)

    Family and law of the weights are drawn once a table. Nodes that are no column pick their type and number of categories as
    columns do. A numerical node has one dimension, or as many as the prior draws.
    """
    max_table, max_column = schema.is_categorical.shape
    n_max = max_node(prior, schema_prior)
    with numpyro.plate("table", max_table, dim=-1), mask(mask=schema.is_table):
        ratio = numpyro.sample("column_ratio", prior.column_ratio)
        n_hidden = jnp.ceil(schema.n_column / ratio).astype(jnp.int32) + prior.n_extra_node
        n_node = jnp.maximum(schema.n_column + n_hidden, 1)
        mark = random_graph(prior.graph, n_node, n_max, prior.max_cause)
        column_node = numpyro.sample("column_node", Arrangement(n_node, schema.n_column, n_max))[:, :max_column]
        weight_family = numpyro.sample("edge_weight_family", prior.edge_weight)

    edge = edges(mark)
    with (
        numpyro.plate("table", max_table, dim=-3),
        numpyro.plate("cause", n_max, dim=-2),
        numpyro.plate("effect", n_max, dim=-1),
        mask(mask=edge & schema.is_table[:, None, None]),
    ):
        edge_weight = numpyro.sample("edge_weight", EdgeWeight(weight_family, jnp.where(schema.is_table, n_node, 0), n_max))
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
            n_dim = numpyro.sample("n_dim", prior.n_dim)
    n_dim = jnp.where(is_node, jnp.where(is_categorical, 1, n_dim), 0)
    n_node = jnp.where(schema.is_table, n_node, 0)
    return CausalGraphs(n_node, column_node, edge, edge_weight, is_categorical, n_category, n_dim)


def onto_nodes(of_column: Array, column_node: Int[Array, "table column"], of_node: Array) -> Array:
    """``of_node``, shape (table, node), with the entries of nodes that are columns taken from ``of_column``."""
    table = jnp.arange(of_node.shape[0])[:, None]
    node = jnp.where(column_node >= 0, column_node, of_node.shape[1])
    return of_node.at[table, node].set(of_column.astype(of_node.dtype), mode="drop")


def column_laws(prior: FeaturePrior, schema: Schema) -> ColumnLaws:
    """Draw the share of a table's numerical cells that go missing, or of those of some of its columns, and every numerical
    column's transform: one of the table's few, so that columns of a table resemble each other, or any, if a table has none of
    its own (``n_transform`` is 0).
    """
    max_table, max_column = schema.is_categorical.shape
    with numpyro.plate("table", max_table, dim=-1), mask(mask=schema.is_table):
        missing_rate = numpyro.sample("missing_rate", prior.missing_rate)
        missing_key = numpyro.sample("missing_key", RandomKey((max_table,)))
    is_number = (jnp.arange(max_column) < schema.n_column[:, None]) & ~schema.is_categorical
    missing_rate = missing_rate[:, None]
    law = _transforms(prior, schema) if isinstance(prior, RealisticPrior) else prior.transform
    transform = of_table("transform", law, prior.n_transform, is_number, schema.is_table, ("table", "column"))
    if isinstance(prior, RealisticPrior):
        is_label = (transform[..., None] == jnp.array([list(TRANSFORMS).index(name) for name in LABELS])).any(-1)
        complete_prob = jnp.where(is_label, prior.label_complete_prob, prior.complete_prob)
        with numpyro.plate("table", max_table, dim=-2), numpyro.plate("column", max_column, dim=-1), mask(mask=is_number):
            is_complete = numpyro.sample("is_complete", dist.Bernoulli(complete_prob))
        missing_rate = jnp.where(is_complete, 0.0, missing_rate)
    with numpyro.plate("table", max_table, dim=-2), numpyro.plate("column", max_column, dim=-1), mask(mask=is_number):
        shape = numpyro.sample("transform_shape", dist.Uniform(0.0, 1.0).expand([2]).to_event(1))
    rate = jnp.broadcast_to(missing_rate, transform.shape)
    return ColumnLaws(Kinds(transforms_of(prior)), transform, shape, rate, missing_key)


def _transforms(prior: RealisticPrior, schema: Schema) -> WeightedPick:
    """Law of the transforms of every table: it has a share of columns of labels, drawn by whether it has events. Numbers have
    one of the few transforms of the database.
    """
    style = numpyro.sample("transform_style", prior.transform.expand([prior.n_style]).to_event(1))
    is_event = schema.kind == EVENT
    with numpyro.plate("table", len(is_event), dim=-1):
        with mask(mask=schema.is_table & is_event):
            of_events = numpyro.sample("label_share_of_events", prior.label_share_of_events)
        with mask(mask=schema.is_table & ~is_event):
            of_others = numpyro.sample("label_share", prior.label_share)
    options = transforms_of(prior)
    number = (style[:, None] == jnp.array(options)).mean(0)
    label, label_of_events = (
        jnp.array([option in possible_values(law) for option in options]) / len(possible_values(law))
        for law in (prior.label, prior.label_of_events)
    )
    label = (1 - prior.code_prob) * label + prior.code_prob * (jnp.array(options) == CODE)
    share, label = jnp.where(is_event, of_events, of_others)[:, None], jnp.where(is_event[:, None], label_of_events, label)
    return WeightedPick(options, (share * label + (1 - share) * number)[:, None])


def transforms_of(prior: FeaturePrior) -> tuple[int, ...]:
    """Transforms that columns may have, in ascending order."""
    if not isinstance(prior, RealisticPrior):
        return possible_values(prior.transform)
    laws = prior.transform, prior.label, prior.label_of_events
    return tuple(sorted({option for law in laws for option in possible_values(law)} | ({CODE} if prior.code_prob else set())))


def features(
    prior: FeaturePrior,
    schema_prior: SchemaPrior,
    schema: Schema,
    links: Links,
    graphs: CausalGraphs,
    held: HeldBlocks,
    max_page: int,
    intervention: Intervention | None = None,
) -> Features:
    """Stage 3 (PluRel, arXiv:2602.04029): values of all nodes, parents' tables first, and the columns that show some of them."""
    tables = causal_tables(schema, links, graphs, held, sees_hidden=isinstance(prior, RealisticPrior))
    max_category, fits = upper_bound(schema_prior.n_category), is_room(tables, max_page)
    value, label = MECHANISMS[prior.mechanism](prior, tables, max_category, max_page, intervention)
    laws = column_laws(prior, schema)
    if isinstance(prior, RealisticPrior):
        times(prior, schema)
    column = column_values(tables, laws, value, label, intervention)
    if prior.has_density:
        numpyro.deterministic("log_slope", log_slopes(tables, laws, value))
    column = numpyro.deterministic("column", jnp.where(fits, column, jnp.nan))
    return Features(jnp.where(fits, value, jnp.nan), column)


def is_room(tables: CausalTables, max_page: int) -> Bool[Array, ""]:
    """Whether a program's static sizes hold a database: in a compiled one, values of a database that they do not hold are NaN.

    Raises:
        ValueError: they do not, and the sizes are known because nothing is compiled.
    """
    n_block, n_page = tables.held.n.max(), (tables.held.n * tables.pages.n_line).sum()
    fits = (n_block <= tables.max_held) & (n_page <= max_page)
    if not isinstance(fits, jax.core.Tracer) and not fits:
        has = f"Bucket(n_block={tables.max_held}, n_page={max_page})"
        raise ValueError(f"{has} is too small for the database, which takes Bucket(n_block={n_block}, n_page={n_page})")
    return fits


def causal_tables(schema: Schema, links: Links, graphs: CausalGraphs, held: HeldBlocks, sees_hidden: bool) -> CausalTables:
    """Collect what values depend on from the stages; draw the key of every table's mechanisms.

    Tables that refer to another see its columns, or, where they see what is hidden, all its nodes.
    """
    with numpyro.plate("table", len(schema.n_row), dim=-1), mask(mask=schema.is_table):
        mechanism_key = numpyro.sample("mechanism_key", RandomKey(schema.n_row.shape))
    node = jnp.arange(graphs.n_dim.shape[1])
    return CausalTables(
        order=schema.order,
        is_entity=schema.is_entity,
        n_row=schema.n_row,
        n_node=graphs.n_node,
        n_column=schema.n_column,
        column_node=graphs.column_node,
        n_seen=graphs.n_node if sees_hidden else schema.n_column,
        seen_node=jnp.broadcast_to(node, graphs.n_dim.shape) if sees_hidden else graphs.column_node,
        n_parent=schema.n_parent,
        parent_table=schema.parent_table,
        parent_row=links.parent_row,
        edge=graphs.edge,
        edge_weight=graphs.edge_weight,
        is_categorical=graphs.is_categorical,
        n_category=graphs.n_category,
        n_dim=graphs.n_dim,
        mechanism_key=mechanism_key,
        held=held,
        pages=lay_out(held.n, graphs.n_line, schema.order),
        line=jnp.cumsum(graphs.n_dim, axis=-1) - graphs.n_dim,
        column_pages=lay_out(held.n, schema.n_column, schema.order),
    )
