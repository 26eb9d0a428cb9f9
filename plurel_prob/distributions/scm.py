"""All tables of a database as structural causal models, linked by foreign keys."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt32
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from plurel_prob.blocks import BLOCK, Pages, block_key, lay_out
from plurel_prob.distributions.mechanism import LATENT, LOGIT_SCALE, Conditional, project, reconstruct, source_logits

# What a mechanism's key is used for; weights of different use never share random numbers.
CAUSE, OUTPUT, FOREIGN, SOURCE = range(4)


class CausalTables(NamedTuple):
    """The structure that values depend on; axes are padded, ``n_*`` say how much is used.

    Nodes of a table are in topological order: causes have smaller indices. Rows of the last axis are padded to whole blocks.
    """

    order: Int[Array, " table"]  # tables in topological order (parents first), padded with -1
    n_row: Int[Array, " table"]
    n_node: Int[Array, " table"]
    n_column: Int[Array, " table"]
    column_node: Int[Array, "table column"]  # node that a column shows
    n_parent: Int[Array, " table"]  # foreign keys
    parent_table: Int[Array, "table foreign_key"]
    parent_row: Int[Array, "table foreign_key row"]
    edge: Bool[Array, "table cause effect"]
    edge_weight: Float[Array, "table cause effect"]
    is_categorical: Bool[Array, "table node"]
    n_category: Int[Array, "table node"]
    noise_scale: Float[Array, "table node"]
    mechanism_key: UInt32[Array, "table 2"]

    @property
    def pages(self) -> Pages:
        """Where values lie."""
        return lay_out(self.n_row, self.n_node, self.order)


class StructuralCausalModels(dist.Distribution):
    r"""Values of every node of every table: each given its causes and the parent tables' columns at the linked rows.

    .. math:: p(x) = \prod_\text{table} \prod_\text{row} \prod_\text{node}
        p(x_{\text{node}} \mid x_\text{causes in the row}, x_\text{columns of the parent rows}),

    with the conditionals of :mod:`plurel_prob.distributions.mechanism`. The event has shape ``(max_page, 1024)``, float32: a page
    is one node in one block of one table (:class:`Pages`), zero beyond the last row; a category is its index.
    Drawing is one pass over the pages, in which a page is a function of pages before it and of a key folded by table,
    node and block: any block is the same in every layout.

    Args:
        tables: the structure.
        max_page: static number of pages, at least ``tables.pages.n_page``.
        max_category: static bound on ``n_category``.
    """

    pytree_data_fields = ("tables",)
    pytree_aux_fields = ("max_page", "max_category")

    def __init__(self, tables: CausalTables, max_page: int, max_category: int, *, validate_args: bool | None = None):
        self.tables, self.max_page, self.max_category = tables, max_page, max_category
        super().__init__(event_shape=(max_page, BLOCK), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Real pages."""
        return constraints.independent(constraints.real, 2)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Float[Array, "*sample page row"]:
        """Draw values, page after page."""
        if sample_shape:
            index = jnp.arange(math.prod(sample_shape))
            drawn = lax.map(lambda i: self.sample(random.fold_in(key, i)), index)
            return drawn.reshape(sample_shape + self.event_shape)

        def visit(page: Array, place: tuple[Array, Array, Array], law: Conditional, value: Array) -> Array:
            table, block, node = place
            page_key = block_key(random.fold_in(random.fold_in(key, table), node), block)
            drawn = jnp.where(self._is_row(table, block), law.sample(page_key), 0.0)
            return value.at[page].set(drawn)

        empty = jnp.zeros(self.event_shape)
        return self._fold(visit, empty, lambda value: value)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Float[Array, ""]:
        """Return the log density of values of the event's shape."""
        value = jnp.asarray(value)

        def visit(page: Array, place: tuple[Array, Array, Array], law: Conditional, total: Array) -> Array:
            log_probs = law.log_prob(value[page])
            return total + jnp.where(self._is_row(*place[:2]), log_probs, 0.0).sum()

        return self._fold(visit, jnp.zeros(()), lambda _: value)

    def _is_row(self, table: Array, block: Array) -> Bool[Array, " row"]:
        return block * BLOCK + jnp.arange(BLOCK) < self.tables.n_row[table]

    def _fold(self, visit: Callable, init: Array, values: Callable[[Array], Array]) -> Array:
        """Visit the pages in order with the conditional law of each; ``values`` gives all values from the state."""
        pages = self.tables.pages

        def step(page: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            state, foreign = carry
            place = table, block, node = pages.place(page, self.tables.order)
            foreign = lax.cond(node == 0, lambda: self._foreign_term(pages, table, block, values(state)), lambda: foreign)
            law = self._conditional(page, table, node, values(state), foreign)
            return visit(page, place, law, state), foreign

        state, _ = lax.fori_loop(0, pages.n_page, step, (init, jnp.zeros((LATENT, BLOCK))))
        return state

    def _weights_key(self, table: Array, use: int) -> PRNGKeyArray:
        return random.fold_in(random.wrap_key_data(self.tables.mechanism_key[table]), use)

    def _conditional(self, page: Array, table: Array, node: Array, values: Array, foreign: Array) -> Conditional:
        tables = self.tables
        is_cause = tables.edge[table, :, node]
        cause_first = jnp.argsort(~is_cause, stable=True)
        cause_key = random.fold_in(self._weights_key(table, CAUSE), node)

        def add(i: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            total, square = carry
            cause = cause_first[i]
            weight = tables.edge_weight[table, cause, node]
            is_categorical = tables.is_categorical[table, cause]
            value = values[page - node + cause]
            term = project(random.fold_in(cause_key, cause), value, is_categorical, self.max_category)
            return total + weight * term, square + weight**2

        def from_causes() -> tuple[Array, Array]:
            empty = jnp.zeros((LATENT, BLOCK)), jnp.zeros(())
            total, square = lax.fori_loop(0, is_cause.sum(), add, empty)
            latent = total / jnp.sqrt(jnp.maximum(square, 1e-12)) + foreign
            output_key = random.fold_in(self._weights_key(table, OUTPUT), node)
            return reconstruct(output_key, latent, self.max_category), tables.noise_scale[table, node]

        def from_nothing() -> tuple[Array, Array]:
            logits = source_logits(random.fold_in(self._weights_key(table, SOURCE), node), self.max_category)
            is_categorical = tables.is_categorical[table, node]
            output = jnp.where(is_categorical, logits / LOGIT_SCALE, 0.0)
            return jnp.broadcast_to(output[:, None], (self.max_category, BLOCK)), jnp.ones(())

        output, scale = lax.cond(is_cause.any(), from_causes, from_nothing)
        return Conditional(
            tables.is_categorical[table, node],
            tables.n_category[table, node],
            output[0],
            scale,
            LOGIT_SCALE * output,
        )

    def _foreign_term(self, pages: Pages, table: Array, block: Array, values: Array) -> Float[Array, "latent row"]:
        """Mean embedding of a parent's columns at the linked rows, added up over the table's foreign keys."""
        tables = self.tables

        def add_key(slot: Array, total: Array) -> Array:
            parent = tables.parent_table[table, slot]
            start = (table, slot, block * BLOCK)
            row = jnp.maximum(lax.dynamic_slice(tables.parent_row, start, (1, 1, BLOCK))[0, 0], 0)
            key = random.fold_in(self._weights_key(table, FOREIGN), slot)

            def add_column(column: Array, embedding: Array) -> Array:
                node = tables.column_node[parent, column]
                value = values[pages.page(parent, row // BLOCK, node), row % BLOCK]
                is_categorical = tables.is_categorical[parent, node]
                return embedding + project(random.fold_in(key, column), value, is_categorical, self.max_category)

            embedding = lax.fori_loop(0, tables.n_column[parent], add_column, jnp.zeros((LATENT, BLOCK)))
            return total + embedding / tables.n_column[parent]

        return lax.fori_loop(0, tables.n_parent[table], add_key, jnp.zeros((LATENT, BLOCK)))
