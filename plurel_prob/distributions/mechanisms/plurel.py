r"""PluRel's mechanisms: projection, aggregation, reconstruction (arXiv:2602.04029, stage 3).

The value of a node without causes comes from its source generator. Any other node of a table is, at a row,

.. math:: \text{decode}\Bigl(\epsilon + \text{aggregate}\bigl(\{w_e \, \text{encode}_e(x_{\text{cause}(e)})\} \cup
    \{\text{encode}_{k}(x_k \text{ at the linked row}) : k \text{ a column of a parent table}\}\bigr)\Bigr)

in a latent space of 32 dimensions. Encoders are the curves of :mod:`.curves`, decoders the networks of :mod:`.networks`; terms
are clipped to :math:`\pm 10^4`; :math:`\epsilon` is Beta noise / 32. Encoders of parents' columns belong to the child table: all
its nodes share them, with weight 1 / (columns of the parent) under a sum and 1 otherwise.

Tables are type-eager (categorical nodes carry categories: embeddings in, an argmax out) or type-lazy (all nodes are numbers, and
categorical columns are quantised at the end; the table's children see their labels as numbers).

Everything random is a function of the table's mechanism key (weights) and noise key (sources, noise), so values are a
deterministic function of latents. Rows are computed in blocks with keys of their own, and statistics of a node (its grid, its
boundaries) are those of the first block: a cell does not depend on how many rows, blocks or tables are computed.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt32

from plurel_prob.blocks import BLOCK, block_key
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.curves import (
    GRID,
    encoder_table,
    look_up,
    place_on,
    quantile_grid,
    sort_pilot,
)
from plurel_prob.distributions.mechanisms.networks import LATENT, NetworkRecipe, draw_network, embedding_table
from plurel_prob.distributions.mechanisms.noise import beta_noise, beta_quantiles
from plurel_prob.distributions.mechanisms.quantisation import draw_quantiser
from plurel_prob.distributions.mechanisms.sources import Cells, SourceLaw, categorical_source, numerical_source
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention

MAX_TERM = 1e4  # bound of a term before aggregation
CHUNK = 8  # blocks whose latents are held at a time

# What a mechanism's key is used for; weights of different use never share random numbers.
CAUSE, OUTPUT, TABLE, FOREIGN, SOURCE, LABEL = range(6)


class NodeLaws(NamedTuple):
    """The discrete and continuous choices of PluRel's mechanisms."""

    is_lazy: Bool[Array, " table"]
    aggregation: Int[Array, "table node"]
    noise_shape: Float[Array, "table node 2"]
    source: Int[Array, "table node"]
    source_bounds: Float[Array, "table node component 2"]
    is_permuted: Bool[Array, "table column"]
    is_reversed: Bool[Array, "table column"]
    noise_key: UInt32[Array, "table 2"]


class Values(NamedTuple):
    """Values of all nodes, and where each lies on its node's grid (a category is its index)."""

    value: Float[Array, "page block"]
    place: Float[Array, "page block"]
    grid: Float[Array, "table node grid"]
    latent: Float[Array, "chunk block latent"]  # of the node at work


class Span(NamedTuple):
    """The blocks of a table that are at work: ``first``, ..., ``first + n - 1``."""

    table: Int[Array, ""]
    first: Int[Array, ""]
    n: Int[Array, ""]


