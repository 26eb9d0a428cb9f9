"""Blocks of rows: the unit in which row-sized values are drawn and stored.

A table's rows are cut into blocks of ``BLOCK`` rows. A block's random numbers come from a key of its own
(:func:`block_key`), so the values of a row do not depend on how many rows, blocks or tables are drawn with it.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import random
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray

BLOCK = 1024  # rows
N_PILOT_BLOCK = 8  # first blocks of a table, from which statistics of its columns are taken


def n_block(n_row: ArrayLike) -> Int[Array, "..."]:
    """Number of blocks that hold ``n_row`` rows."""
    return (jnp.asarray(n_row) + BLOCK - 1) // BLOCK


def block_key(key: PRNGKeyArray, block: ArrayLike) -> PRNGKeyArray:
    """Key of a block's random numbers."""
    return random.fold_in(key, jnp.asarray(block, jnp.uint32))


class HeldBlocks(NamedTuple):
    """Which blocks of each table a program computes: ``n``, at positions 0, 1, ...: the table's first eight, then those that
    follow after ``skipped`` blocks. No table may refer to one that is not held whole, and of a table that is held at all the
    first eight blocks are, or all there are.
    """

    n: Int[Array, " table"]
    skipped: Int[Array, " table"]

    def block(self, table: ArrayLike, position: Array) -> Int[Array, "..."]:
        """Block at a position of a table."""
        return block_at(position, self.skipped[table])


def block_at(position: Any, skipped: Any) -> Any:
    """Block at a position where ``skipped`` blocks are left out after the first eight; of JAX's arrays or NumPy's."""
    return position + skipped * (position >= N_PILOT_BLOCK)


def all_blocks(n_row: Int[Array, " table"]) -> HeldBlocks:
    """Return all blocks of every table."""
    n = n_block(n_row)
    return HeldBlocks(n, jnp.zeros_like(n))


class Pages(NamedTuple):
    """Where values lie in one array of pages.

    A page holds one line (a dimension of a node, or a column) in one block of one table. Pages are ordered by table (in
    topological order), position of the block, line: a page follows all pages that its values depend on. Memory is what the
    tables need, not tables x rows x lines.
    """

    start: Int[Array, " table"]  # first page of each table
    n_line: Int[Array, " table"]

    def page(self, table: ArrayLike, position: ArrayLike, line: ArrayLike) -> Int[Array, "..."]:
        """Page of a line in the block at a position of a table."""
        return self.start[table] + jnp.asarray(position) * self.n_line[table] + line


def lay_out(n_held: Int[Array, " table"], n_line: Int[Array, " table"], table_order: Int[Array, " table"]) -> Pages:
    """Lay the tables, ``n_held`` blocks each, out one after another in topological order (padded with -1)."""
    n_page = n_held * n_line
    in_order = jnp.where(table_order >= 0, n_page[table_order], 0)
    place = jnp.where(table_order >= 0, table_order, len(n_held))
    start = jnp.zeros_like(n_page).at[place].set(jnp.cumsum(in_order) - in_order, mode="drop")
    return Pages(start, n_line)
