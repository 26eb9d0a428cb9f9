"""What the nodes of compact mechanisms see of others at given values: effects of causes, and of parent tables by foreign keys."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.compact_laws import (
    FOREIGN,
    CompactLaws,
    effect_of,
    embedding,
    foreign_effect,
    node_summary,
    numbers,
    weight_key,
)
from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.items import Arrays, Items, sum_items


class Context(NamedTuple):
    """What items are about, and what their laws depend on beside real numbers."""

    tables: CausalTables
    laws: CompactLaws
    intervention: Intervention | None

    @property
    def first_block(self) -> Int[Array, " table"]:
        """Number of each table's first block, if the blocks that are held are counted table after table."""
        return jnp.cumsum(self.tables.held.n) - self.tables.held.n


class Seen(NamedTuple):
    """What nodes see at given values: it does not depend on parameters, and is computed once for many of these."""

    foreign: Float[Array, "block dim row"]  # effects of parent tables, before the table's strength of these
    effect: Float[
        Array, "node cause dim row"
    ]  # of a node's causes, before weights; of the nodes of all blocks, one after another


def seen_at(tables: CausalTables, laws: CompactLaws, value: Float[Array, "page row"], max_category: int, max_cause: int) -> Seen:
    """What nodes see at these values; four pages a node and cause."""
    context = Context(tables, laws, None)
    effect = sum_items(CauseItems(max_category, max_cause, len(value)), context, {"value": value})
    return Seen(foreign_effects(context, value, max_category), effect.reshape(len(value), max_cause, DIM, BLOCK))


def foreign_effects(context: Context, value: Float[Array, "page row"], max_category: int) -> Float[Array, "block dim row"]:
    """Effects of parent tables on every block, before the table's strength of these."""
    held = context.tables.held.n.size * context.tables.max_held
    n_block = min(len(value), held)  # a block has a page at least
    return sum_items(KeyItems(max_category, n_block), context, {"value": value})


def unravel(i: Array, n_inner: Int[Array, " table"], n_outer: Int[Array, " table"]) -> tuple[Array, Array, Array]:
    """Table, outer and inner index of item ``i`` of all tables' ``n_outer * n_inner`` each."""
    end = jnp.cumsum(n_inner * n_outer)
    table = (end <= i).sum()
    place = i - end[table] + n_inner[table] * n_outer[table]
    return table, place // n_inner[table], place % n_inner[table]


