"""From nodes to columns: transforms and missing values (PluRel, arXiv:2602.04029, post-processing)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, UInt32

from plurel_prob.blocks import N_PILOT_BLOCK
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention, pages_for_statistics
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS, Pilot, TransformInputs, pilot_of
from plurel_prob.distributions.permutation import place_of


class ColumnLaws(NamedTuple):
    """How columns are made from nodes."""

    transform: Int[Array, "table column"]  # of numerical columns, index into ``TRANSFORMS``
    shape: Float[Array, "table column 2"]  # of the transform
    missing_rate: Float[Array, " table"]  # share of a numerical column's cells
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


def column_values(
    tables: CausalTables,
    laws: ColumnLaws,
    value: Float[Array, "page block"],
    label: Float[Array, "page block"],
    intervention: Intervention | None = None,
) -> Float[Array, "page block"]:
    """Return the pages of all columns (``tables.column_pages``): categories as they are, numbers transformed, some missing.

    Every numerical column misses (NaN) exactly the table's share of its cells, rounded down: those of the rows with the
    first places in a permutation of the column's own (:func:`place_of`).

    Args:
        tables: the structure.
        laws: choices of every column.
        value: pages of nodes: their numbers.
        label: pages of nodes: their categories.
        intervention: says where statistics of columns are taken from.
    """

    def show(block: ColumnBlock, result: Array) -> Array:
        def number() -> Array:
            shown = _transformed(tables, laws, block, value[block.page])
            return jnp.where(_is_missing(tables, laws, block), jnp.nan, shown)

        is_categorical = tables.column_is_categorical[block.table, block.column]
        shown = lax.cond(is_categorical, lambda: label[block.page], number)
        return result.at[tables.column_pages.page(block.table, block.position, block.column)].set(shown)

    return _fold_blocks(tables, laws, value, intervention, show, jnp.zeros_like(value))


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
            node = tables.column_node[table, column]
            pilot_pages = tables.page(table, jnp.arange(min(N_PILOT_BLOCK, tables.max_held)), node)
            natural = pages_for_statistics(value, pilot_pages, intervention)
            pilot = pilot_of(natural.reshape(-1), tables.n_row[table], laws.transform[table, column])

            def visit_block(position: Array, result: Array) -> Array:
                return visit(ColumnBlock(table, column, position, tables.page(table, position, node), pilot), result)

            return lax.fori_loop(0, tables.held.n[table], visit_block, result)

        return lax.fori_loop(0, tables.n_column[table], visit_column, result)

    return lax.fori_loop(0, tables.n_table, visit_table, result)


def _transformed(tables: CausalTables, laws: ColumnLaws, block: ColumnBlock, numbers: Float[Array, " row"]) -> Array:
    """A block of a numerical column, none missing."""
    share = (block.row(tables) + 0.5) / tables.n_row[block.table]
    cells = TransformInputs(laws.shape[block.table, block.column], share)
    transform = laws.transform[block.table, block.column]
    return lax.switch(transform, list(TRANSFORMS.values()), numbers, block.pilot, cells)


def _is_missing(tables: CausalTables, laws: ColumnLaws, block: ColumnBlock) -> Bool[Array, " row"]:
    """Which cells of a block of a numerical column are missing."""
    n_row = tables.n_row[block.table]
    n_missing = (laws.missing_rate[block.table] * n_row).astype(jnp.int32)
    key = random.fold_in(random.wrap_key_data(laws.missing_key[block.table]), block.column)
    return place_of(key, block.row(tables), n_row) < n_missing
