"""Many databases as one, and the order in which the values of its nodes can be computed side by side."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int

from plurel_prob.batches import joined
from plurel_prob.distributions.mechanisms.structure import CausalTables

NEVER = jnp.iinfo(jnp.int32).max  # level of what there is not


def one_of_many(tables: CausalTables, max_page: int) -> CausalTables:
    """Tables of databases, all arrays with a leading axis, as those of one database: pages of the databases follow each other."""
    n_database, n_table = tables.order.shape

    def shifted(index: Array, by: int) -> Array:
        first = jnp.arange(n_database) * by
        return jnp.where(index >= 0, index + first.reshape(-1, *[1] * (index.ndim - 1)), index)

    apart = tables._replace(
        order=shifted(tables.order, n_table),
        parent_table=shifted(tables.parent_table, n_table),
        pages=tables.pages._replace(start=shifted(tables.pages.start, max_page)),
        column_pages=tables.column_pages._replace(start=shifted(tables.column_pages.start, max_page)),
    )
    return joined(apart)


class NodeLevels(NamedTuple):
    """When values can be computed: after all of lower levels."""

    node: Int[Array, "table node"]
    key: Int[Array, " table"]  # what a table's blocks see of parent tables; before nodes of the same level


def levels_of(tables: CausalTables, sees_parents: Bool[Array, "table node"]) -> NodeLevels:
    """Levels of nodes: one more than the highest of the causes and of what is seen of parent tables, by the nodes that do."""
    is_seen = jnp.arange(tables.seen_node.shape[1]) < tables.n_seen[:, None]
    is_key = jnp.arange(tables.parent_table.shape[1]) < tables.n_parent[:, None]

    def relax(levels: NodeLevels) -> NodeLevels:
        of_node = jnp.take_along_axis(levels.node, jnp.maximum(tables.seen_node, 0), axis=1)
        of_parent = jnp.where(is_seen, of_node, -1).max(-1)[tables.parent_table]
        key = jnp.where(is_key, of_parent + 1, 0).max(-1)
        cause = jnp.where(tables.edge, levels.node[:, :, None] + 1, 0).max(1)
        return NodeLevels(jnp.maximum(cause, jnp.where(sees_parents, key[:, None], 0)), key)

    def step(state: tuple[NodeLevels, Bool[Array, ""]]) -> tuple[NodeLevels, Bool[Array, ""]]:
        levels, _ = state
        following = relax(levels)
        return following, (following.node != levels.node).any() | (following.key != levels.key).any()

    start = NodeLevels(jnp.zeros(tables.edge.shape[::2], jnp.int32), jnp.zeros(len(tables.order), jnp.int32))
    return lax.while_loop(lambda state: state[1], step, (start, jnp.array(True)))[0]


class Wave(NamedTuple):
    """Items of the blocks that are held, in the order of their levels."""

    table: Int[Array, " item"]
    position: Int[Array, " item"]  # of a block
    inner: Int[Array, " item"]  # what the item is within the block
    level: Int[Array, " item"]  # ``NEVER`` of what there is not

    def chunk(self, at: Array, level: Array, size: int) -> tuple["Wave", Bool[Array, " chunk"]]:
        """``size`` items from one on, and which of them there are, and on a level."""
        i = at + jnp.arange(size)
        here: Wave = jax.tree.map(lambda x: x[jnp.minimum(i, len(x) - 1)], self)
        return here, (i < len(self.level)) & (here.level == level)

    def visit(
        self, at: Array, level: Array, size: int, visit: Callable[["Wave", Array, Any], Any], state: Any
    ) -> tuple[Array, Any]:
        """Visit the items of a level, chunk after chunk, from the first one on; return the first of the next level."""

        def step(carry: tuple[Array, Any]) -> tuple[Array, Any]:
            at, state = carry
            here, is_here = self.chunk(at, level, size)
            return at + is_here.sum(dtype=jnp.int32), visit(here, is_here, state)

        return lax.while_loop(lambda carry: self.chunk(carry[0], level, 1)[1][0], step, (at, state))


def wave(tables: CausalTables, n_inner: Int[Array, " table"], level: Int[Array, "table inner"], max_item: int) -> Wave:
    """Items of the blocks of tables, ``n_inner`` each, at most ``max_item``; of a table and position side by side in a level."""
    n_item = n_inner * tables.held.n
    end, i = jnp.cumsum(n_item), jnp.arange(max_item)
    table = jnp.minimum(jnp.searchsorted(end, i, side="right", method="sort"), len(end) - 1).astype(jnp.int32)
    place, each = i - (end - n_item)[table], jnp.maximum(n_inner[table], 1)
    position, inner = place // each, place % each
    of_item = jnp.where(i < end[-1], level[table, jnp.minimum(inner, level.shape[1] - 1)], NEVER)
    order = jnp.argsort(of_item, stable=True)
    return Wave(table[order], position[order], inner[order], of_item[order])
