"""From nodes to columns: transforms and missing values (PluRel, arXiv:2602.04029, post-processing)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, UInt32

from plurel_prob.batches import chunk_size, joined, with_rule
from plurel_prob.blocks import N_PILOT_BLOCK
from plurel_prob.distributions.mechanisms.forest import one_of_many
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention, pages_for_statistics
from plurel_prob.distributions.mechanisms.transforms import RANK, TRANSFORMS, Pilot, TransformInputs, pilot_of
from plurel_prob.distributions.permutation import place_of


@jax.tree_util.register_static
@dataclass(frozen=True)
class Kinds:
    """The transforms that a program has; static, so that it is compiled for these only."""

    of: tuple[int, ...]  # in ascending order


class ColumnLaws(NamedTuple):
    """How columns are made from nodes."""

    kinds: Kinds
    transform: Int[Array, "table column"]  # of numerical columns, index into ``TRANSFORMS``
    shape: Float[Array, "table column 2"]  # of the transform
    missing_rate: Float[Array, "table column"]  # share of a numerical column's cells
    missing_key: UInt32[Array, "table 2"]


class ColumnBlock(NamedTuple):
    """A column in a block of a table's rows."""

    table: Array
    column: Array
    position: Array  # of the block
    page: Array  # of the column's node in the block
    pilot: Pilot  # of the column

    def row(self, tables: CausalTables) -> Int[Array, " row"]:
        """Rows of the block."""
        return tables.rows(self.table, self.position)

    def place(self, tables: CausalTables) -> Int[Array, ""]:
        """Page of the column."""
        return tables.column_pages.page(self.table, self.position, self.column)


def column_values(
    tables: CausalTables,
    laws: ColumnLaws,
    value: Float[Array, "page block"],
    label: Float[Array, "page block"],
    intervention: Intervention | None = None,
) -> Float[Array, "page block"]:
    """Return the pages of all columns (``tables.column_pages``): categories as they are, numbers transformed, some missing.

    Every numerical column misses (NaN) exactly its share of cells, rounded down: those of the rows with the
    first places in a permutation of the column's own (:func:`place_of`). Under ``vmap``, accelerators show those of many
    databases side by side.

    Args:
        tables: the structure.
        laws: choices of every column.
        value: pages of nodes: their numbers.
        label: pages of nodes: their categories.
        intervention: says where statistics of columns are taken from.
    """

    def many(n: int, tables: CausalTables, laws: ColumnLaws, value: Array, label: Array, intervention: Any) -> Array:
        if intervention is not None:
            natural = value
            if intervention.natural is not None:
                natural = jnp.where(intervention.is_natural[:, None, None], intervention.natural, value)
            intervention = Intervention(*joined((intervention.is_set, intervention.value, natural)))
        together = one_of_many(tables, value.shape[1]), *joined((laws, value, label)), intervention
        return _show_side_by_side(*together).reshape(value.shape)

    return with_rule(_show, many)(tables, laws, value, label, intervention)


def _show(
    tables: CausalTables, laws: ColumnLaws, value: Array, label: Array, intervention: Intervention | None
) -> Float[Array, "page block"]:
    """Show columns block after block."""

    def show(block: ColumnBlock, result: Array) -> Array:
        return result.at[block.place(tables)].set(_shown(tables, laws, block, value, label))

    return _fold_blocks(tables, laws, value, intervention, show, jnp.zeros_like(value))


