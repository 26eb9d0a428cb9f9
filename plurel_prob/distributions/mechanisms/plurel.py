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
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt32

from plurel_prob.blocks import BLOCK
from plurel_prob.control import when, zeros_like_result
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS, aggregate_all
from plurel_prob.distributions.mechanisms.choices import (
    LABEL,
    N_DECODER,
    N_ENCODER,
    SOURCE,
    NodeLaws,
    choose_decoders,
    choose_encoders,
    decoder_at,
    encoder_at,
)
from plurel_prob.distributions.mechanisms.curves import GRID, look_up, place_on, quantile_grid
from plurel_prob.distributions.mechanisms.networks import LATENT, NetworkRecipe
from plurel_prob.distributions.mechanisms.noise import beta_noise
from plurel_prob.distributions.mechanisms.pairs import Pairs, list_pairs, no_pairs, origin_of
from plurel_prob.distributions.mechanisms.quantisation import draw_quantiser
from plurel_prob.distributions.mechanisms.sorting import sort_pilot
from plurel_prob.distributions.mechanisms.sources import Cells, SourceLaw, categorical_source, numerical_source
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention, pages_for_statistics
from plurel_prob.records import row_of
from plurel_prob.threefry import unrolled

MAX_TERM = 1e4  # bound of a term before aggregation
CHUNK = 16  # blocks that are computed at a time, so that a database of any size needs the same space


class NodeValues(NamedTuple):
    """NodeValues of all nodes, where each lies on its node's grid (a category is its index), and what the table at work needs."""

    value: Float[Array, "page block"]
    place: Float[Array, "page block"]
    grid: Float[Array, "table node grid"]
    pairs: Pairs
    encoders: UInt32[Array, "encoder word"]  # of some pairs, packed
    decoders: UInt32[Array, "decoder word"]  # of some nodes
    encoded: Float[Array, "pair grid latent"]  # tables of the encoders at work
    foreign: Float[Array, "aggregation chunk block latent"]  # what comes from parent tables, aggregated in every way


