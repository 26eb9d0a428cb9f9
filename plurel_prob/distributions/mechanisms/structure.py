"""What the values of a database's tables depend on, whatever the mechanisms."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray, UInt32

from plurel_prob.blocks import BLOCK, Pages, n_block


class CausalTables(NamedTuple):
    """Tables, links and causal graphs; axes are padded, ``n_*`` say how much is used.

    Nodes of a table are in topological order: causes have smaller indices. Rows of the last axis are padded to whole blocks.
    """

    order: Int[Array, " table"]  # tables in topological order (parents first), padded with -1
    is_entity: Bool[Array, " table"]
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
    n_dim: Int[Array, "table node"]  # dimensions of a node: each has a page a block
    mechanism_key: UInt32[Array, "table 2"]
    pages: Pages  # where the values of nodes lie
    line: Int[Array, "table node"]  # pages of a block before the node's
    column_pages: Pages  # where the values of columns lie

    @property
    def n_table(self) -> Int[Array, ""]:
        """Number of tables."""
        return (self.order >= 0).sum()

    @property
    def n_block(self) -> Int[Array, " table"]:
        """Blocks of rows of each table."""
        return n_block(self.n_row)

    @property
    def max_block(self) -> int:
        """Static bound on the blocks of a table."""
        return self.parent_row.shape[-1] // BLOCK

    def page(self, table: ArrayLike, block: ArrayLike, node: ArrayLike) -> Int[Array, "..."]:
        """Page of a node's first dimension in a block."""
        return self.pages.page(table, block, self.line[table, node])

    @property
    def column_is_categorical(self) -> Bool[Array, "table column"]:
        """Which columns are categorical."""
        return jnp.take_along_axis(self.is_categorical, jnp.maximum(self.column_node, 0), axis=1)

    def n_pilot(self, table: Int[Array, ""]) -> Int[Array, ""]:
        """Number of pilot rows, from which statistics of a node are taken: the first block."""
        return jnp.minimum(self.n_row[table], BLOCK)

    def key(self, table: Array, use: int | Array) -> PRNGKeyArray:
        """Key of a table's mechanisms for one use; weights of different use never share random numbers."""
        return random.fold_in(random.wrap_key_data(self.mechanism_key[table]), use)

    def is_row(self, table: Array, block: Array) -> Bool[Array, " row"]:
        """Which rows of a block exist."""
        return block * BLOCK + jnp.arange(BLOCK) < self.n_row[table]

    def linked_rows(self, table: Array, slot: Array, block: Array) -> Int[Array, " row"]:
        """Parent rows that a block's rows refer to by a foreign key; 0 where there is no row."""
        start = (table, slot, block * BLOCK)
        return jnp.maximum(lax.dynamic_slice(self.parent_row, start, (1, 1, BLOCK))[0, 0], 0)


class Intervention(NamedTuple):
    """Nodes that are set by hand: their pages are taken from ``value``, and what they cause follows."""

    is_set: Bool[Array, "table node"]
    value: Float[Array, "page block"]
