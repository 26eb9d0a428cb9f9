"""From nodes to columns: transforms and missing values (PluRel, arXiv:2602.04029, post-processing)."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Int, UInt32

from plurel_prob.blocks import N_PILOT_BLOCK
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention, pages_for_statistics
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS, TransformInputs, pilot_of
from plurel_prob.distributions.permutation import place_of


class ColumnLaws(NamedTuple):
    """How columns are made from nodes."""

    transform: Int[Array, "table column"]  # of numerical columns, index into ``TRANSFORMS``
    shape: Float[Array, "table column 2"]  # of the transform
    missing_rate: Float[Array, " table"]  # share of a numerical column's cells
    missing_key: UInt32[Array, "table 2"]


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

    def visit_table(i: Array, result: Array) -> Array:
        table = tables.order[i]
        missing_key = random.wrap_key_data(laws.missing_key[table])
        n_row = tables.n_row[table]
        n_missing = (laws.missing_rate[table] * n_row).astype(jnp.int32)

        def visit_column(column: Array, result: Array) -> Array:
            node = tables.column_node[table, column]
            is_categorical = tables.is_categorical[table, node]
            pilot_pages = tables.page(table, jnp.arange(min(N_PILOT_BLOCK, tables.max_held)), node)
            natural = pages_for_statistics(value, pilot_pages, intervention)
            pilot = pilot_of(natural.reshape(-1), n_row, laws.transform[table, column])
            key = random.fold_in(missing_key, column)

            def number(position: Array, numbers: Array) -> Array:
                row = tables.rows(table, position)
                cells = TransformInputs(laws.shape[table, column], (row + 0.5) / n_row)
                shown = lax.switch(laws.transform[table, column], list(TRANSFORMS.values()), numbers, pilot, cells)
                return jnp.where(place_of(key, row, n_row) < n_missing, jnp.nan, shown)

            def visit_block(position: Array, result: Array) -> Array:
                page = tables.page(table, position, node)
                shown = lax.cond(is_categorical, lambda: label[page], lambda: number(position, value[page]))
                return result.at[tables.column_pages.page(table, position, column)].set(shown)

            return lax.fori_loop(0, tables.held.n[table], visit_block, result)

        return lax.fori_loop(0, tables.n_column[table], visit_column, result)

    return lax.fori_loop(0, tables.n_table, visit_table, jnp.zeros_like(value))