@dataclass(frozen=True)
class PluRelMechanisms:
    """The mechanisms of all tables of a database.

    Args:
        tables: the structure.
        laws: the choices of every node.
        recipe: what is random about networks.
        max_category: static bound on the categories of a node.
        intervention: nodes that are set by hand.
    """

    tables: CausalTables
    laws: NodeLaws
    recipe: NetworkRecipe
    max_category: int
    intervention: Intervention | None = None

    def values(self, max_page: int) -> Values:
        """Compute all values, parents' tables first, in pages of one node and 1,024 rows (:class:`Pages`)."""
        tables = self.tables
        n_chunk_block = min(CHUNK, tables.max_block)
        pages = jnp.zeros((max_page, BLOCK))
        grid = jnp.zeros((*tables.is_categorical.shape, GRID))
        empty = Values(pages, pages, grid, jnp.zeros((n_chunk_block, BLOCK, LATENT)))

        def visit_table(i: Array, values: Values) -> Values:
            table = tables.order[i]
            n_block = tables.n_block[table]

            def visit_chunk(chunk: Array, values: Values) -> Values:
                first = chunk * n_chunk_block
                return self._fill(Span(table, first, jnp.minimum(n_block - first, n_chunk_block)), values)

            return lax.fori_loop(0, -(-n_block // n_chunk_block), visit_chunk, values)

        return lax.fori_loop(0, tables.n_table, visit_table, empty)

    def _fill(self, span: Span, values: Values) -> Values:
        """Compute all nodes in some blocks of a table."""
        foreign = self._foreign(span, values)
        n_node = self.tables.n_node[span.table]
        values = lax.fori_loop(0, n_node, lambda node, values: self._fill_node(span, node, foreign, values), values)
        return self._quantise(span, values)

    def _key(self, table: Array, use: int) -> PRNGKeyArray:
        return random.fold_in(random.wrap_key_data(self.tables.mechanism_key[table]), use)

    def _page(self, span: Span, block: Array, node: Array) -> Array:
        return self.tables.page(span.table, span.first + block, node)

    def _is_index(self, table: Array, node: Array) -> Array:
        """Whether a node carries categories."""
        return self.tables.is_categorical[table, node] & ~self.laws.is_lazy[table]

    def _fill_node(self, span: Span, node: Array, foreign: Array, values: Values) -> Values:
        is_cause = self.tables.edge[span.table, :, node]
        has_cause = is_cause.any()
        values = self._fill_source(span._replace(n=jnp.where(has_cause, 0, span.n)), node, values)
        values = self._fill_caused(span._replace(n=jnp.where(has_cause, span.n, 0)), node, is_cause, foreign, values)
        if self.intervention is not None:
            values = self._intervene(span, node, values)
        return self._fill_places(span, node, values)

    def _fill_source(self, span: Span, node: Array, values: Values) -> Values:
        table = span.table
        kind = self.laws.source[table, node]
        law = SourceLaw(random.fold_in(self._key(table, SOURCE), node), self.laws.source_bounds[table, node])
        key = self._noise_key(table, node)

        def fill(block: Array, value: Array) -> Array:
            cells = Cells(key, span.first + block, self.tables.n_row[table], self.tables.is_entity[table])
            drawn = lax.cond(
                self._is_index(table, node),
                lambda: categorical_source(kind, law, cells, self.tables.n_category[table, node], self.max_category),
                lambda: numerical_source(kind, law, cells),
            )
            return value.at[self._page(span, block, node)].set(drawn)

        return values._replace(value=lax.fori_loop(0, span.n, fill, values.value))

    def _noise_key(self, table: Array, node: Array) -> PRNGKeyArray:
        return random.fold_in(random.wrap_key_data(self.laws.noise_key[table]), node)

    def _fill_caused(self, span: Span, node: Array, is_cause: Array, foreign: Array, values: Values) -> Values:
        table = span.table
        kind = self.laws.aggregation[table, node]
        latent = lax.fori_loop(0, span.n, lambda b, latent: latent.at[b].set(foreign[kind, b]), values.latent)
        latent = self._add_causes(span, node, is_cause, kind, values._replace(latent=latent))

        key = random.fold_in(self._key(table, OUTPUT), node)
        is_index, n_category = self._is_index(table, node), self.tables.n_category[table, node]
        network = draw_network(key, self.recipe, LATENT, jnp.where(is_index, LATENT, 1))
        table_key = random.fold_in(self._key(table, TABLE), node)
        embedding = embedding_table(table_key, self.recipe, n_category, self.max_category)
        quantiles = beta_quantiles(*self.laws.noise_shape[table, node]) / LATENT
        noise_key = self._noise_key(table, node)

        def category(output: Array) -> Array:
            score = jnp.matmul(output, embedding.T, precision=lax.Precision.HIGHEST)
            is_category = jnp.arange(self.max_category) < n_category
            return jnp.argmax(jnp.where(is_category, score, -jnp.inf), axis=1).astype(jnp.float32)

        def reconstruct(block: Array, value: Array) -> Array:
            noise = beta_noise(block_key(noise_key, span.first + block), quantiles)
            output = network(latent[block] + noise)
            decoded = lax.cond(is_index, category, lambda output: output[:, 0], output)
            return value.at[self._page(span, block, node)].set(decoded)

        return values._replace(value=lax.fori_loop(0, span.n, reconstruct, values.value), latent=latent)

    def _add_causes(self, span: Span, node: Array, is_cause: Array, kind: Array, values: Values) -> Array:
        """Aggregate the terms of a node's causes into ``values.latent``."""
        table = span.table
        cause_first = jnp.argsort(~is_cause, stable=True)
        cause_key = random.fold_in(self._key(table, CAUSE), node)

        def add_cause(i: Array, latent: Array) -> Array:
            cause = cause_first[i]
            weight = self.tables.edge_weight[table, cause, node]
            encoder = self._encoder(random.fold_in(cause_key, cause), table, cause, values.grid[table, cause])
            encoder = jnp.clip(weight * encoder, -MAX_TERM, MAX_TERM)

            def add_block(block: Array, latent: Array) -> Array:
                term = look_up(encoder, values.place[self._page(span, block, cause)])
                combined = lax.switch(kind, [law.combine for law in AGGREGATIONS.values()], latent[block], term)
                return latent.at[block].set(combined)

            return lax.fori_loop(0, span.n, add_block, latent)

        return lax.fori_loop(0, jnp.where(span.n > 0, is_cause.sum(), 0), add_cause, values.latent)

    def _encoder(self, key: PRNGKeyArray, table: Array, node: Array, grid: Array) -> Float[Array, "grid latent"]:
        is_index, n_category = self._is_index(table, node), self.tables.n_category[table, node]
        return encoder_table(key, self.recipe, is_index, n_category, grid, self.max_category)

    def _intervene(self, span: Span, node: Array, values: Values) -> Values:
        assert self.intervention is not None
        is_set, given = self.intervention.is_set[span.table, node], self.intervention.value

        def fill(block: Array, value: Array) -> Array:
            page = self._page(span, block, node)
            return value.at[page].set(given[page])

        return values._replace(value=lax.fori_loop(0, jnp.where(is_set, span.n, 0), fill, values.value))

    def _fill_places(self, span: Span, node: Array, values: Values) -> Values:
        table, n_pilot = span.table, self.tables.n_pilot(span.table)
        is_index, known = self._is_index(table, node), values.grid[table, node]

        def from_pilot() -> Array:
            return quantile_grid(sort_pilot(values.value[self._page(span, jnp.array(0), node)], n_pilot), n_pilot)

        grid = lax.cond((span.first == 0) & ~is_index, from_pilot, lambda: known)

        def fill(block: Array, place: Array) -> Array:
            page = self._page(span, block, node)
            value = values.value[page]
            return place.at[page].set(lax.cond(is_index, lambda: value, lambda: place_on(grid, value)))

        place = lax.fori_loop(0, span.n, fill, values.place)
        return values._replace(place=place, grid=values.grid.at[table, node].set(grid))

    def _quantise(self, span: Span, values: Values) -> Values:
        """Replace the places of a type-lazy table's categorical columns by their labels."""
        tables, table = self.tables, span.table

        def visit(column: Array, place: Array) -> Array:
            node = tables.column_node[table, column]
            is_quantised = self.laws.is_lazy[table] & tables.is_categorical[table, node]
            quantise = draw_quantiser(
                random.fold_in(self._key(table, LABEL), node),
                values.value[tables.page(table, 0, node)],
                tables.n_pilot(table),
                tables.n_category[table, node],
                self.laws.is_permuted[table, column],
                self.laws.is_reversed[table, column],
                self.max_category,
            )

            def fill(block: Array, place: Array) -> Array:
                page = self._page(span, block, node)
                return place.at[page].set(quantise(values.value[page]))

            return lax.fori_loop(0, jnp.where(is_quantised, span.n, 0), fill, place)

        return values._replace(place=lax.fori_loop(0, tables.n_column[table], visit, values.place))

    def _foreign(self, span: Span, values: Values) -> Float[Array, "aggregation chunk block latent"]:
        """Aggregate the embeddings of the parent tables' columns at the linked rows, in every way there is."""
        tables, table = self.tables, span.table
        laws = list(AGGREGATIONS.values())
        neutral = jnp.array([law.neutral for law in laws])[:, None, None, None]
        empty = jnp.broadcast_to(neutral, (len(laws), *values.latent.shape))

        def visit_key(slot: Array, foreign: Array) -> Array:
            parent = tables.parent_table[table, slot]
            key = random.fold_in(self._key(table, FOREIGN), slot)

            def visit_column(column: Array, foreign: Array) -> Array:
                node = tables.column_node[parent, column]
                is_label = tables.is_categorical[parent, node] & self.laws.is_lazy[parent]
                grid = jnp.where(is_label, jnp.arange(GRID, dtype=jnp.float32), values.grid[parent, node])
                encoder = self._encoder(random.fold_in(key, column), parent, node, grid)

                def visit_block(block: Array, foreign: Array) -> Array:
                    row = tables.linked_rows(table, slot, span.first + block)
                    place = values.place[tables.page(parent, row // BLOCK, node), row % BLOCK]
                    term = jnp.clip(look_up(encoder, place), -MAX_TERM, MAX_TERM)
                    for k, (name, law) in enumerate(AGGREGATIONS.items()):
                        weighted = term / tables.n_column[parent] if name == "sum" else term
                        foreign = foreign.at[k, block].set(law.combine(foreign[k, block], weighted))
                    return foreign

                return lax.fori_loop(0, span.n, visit_block, foreign)

            return lax.fori_loop(0, tables.n_column[parent], visit_column, foreign)

        return lax.fori_loop(0, tables.n_parent[table], visit_key, empty)
