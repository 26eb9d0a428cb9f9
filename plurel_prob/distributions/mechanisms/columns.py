"""From nodes to columns: transforms and missing values (PluRel, arXiv:2602.04029, post-processing)."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Int, UInt32

from plurel_prob.blocks import BLOCK, block_key
from plurel_prob.distributions.mechanisms.structure import CausalTables
from plurel_prob.distributions.mechanisms.transforms import PILOT, TRANSFORMS, Cells, pilot_of


class ColumnLaws(NamedTuple):
    """How columns are made from nodes."""

    transform: Int[Array, "table column"]  # of numerical columns, index into ``TRANSFORMS``
    shape: Float[Array, "table column 2"]  # of the transform
    missing_rate: Float[Array, " table"]  # share of a numerical column's cells
    missing_key: UInt32[Array, "table 2"]


def column_values(
    tables: CausalTables, laws: ColumnLaws, value: Float[Array, "page block"], label: Float[Array, "page block"]
) -> Float[Array, "page block"]:
    """Return the pages of all columns (``tables.column_pages``): categories as they are, numbers transformed, some missing.

    A numerical cell is missing (NaN) with the table's probability, independently of all others.

    Args:
        tables: the structure.
        laws: choices of every column.
        value: pages of nodes: their numbers.
        label: pages of nodes: their categories.
    """

    def visit_table(i: Array, result: Array) -> Array:
        table = tables.order[i]
        missing_key = random.wrap_key_data(laws.missing_key[table])

        def visit_column(column: Array, result: Array) -> Array:
            node = tables.column_node[table, column]
            is_categorical = tables.is_categorical[table, node]
            pilot_pages = tables.page(table, jnp.arange(min(PILOT // BLOCK, tables.max_block)), node)
            pilot = pilot_of(value[pilot_pages].reshape(-1), tables.n_row[table], laws.transform[table, column])
            key = random.fold_in(missing_key, column)

            def number(block: Array, numbers: Array) -> Array:
                share = (block * BLOCK + jnp.arange(BLOCK) + 0.5) / tables.n_row[table]
                cells = Cells(laws.shape[table, column], share)
                shown = lax.switch(laws.transform[table, column], list(TRANSFORMS.values()), numbers, pilot, cells)
                uniform = random.uniform(block_key(key, block), (BLOCK,))
                return jnp.where(uniform < laws.missing_rate[table], jnp.nan, shown)

            def visit_block(block: Array, result: Array) -> Array:
                page = tables.page(table, block, node)
                shown = lax.cond(is_categorical, lambda: label[page], lambda: number(block, value[page]))
                return result.at[tables.column_pages.page(table, block, column)].set(shown)

            return lax.fori_loop(0, tables.n_block[table], visit_block, result)

        return lax.fori_loop(0, tables.n_column[table], visit_column, result)

    return lax.fori_loop(0, tables.n_table, visit_table, jnp.zeros_like(value))
