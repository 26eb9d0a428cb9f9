"""Blocks of rows: the unit in which row-sized values are drawn and stored.

A table's rows are cut into blocks of ``BLOCK`` rows. A block's random numbers come from a key of its own
(:func:`block_key`), so the values of a row do not depend on how many rows, blocks or tables are drawn with it.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import random
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray

BLOCK = 1024  # rows


def n_block(n_row: ArrayLike) -> Int[Array, "..."]:
    """Number of blocks that hold ``n_row`` rows."""
    return (jnp.asarray(n_row) + BLOCK - 1) // BLOCK


def block_key(key: PRNGKeyArray, block: ArrayLike) -> PRNGKeyArray:
    """Key of a block's random numbers."""
    return random.fold_in(key, jnp.asarray(block, jnp.uint32))


class Pages(NamedTuple):
    """Where the values of every node of every table lie in one array of pages.

    A page holds one node's values in one block of one table. Pages are ordered by table (in topological order), block, node: a
    page follows all pages that its values depend on. Memory is what the tables need, not tables x rows x nodes.
    """

    start: Int[Array, " table"]  # first page of each table
    n_node: Int[Array, " table"]
    n_page: Int[Array, ""]  # pages in use, at most the length of the array

    def page(self, table: ArrayLike, block: ArrayLike, node: ArrayLike) -> Int[Array, "..."]:
        """Page of a node in a block of a table."""
        return self.start[table] + jnp.asarray(block) * self.n_node[table] + node

    def place(self, page: ArrayLike, table_order: Int[Array, " table"]) -> tuple[Array, Array, Array]:
        """Table, block and node of a page (the inverse of :meth:`page`); ``table_order`` is topological, padded with -1."""
        start = jnp.where(table_order >= 0, self.start[table_order], jnp.iinfo(jnp.int32).max)
        table = table_order[jnp.searchsorted(start, jnp.asarray(page), side="right") - 1]
        block, node = jnp.divmod(page - self.start[table], jnp.maximum(self.n_node[table], 1))
        return table, block, node


def lay_out(n_row: Int[Array, " table"], n_node: Int[Array, " table"], table_order: Int[Array, " table"]) -> Pages:
    """Lay the tables out one after another in topological order (padded with -1)."""
    n_page = n_block(n_row) * n_node
    in_order = jnp.where(table_order >= 0, n_page[table_order], 0)
    end = jnp.cumsum(in_order)
    place = jnp.where(table_order >= 0, table_order, len(n_row))
    start = jnp.zeros_like(n_page).at[place].set(end - in_order, mode="drop")
    return Pages(start, n_node, end[-1])
