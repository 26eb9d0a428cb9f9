r"""The density of values of compact mechanisms: given all values, the law of every node in every block is known.

Two sums over items that do not depend on each other (:func:`plurel_prob.items.sum_items`): of the foreign keys of blocks, whose
effects add up to what a block sees of parent tables, and of the nodes of blocks, whose log densities add up to their tables'.
Both are differentiable in the values, edge weights, scales of noise, sharpness and strength of parent tables.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import logsumexp
from jax.scipy.stats import norm
from jaxtyping import Array, Float, Int

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.compact_laws import (
    FOREIGN,
    CompactLaws,
    column_summary,
    effect_of,
    embedding,
    foreign_effect,
    is_category,
    numbers,
    output_weights,
    source_of_categories,
    source_of_numbers,
    weight_key,
)
from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.items import Arrays, Items, sum_items
from plurel_prob.precision import multiply


class Context(NamedTuple):
    """What items are about, and what their laws depend on beside real numbers."""

    tables: CausalTables
    laws: CompactLaws
    intervention: Intervention | None

    @property
    def first_block(self) -> Int[Array, " table"]:
        """Number of each table's first block, if the blocks that are held are counted table after table."""
        return jnp.cumsum(self.tables.held.n) - self.tables.held.n


def table_log_densities(
    tables: CausalTables,
    laws: CompactLaws,
    intervention: Intervention | None,
    value: Float[Array, "page row"],
    max_category: int,
    max_cause: int,
) -> Float[Array, " table"]:
    """Log density of the values of each table given those of its parents; see :class:`~.compact.CompactMechanisms`."""
    context = lax.stop_gradient(Context(tables, laws, intervention))
    n_block = min(len(value), tables.held.n.size * tables.max_held)  # a block has a page at least
    foreign = sum_items(KeyItems(max_category, n_block), context, {"value": value})
    arrays = {
        "value": value,
        "foreign": foreign,
        "edge_weight": tables.edge_weight,
        "noise_scale": laws.noise_scale,
        "sharpness": laws.sharpness,
        "foreign_strength": laws.foreign_strength,
    }
    return sum_items(NodeItems(max_category, min(max_cause, tables.edge.shape[-1]), len(value)), context, arrays)


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
        """The columns of the parent table at the linked rows."""
        tables, (table, position, slot) = context.tables, self.of(context, i)
        parent, row = tables.parent_table[table, slot], tables.linked_rows(table, slot, position)
        is_column = jnp.arange(tables.column_node.shape[1])[:, None] < tables.n_column[parent]
        node = jnp.maximum(tables.column_node[parent][:, None], 0)
        page = tables.page(parent, row // BLOCK, node)
        return {"value": (jnp.where(is_column, page, 0), row % BLOCK)}

    def law(self, context: Context, i: Array, inputs: Arrays) -> Float[Array, "dim row"]:
        """Effect of the linked rows."""
        tables, (table, _, slot) = context.tables, self.of(context, i)
        parent, key = tables.parent_table[table, slot], weight_key(tables, table, FOREIGN, slot)

        def add(column: Array, summary: Array) -> Array:
            def added(value: Array) -> Array:
                is_categorical = tables.is_categorical[parent, tables.column_node[parent, column]]
                return summary + column_summary(key, column, value, is_categorical, self.max_category)

            return lax.cond(column < tables.n_column[parent], added, lambda _: summary, inputs["value"][column])

        summary = lax.fori_loop(0, tables.column_node.shape[1], add, jnp.zeros((DIM, BLOCK)))
        return foreign_effect(tables, context.laws, table, slot, key, summary)


@dataclass(frozen=True)
class NodeItems(Items):
    """The nodes of blocks: log densities of their values, added up by table."""

    max_category: int
    max_cause: int
    max_page: int

    def count(self, context: Context) -> Int[Array, ""]:
        """Number of nodes of all blocks."""
        return (context.tables.n_node * context.tables.held.n).sum()

    def of(self, context: Context, i: Array) -> tuple[Array, Array, Array]:
        """Table, position and node of an item."""
        return unravel(i, context.tables.n_node, context.tables.held.n)

    def start(self, context: Context) -> Float[Array, " table"]:
        """No density."""
        return jnp.zeros(len(context.tables.order))

    def target(self, context: Context, i: Array) -> Array:
        """Table of an item."""
        return self.of(context, i)[0]

    def causes(self, context: Context, table: Array, node: Array) -> Int[Array, " cause"]:
        """A node's causes in ascending order; 0 where there is none."""
        is_cause = context.tables.edge[table, :, node]
        place = jnp.where(is_cause, jnp.cumsum(is_cause) - 1, -1)
        return (place == jnp.arange(self.max_cause)[:, None]).argmax(-1)

    def places(self, context: Context, i: Array) -> dict[str, tuple[Array, ...]]:
        """Pages of the node and of its causes, the block's view of parent tables, weights, noise, strength, sharpness."""
        tables, (table, position, node) = context.tables, self.of(context, i)
        cause = self.causes(context, table, node)
        first = tables.page(table, position, jnp.concatenate([node[None], cause]))
        return {
            "value": (jnp.minimum(first[:, None] + jnp.arange(DIM), self.max_page - 1),),
            "foreign": (context.first_block[table] + position,),
            "edge_weight": (table, cause, node),
            "noise_scale": (table, node),
            "sharpness": (table,),
            "foreign_strength": (table,),
        }

    def law(self, context: Context, i: Array, inputs: Arrays) -> Float[Array, ""]:
        """Log density of the node's values in the block, of those that are scored."""
        tables, (table, position, node) = context.tables, self.of(context, i)
        own, causes = inputs["value"][0], inputs["value"][1:]
        is_scored = tables.exists(table, position) & (jnp.arange(DIM)[:, None] < tables.n_dim[table, node])
        if context.intervention is not None:
            page = tables.page(table, position, node) + jnp.arange(DIM)
            is_scored = is_scored & ~context.intervention.is_given(table, node, page)
        own = jnp.where(is_scored, own, 0.0)
        max_category, n_cause = self.max_category, tables.edge[table, :, node].sum()

        def location(inputs: Arrays) -> Float[Array, "dim row"]:
            mix, _ = output_weights(tables, table, node, max_category)
            reduced = self._reduce(context, table, position, node, causes, inputs["edge_weight"])
            return reduced + multiply(mix, inputs["foreign_strength"] * inputs["foreign"])

        def source_number(own: Array, inputs: Arrays) -> Array:
            offset, share = (x[:, None] for x in source_of_numbers(tables, table, node))
            return log_mixture(own, offset, share)

        def source_category(own: Array, inputs: Arrays) -> Array:
            return log_prob_of(own, source_of_categories(tables, table, node, max_category))

        def number(own: Array, inputs: Arrays) -> Array:
            return norm.logpdf(own, location(inputs), inputs["noise_scale"])

        def category(own: Array, inputs: Arrays) -> Array:
            _, score = output_weights(tables, table, node, max_category)
            score = multiply(inputs["sharpness"] * score, location(inputs))
            return log_prob_of(own, jnp.where(is_category(tables, table, node, max_category), score, -jnp.inf))

        kind = 2 * (n_cause > 0) + tables.is_categorical[table, node]
        log_prob = lax.switch(kind, [source_number, source_category, number, category], own, inputs)
        return jnp.where(is_scored, log_prob, 0.0).sum()

    def _reduce(self, context: Context, table: Array, position: Array, node: Array, lines: Array, weight: Array) -> Array:
        """Combine the effects of a node's causes, whose values are ``lines`` and whose edges' weights are ``weight``."""
        tables, laws = context.tables, list(AGGREGATIONS.values())
        cause, kind = self.causes(context, table, node), context.laws.aggregation[table, node]
        is_used = jnp.arange(self.max_cause) < tables.edge[table, :, node].sum()
        neutral = jnp.array([law.neutral for law in laws])[kind]
        square = jnp.where(is_used, weight**2, 0.0).sum()
        is_sum = kind == list(AGGREGATIONS).index("sum")
        size = jnp.sqrt(jnp.where(is_sum, jnp.maximum(square, 1e-12), 1.0))
        exists = tables.exists(table, position)

        def add(k: Array, total: Array) -> Array:
            def added(line: Array, factor: Array, total: Array) -> Array:
                point, n_in = self._point(context, table, cause[k], jnp.where(exists, line, 0.0))
                term = factor * effect_of(tables, context.laws, table, cause[k], node, point, n_in)
                return lax.switch(kind, [law.combine for law in laws], total, term)

            return lax.cond(is_used[k], added, lambda line, factor, total: total, lines[k], weight[k] / size, total)

        return lax.fori_loop(0, self.max_cause, jax.checkpoint(add), jnp.full((DIM, BLOCK), neutral))

    def _point(self, context: Context, table: Array, node: Array, lines: Float[Array, "dim row"]) -> tuple[Array, Array]:
        """A node's value as the input of effects, and the number of its dimensions."""
        tables = context.tables
        n_dim, is_categorical = tables.n_dim[table, node], tables.is_categorical[table, node]
        point = lax.cond(
            is_categorical,
            lambda lines: embedding(tables, table, node, lines[0], self.max_category),
            lambda lines: numbers(lines, n_dim),
            lines,
        )
        return point, jnp.where(is_categorical, DIM, n_dim)


def log_mixture(x: Float[Array, "dim row"], offset: Float[Array, "dim 1"], share: Float[Array, "dim 1"]) -> Array:
    """Log density of the law of numbers without causes, see :func:`source_of_numbers`."""
    scale = jnp.sqrt(1 - offset**2)
    first = jnp.log(share) + norm.logpdf(x, offset, scale)
    return jnp.logaddexp(first, jnp.log1p(-share) + norm.logpdf(x, -offset, scale))


def log_prob_of(value: Float[Array, "dim row"], score: Float[Array, "category *row"]) -> Float[Array, "dim row"]:
    """Log probability of categories, which lie in the first line, from scores; minus infinity of what is none."""
    index = jnp.clip(value[0].astype(jnp.int32), 0, len(score) - 1)
    score = jnp.broadcast_to(score, (len(score), BLOCK))
    found = jnp.take_along_axis(score, index[None], axis=0)[0] - logsumexp(score, axis=0)
    return jnp.broadcast_to(jnp.where(index == value[0], found, -jnp.inf), value.shape)