@dataclass(frozen=True)
class KeyItems(Items):
    """The foreign keys of blocks: effects of the linked rows of a parent table, added up by block."""

    max_category: int
    n_block: int  # bound on the blocks that are held

    def count(self, context: Context) -> Int[Array, ""]:
        """Number of keys of all blocks."""
        return (context.tables.n_parent * context.tables.held.n).sum()

    def of(self, context: Context, i: Array) -> tuple[Array, Array, Array]:
        """Table, position and foreign key of an item."""
        return unravel(i, context.tables.n_parent, context.tables.held.n)

    def start(self, context: Context) -> Float[Array, "block dim row"]:
        """No effects."""
        return jnp.zeros((self.n_block, DIM, BLOCK))

    def target(self, context: Context, i: Array) -> Array:
        """Block of an item."""
        table, position, _ = self.of(context, i)
        return context.first_block[table] + position

    def places(self, context: Context, i: Array) -> dict[str, tuple[Array, ...]]:
        """The nodes of the parent table at the linked rows."""
        tables, (table, position, slot) = context.tables, self.of(context, i)
        parent, row = tables.parent_table[table, slot], tables.linked_rows(table, slot, position)
        is_seen = jnp.arange(tables.seen_node.shape[1])[:, None] < tables.n_seen[parent]
        node = jnp.maximum(tables.seen_node[parent][:, None], 0)
        page = tables.page(parent, row // BLOCK, node)
        return {"value": (jnp.where(is_seen, page, 0), row % BLOCK)}

    def law(self, context: Context, i: Array, inputs: Arrays) -> Float[Array, "dim row"]:
        """Effect of the linked rows."""
        tables, (table, _, slot) = context.tables, self.of(context, i)
        parent, key = tables.parent_table[table, slot], weight_key(tables, table, FOREIGN, slot)

        def add(seen: Array, summary: Array) -> Array:
            def added(value: Array) -> Array:
                is_categorical = tables.is_categorical[parent, tables.seen_node[parent, seen]]
                return summary + node_summary(key, seen, value, is_categorical, self.max_category)

            return lax.cond(seen < tables.n_seen[parent], added, lambda _: summary, inputs["value"][seen])

        summary = lax.fori_loop(0, tables.seen_node.shape[1], add, jnp.zeros((DIM, BLOCK)))
        return foreign_effect(tables, context.laws, table, slot, key, summary)


@dataclass(frozen=True)
class CauseItems(Items):
    """The causes of the nodes of blocks: effects, each by itself."""

    max_category: int
    max_cause: int
    max_page: int

    def count(self, context: Context) -> Int[Array, ""]:
        """Number of nodes of all blocks, times that of causes."""
        return (context.tables.n_node * context.tables.held.n).sum() * self.max_cause

    def of(self, context: Context, i: Array) -> tuple[Array, Array, Array, Array]:
        """Table, position, node and number of a cause."""
        return *unravel(i // self.max_cause, context.tables.n_node, context.tables.held.n), i % self.max_cause

    def start(self, context: Context) -> Float[Array, "node_cause dim row"]:
        """No effects."""
        return jnp.zeros((self.max_page * self.max_cause, DIM, BLOCK))

    def target(self, context: Context, i: Array) -> Array:
        """An effect of its own."""
        return i

    def places(self, context: Context, i: Array) -> dict[str, tuple[Array, ...]]:
        """Pages of the cause."""
        tables, (table, position, node, k) = context.tables, self.of(context, i)
        cause = causes_of(tables, table, node, self.max_cause)[k]
        return {"value": (pages_of(tables, table, position, cause, self.max_page),)}

    def law(self, context: Context, i: Array, inputs: Arrays) -> Float[Array, "dim row"]:
        """The effect; zero of what is no cause."""
        table, position, node, k = self.of(context, i)
        return lax.cond(
            k < context.tables.edge[table, :, node].sum(),
            lambda value: effect_at(context, table, position, node, k, value, self.max_category, self.max_cause),
            jnp.zeros_like,
            inputs["value"],
        )


def causes_of(tables: CausalTables, table: Array, node: Array, max_cause: int) -> Int[Array, " cause"]:
    """A node's causes in ascending order; 0 where there is none."""
    is_cause = tables.edge[table, :, node]
    place = jnp.where(is_cause, jnp.cumsum(is_cause) - 1, -1)
    return (place == jnp.arange(max_cause)[:, None]).argmax(-1)


def pages_of(tables: CausalTables, table: Array, position: Array, node: Array, max_page: int) -> Int[Array, "*node dim"]:
    """Pages of all dimensions of nodes; those that a node does not have are some other's, or the last."""
    return jnp.minimum(tables.page(table, position, node)[..., None] + jnp.arange(DIM), max_page - 1)


def effect_at(
    context: Context,
    table: Array,
    position: Array,
    node: Array,
    k: Array,
    lines: Float[Array, "dim row"],
    max_category: int,
    max_cause: int,
) -> Float[Array, "dim row"]:
    """Effect on a node of its cause number ``k``, whose values in the block are ``lines``."""
    tables, cause = context.tables, causes_of(context.tables, table, node, max_cause)[k]
    n_dim, is_categorical = tables.n_dim[table, cause], tables.is_categorical[table, cause]
    point = lax.cond(
        is_categorical,
        lambda lines: embedding(tables, table, cause, lines[0], max_category),
        lambda lines: numbers(lines, n_dim),
        jnp.where(tables.exists(table, position), lines, 0.0),
    )
    return effect_of(tables, context.laws, table, cause, node, point, jnp.where(is_categorical, DIM, n_dim))