class Span(NamedTuple):
    """The positions of a table that are at work: ``first``, ..., ``first + n - 1``; below, "block" counts from ``first``."""

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
        intervention: values that are set by hand.
    """

    tables: CausalTables
    laws: NodeLaws
    recipe: NetworkRecipe
    max_category: int
    intervention: Intervention | None = None

    def values(self, max_page: int) -> NodeValues:
        """Compute all values, parents' tables first, in pages of one node and 1,024 rows (:class:`Pages`)."""
        tables = self.tables
        n_chunk_block = min(CHUNK, tables.max_held)
        max_node, max_key_column = tables.is_categorical.shape[1], tables.parent_table.shape[1] * tables.column_node.shape[1]
        first, pages, pairs = jnp.array(0), jnp.zeros((max_page, BLOCK)), no_pairs(tables)
        empty = NodeValues(
            value=pages,
            place=pages,
            grid=jnp.zeros((*tables.is_categorical.shape, GRID)),
            pairs=pairs,
            encoders=zeros_like_result(lambda: choose_encoders(tables, first, pairs, first, self.recipe)),
            decoders=zeros_like_result(lambda: choose_decoders(tables, first, self.laws.noise_shape[0], first, self.recipe)),
            encoded=jnp.zeros((max(max_node, max_key_column), GRID, LATENT)),
            foreign=jnp.zeros((len(AGGREGATIONS), n_chunk_block, BLOCK, LATENT)),
        )

        def visit_table(i: Array, values: NodeValues) -> NodeValues:
            table = tables.order[i]
            n_held = tables.held.n[table]

            def visit_chunk(chunk: Array, values: NodeValues) -> NodeValues:
                first = chunk * n_chunk_block
                return self._fill(Span(table, first, jnp.minimum(n_held - first, n_chunk_block)), values)

            values = values._replace(pairs=list_pairs(tables, table, values.pairs))
            return lax.fori_loop(0, -(-n_held // n_chunk_block), visit_chunk, values)

        return lax.fori_loop(0, tables.n_table, visit_table, empty)

    def _fill(self, span: Span, values: NodeValues) -> NodeValues:
        """Compute all nodes in some blocks of a table."""
        n_node = self.tables.n_node[span.table]
        values = self._fill_foreign(span, values)
        values = lax.fori_loop(0, n_node, lambda node, values: self._fill_node(span, node, values), values)
        return self._quantise(span, values)

    def _page(self, span: Span, block: Array, node: Array) -> Array:
        return self.tables.page(span.table, span.first + block, node)

    def _block(self, span: Span, block: Array) -> Array:
        return self.tables.held.block(span.table, span.first + block)

    def _is_index(self, table: Array, node: Array) -> Array:
        """Whether a node carries categories."""
        return self.tables.is_categorical[table, node] & ~self.laws.is_lazy[table]

    def _fill_node(self, span: Span, node: Array, values: NodeValues) -> NodeValues:
        n_cause = self.tables.edge[span.table, :, node].sum()
        noise_shape = self.laws.noise_shape[span.table]
        decoders = when(
            node % N_DECODER == 0,
            lambda node, _: choose_decoders(self.tables, span.table, noise_shape, node, self.recipe),
            node,
            values.decoders,
        )
        values = values._replace(decoders=decoders)
        values = when(n_cause == 0, lambda node, values: self._fill_source(span, node, values), node, values)
        values = when(n_cause > 0, lambda node, values: self._fill_caused(span, node, n_cause, values), node, values)
        if self.intervention is not None:
            values = self._intervene(span, node, values)
        return self._fill_places(span, node, values)

    def _fill_source(self, span: Span, node: Array, values: NodeValues) -> NodeValues:
        table = span.table
        kind = self.laws.source[table, node]
        law = SourceLaw(random.fold_in(self.tables.key(table, SOURCE), node), self.laws.source_bounds[table, node])
        key = self._noise_key(table, node)

        def fill(block: Array, value: Array) -> Array:
            cells = Cells(key, self._block(span, block), self.tables.n_row[table], self.tables.is_entity[table])
            drawn = lax.cond(
                self._is_index(table, node),
                lambda: categorical_source(kind, law, cells, self.tables.n_category[table, node], self.max_category),
                lambda: numerical_source(kind, law, cells),
            )
            return value.at[self._page(span, block, node)].set(drawn)

        return values._replace(value=lax.fori_loop(0, span.n, fill, values.value))

    def _noise_key(self, table: Array, node: Array) -> PRNGKeyArray:
        return random.fold_in(random.wrap_key_data(self.laws.noise_key[table]), node)

    def _encode(self, table: Array, pair: Array, place: Array, values: NodeValues) -> NodeValues:
        """Tabulate the encoder of a pair, times its weight, at ``place``. Pairs come in order."""
        pairs = values.pairs
        encoders = when(
            pair % N_ENCODER == 0,
            lambda pair, _: choose_encoders(self.tables, table, pairs, pair, self.recipe),
            pair,
            values.encoders,
        )
        owner, node = origin_of(self.tables, table, pairs, pair)
        is_foreign = pair < pairs.n_foreign
        # a parent's labels are numbers to its children
        is_label = is_foreign & self.tables.is_categorical[owner, node] & self.laws.is_lazy[owner]
        grid = jnp.where(is_label, jnp.arange(GRID, dtype=jnp.float32), values.grid[owner, node])
        encoder = encoder_at(encoders, pair, self.recipe)
        curve = encoder.tabulate(self._is_index(owner, node), self.tables.n_category[owner, node], grid, self.max_category)
        weight = jnp.where(is_foreign, 1.0, self.tables.edge_weight[table, node, pairs.target[pair]])
        encoded = values.encoded.at[place].set(jnp.clip(weight * curve, -MAX_TERM, MAX_TERM))
        return values._replace(encoders=encoders, encoded=encoded)

    def _fill_caused(self, span: Span, node: Array, n_cause: Array, values: NodeValues) -> NodeValues:
        table, pairs = span.table, values.pairs
        kind, start = self.laws.aggregation[table, node], pairs.start[node]
        values = lax.fori_loop(0, n_cause, lambda i, values: self._encode(table, start + i, i, values), values)
        is_index, n_category = self._is_index(table, node), self.tables.n_category[table, node]
        decoder, noise_key = decoder_at(values.decoders, node, self.recipe), unrolled(self._noise_key(table, node))
        weights = decoder.weights(is_index, n_category, self.max_category)

        cause = lax.dynamic_slice(pairs.origin, (start,), (self.tables.is_categorical.shape[1],))
        pages = self._page(span, jnp.array(0), cause)

        def reconstruct(block: Array, value: Array) -> Array:
            def term(i: Array) -> Array:
                page = row_of(pages, i) + block * self.tables.pages.n_line[table]
                return look_up(values.encoded, i, row_of(values.place, page))

            laws = [partial(law.reduce, term, n_cause) for law in AGGREGATIONS.values()]
            latent = lax.switch(kind, laws, values.foreign[kind, block])
            latent = latent + beta_noise(noise_key, self._block(span, block), decoder.quantiles / LATENT)
            decoded = weights.apply(latent, is_index, n_category)
            return value.at[self._page(span, block, node)].set(decoded)

        return values._replace(value=lax.fori_loop(0, span.n, reconstruct, values.value))

    def _intervene(self, span: Span, node: Array, values: NodeValues) -> NodeValues:
        assert self.intervention is not None
        intervention, table = self.intervention, span.table

        def fill(block: Array, value: Array) -> Array:
            page = self._page(span, block, node)
            return value.at[page].set(intervention.apply(table, node, page, value[page]))

        return values._replace(value=lax.fori_loop(0, jnp.where(intervention.is_set[table, node], span.n, 0), fill, values.value))

    def _fill_places(self, span: Span, node: Array, values: NodeValues) -> NodeValues:
        table, n_pilot = span.table, self.tables.n_pilot(span.table)
        is_index, known = self._is_index(table, node), values.grid[table, node]

        def from_pilot() -> Array:
            pilot = pages_for_statistics(values.value, self._page(span, jnp.array(0), node), self.intervention)
            return quantile_grid(sort_pilot(pilot, n_pilot), n_pilot)

        grid = lax.cond((span.first == 0) & ~is_index, from_pilot, lambda: known)

        def fill(block: Array, place: Array) -> Array:
            page = self._page(span, block, node)
            value = values.value[page]
            return place.at[page].set(lax.cond(is_index, lambda: value, lambda: place_on(grid, value)))

        place = lax.fori_loop(0, span.n, fill, values.place)
        return values._replace(place=place, grid=values.grid.at[table, node].set(grid))

    def _quantise(self, span: Span, values: NodeValues) -> NodeValues:
        """Replace the places of a type-lazy table's categorical columns by their labels."""
        tables, table = self.tables, span.table

        def visit(column: Array, place: Array) -> Array:
            node = tables.column_node[table, column]

            def quantise(node: Array, place: Array) -> Array:
                labels = draw_quantiser(
                    random.fold_in(tables.key(table, LABEL), node),
                    pages_for_statistics(values.value, tables.page(table, 0, node), self.intervention),
                    tables.n_pilot(table),
                    tables.n_category[table, node],
                    self.laws.is_permuted[table, column],
                    self.laws.is_reversed[table, column],
                    self.max_category,
                )

                def fill(block: Array, place: Array) -> Array:
                    page = self._page(span, block, node)
                    return place.at[page].set(labels(values.value[page]))

                return lax.fori_loop(0, span.n, fill, place)

            return when(tables.is_categorical[table, node], quantise, node, place)

        n_column = jnp.where(self.laws.is_lazy[table], tables.n_column[table], 0)
        return values._replace(place=lax.fori_loop(0, n_column, visit, values.place))

    def _fill_foreign(self, span: Span, values: NodeValues) -> NodeValues:
        """Aggregate the embeddings of the parent tables' columns at the linked rows, in every way there is."""
        tables, table, pairs = self.tables, span.table, values.pairs
        values = lax.fori_loop(0, pairs.n_foreign, lambda i, values: self._encode(table, i, i, values), values)

        def visit_block(block: Array, foreign: Array) -> Array:
            def term(i: Array) -> tuple[Array, Array]:
                parent, node = origin_of(self.tables, table, pairs, i)
                row = tables.linked_rows(table, pairs.target[i], span.first + block)
                place = values.place[tables.page(parent, row // BLOCK, node), row % BLOCK]
                return look_up(values.encoded, i, place), tables.n_column[parent]

            return foreign.at[:, block].set(aggregate_all(term, pairs.n_foreign, (BLOCK, LATENT)))

        return values._replace(foreign=lax.fori_loop(0, span.n, visit_block, values.foreign))