def _show_side_by_side(
    tables: CausalTables, laws: ColumnLaws, value: Array, label: Array, intervention: Intervention | None
) -> Float[Array, "page block"]:
    """Show columns a chunk at a time, those with most blocks first; a block of each at a time."""
    n_table, max_column = tables.column_node.shape
    table, column = (x.reshape(-1) for x in jnp.indices((n_table, max_column)))
    n_block = jnp.where(column < tables.n_column[table], tables.held.n[table], 0)
    order, n_item, size = jnp.argsort(-n_block, stable=True), (n_block > 0).sum(dtype=jnp.int32), chunk_size()

    def show_chunk(i: Array, result: Array) -> Array:
        place = i * size + jnp.arange(size)
        item = order[jnp.minimum(place, len(order) - 1)]
        table_of, column_of = table[item], column[item]
        n_here = jnp.where(place < n_item, n_block[item], 0)
        pilot = jax.vmap(lambda t, c: _pilot(tables, laws, value, intervention, t, c))(table_of, column_of)

        def show_block(position: Array, result: Array) -> Array:
            def one(table: Array, column: Array, pilot: Pilot) -> tuple[Array, Array]:
                page = tables.page(table, position, tables.column_node[table, column])
                block = ColumnBlock(table, column, position, page, pilot)
                return block.place(tables), _shown(tables, laws, block, value, label)

            page, shown = jax.vmap(one)(table_of, column_of, pilot)
            return result.at[jnp.where(position < n_here, page, len(value))].set(shown, mode="drop")

        return lax.fori_loop(0, n_here.max(), show_block, result)

    return lax.fori_loop(0, (n_item + size - 1) // size, show_chunk, jnp.zeros_like(value))


def _shown(tables: CausalTables, laws: ColumnLaws, block: ColumnBlock, value: Array, label: Array) -> Float[Array, " row"]:
    """A block of a column as its table shows it."""

    def number() -> Array:
        shown = _transformed(tables, laws, block, value[block.page])
        return jnp.where(_is_missing(tables, laws, block), jnp.nan, shown)

    return lax.cond(tables.column_is_categorical[block.table, block.column], lambda: label[block.page], number)


def log_slopes(tables: CausalTables, laws: ColumnLaws, value: Float[Array, "page block"]) -> Float[Array, " table"]:
    r"""Sum, over the cells that a table shows of numbers, of :math:`\log |f'(x)|`, f the column's transform, x the node's number.

    The log density of values of nodes, less this, is that of the cells that tables show, together with all that they do not
    show. Statistics of the pilot count as constants of the transform. A cell at which the transform is flat adds nothing, as a
    missing one does: the node's number has its density, in the units of the node. Flat are the ends of warps, beyond which
    numbers are clipped, and ranks of pilot rows, which are places among the pilot's own.
    """

    def add(block: ColumnBlock, total: Array) -> Array:
        def number() -> Array:
            numbers = value[block.page]
            _, slope = jax.jvp(lambda x: _transformed(tables, laws, block, x), (numbers,), (jnp.ones_like(numbers),))
            is_shown = tables.exists(block.table, block.position) & ~_is_missing(tables, laws, block)
            has_slope = is_shown & jnp.isfinite(slope) & (slope != 0)
            return jnp.log(jnp.abs(jnp.where(has_slope, slope, 1.0))).sum()

        is_categorical = tables.column_is_categorical[block.table, block.column]
        return total.at[block.table].add(lax.cond(is_categorical, lambda: jnp.zeros(()), number))

    return _fold_blocks(tables, laws, value, None, add, jnp.zeros(len(tables.order)))


def _fold_blocks(
    tables: CausalTables,
    laws: ColumnLaws,
    value: Float[Array, "page block"],
    intervention: Intervention | None,
    visit: Callable[[ColumnBlock, Array], Array],
    result: Array,
) -> Array:
    """``result`` after ``visit`` of every block of every column."""

    def visit_table(i: Array, result: Array) -> Array:
        table = tables.order[i]

        def visit_column(column: Array, result: Array) -> Array:
            node, pilot = tables.column_node[table, column], _pilot(tables, laws, value, intervention, table, column)

            def visit_block(position: Array, result: Array) -> Array:
                return visit(ColumnBlock(table, column, position, tables.page(table, position, node), pilot), result)

            return lax.fori_loop(0, tables.held.n[table], visit_block, result)

        return lax.fori_loop(0, tables.n_column[table], visit_column, result)

    return lax.fori_loop(0, tables.n_table, visit_table, result)


def _pilot(
    tables: CausalTables, laws: ColumnLaws, value: Array, intervention: Intervention | None, table: Array, column: Array
) -> Pilot:
    """What a column's transform knows of its first blocks."""
    pages = tables.page(table, jnp.arange(min(N_PILOT_BLOCK, tables.max_held)), tables.column_node[table, column])
    natural = pages_for_statistics(value, pages, intervention)
    needs_order = laws.transform[table, column] == RANK if RANK in laws.kinds.of else False
    return pilot_of(natural.reshape(-1), tables.n_row[table], needs_order)


def _transformed(tables: CausalTables, laws: ColumnLaws, block: ColumnBlock, numbers: Float[Array, " row"]) -> Array:
    """A block of a numerical column, none missing."""
    row = block.row(tables)
    cells = TransformInputs(laws.shape[block.table, block.column], (row + 0.5) / tables.n_row[block.table], row)
    kind = jnp.searchsorted(jnp.array(laws.kinds.of), laws.transform[block.table, block.column])
    transforms = list(TRANSFORMS.values())
    return lax.switch(kind, [transforms[i] for i in laws.kinds.of], numbers, block.pilot, cells)


def _is_missing(tables: CausalTables, laws: ColumnLaws, block: ColumnBlock) -> Bool[Array, " row"]:
    """Which cells of a block of a numerical column are missing."""
    n_row = tables.n_row[block.table]
    n_missing = (laws.missing_rate[block.table, block.column] * n_row).astype(jnp.int32)
    key = random.fold_in(random.wrap_key_data(laws.missing_key[block.table]), block.column)
    return place_of(key, block.row(tables), n_row) < n_missing
