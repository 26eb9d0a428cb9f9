"""What the values of a database's tables depend on, whatever the mechanisms."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray, UInt32

from plurel_prob.blocks import BLOCK, HeldBlocks, Pages


class CausalTables(NamedTuple):
    """Tables, links and causal graphs; axes are padded, ``n_*`` say how much is used.

    Nodes of a table are in topological order: causes have smaller indices. Rows of the last axis are those of the blocks that are
    held, padded to whole blocks; "position" is where a block is held.
    """

    order: Int[Array, " table"]  # tables in topological order (parents first), padded with -1
    is_entity: Bool[Array, " table"]
    n_row: Int[Array, " table"]
    n_node: Int[Array, " table"]
    n_column: Int[Array, " table"]
    column_node: Int[Array, "table column"]  # node that a column shows
    n_seen: Int[Array, " table"]
    seen_node: Int[Array, "table seen"]  # nodes that compact mechanisms of tables that refer to this one see
    n_parent: Int[Array, " table"]  # foreign keys
    parent_table: Int[Array, "table foreign_key"]
    parent_row: Int[Array, "table foreign_key row"]
    edge: Bool[Array, "table cause effect"]
    edge_weight: Float[Array, "table cause effect"]
    is_categorical: Bool[Array, "table node"]
    n_category: Int[Array, "table node"]
    n_dim: Int[Array, "table node"]  # dimensions of a node: each has a page a block
    mechanism_key: UInt32[Array, "table 2"]
    held: HeldBlocks  # the blocks that are computed
    pages: Pages  # where the values of nodes lie
    line: Int[Array, "table node"]  # pages of a block before the node's
    column_pages: Pages  # where the values of columns lie

    @property
    def n_table(self) -> Int[Array, ""]:
        """Number of tables."""
        return (self.order >= 0).sum()

    @property
    def max_held(self) -> int:
        """Static bound on the blocks of a table that are held."""
        return self.parent_row.shape[-1] // BLOCK

    def page(self, table: ArrayLike, position: ArrayLike, node: ArrayLike) -> Int[Array, "..."]:
        """Page of a node's first dimension in the block at a position."""
        return self.pages.page(table, position, self.line[table, node])

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

    def rows(self, table: Array, position: Array) -> Int[Array, " row"]:
        """Rows of the block at a position; those from ``n_row`` on do not exist."""
        return self.held.block(table, position) * BLOCK + jnp.arange(BLOCK)

    def exists(self, table: Array, position: Array) -> Bool[Array, " row"]:
        """Which rows of the block at a position exist."""
        return self.rows(table, position) < self.n_row[table]

    def linked_rows(self, table: Array, slot: Array, position: Array) -> Int[Array, " row"]:
        """Parent rows that the rows at a position refer to by a foreign key; 0 where there is no row."""
        start = (table, slot, position * BLOCK)
        return jnp.maximum(lax.dynamic_slice(self.parent_row, start, (1, 1, BLOCK))[0, 0], 0)


class Intervention(NamedTuple):
    """Values of nodes that are set by hand; what they cause follows.

    Counterfactuals keep the mechanisms of a database as it was: with ``is_natural``, statistics of nodes (grids of encoders,
    boundaries of categories, ranks and moments of columns) are those of ``natural``, not of the values after the intervention.
    """

    is_set: Bool[Array | np.ndarray, "table node"]  # nodes that have values that are set
    value: Float[Array | np.ndarray, "page block"]  # NaN: as the mechanism has it
    natural: Float[Array | np.ndarray, "page block"] | None = None  # values of all nodes before the intervention
    is_natural: Bool[Array | np.ndarray, ""] | bool = True  # whether ``natural`` is looked at

    def is_given(self, table: Array, node: Array, page: Int[Array, "*page"]) -> Bool[Array, "*page row"]:
        """Which values of pages of a node are set."""
        return self.is_set[table, node] & ~jnp.isnan(self.value[page])

    def apply(self, table: Array, node: Array, page: Array, drawn: Float[Array, " row"]) -> Float[Array, " row"]:
        """Replace values of a page of a node that are set."""
        """Replace values of a page of a node that are set."""

        def replace() -> Array:
            return jnp.where(jnp.isnan(self.value[page]), drawn, self.value[page])

        return lax.cond(self.is_set[table, node], replace, lambda: drawn)


def pages_for_statistics(
    value: Float[Array, "page block"], page: Int[Array, "..."], intervention: Intervention | None
) -> Float[Array, "... block"]:
    """Pages of the values from which statistics of nodes are taken."""
    if intervention is None or intervention.natural is None:
        return value[page]
    return jnp.where(intervention.is_natural, intervention.natural[page], value[page])
