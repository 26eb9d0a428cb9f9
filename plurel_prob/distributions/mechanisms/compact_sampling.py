"""Values of compact mechanisms are drawn page after page: a page depends on pages before it."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jax.nn import log_softmax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plurel_prob.blocks import BLOCK, block_key
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
from plurel_prob.precision import multiply
from plurel_prob.threefry import unrolled


class Conditional(NamedTuple):
    """Law of a node's values at some rows given its causes."""

    is_categorical: Bool[Array, ""]
    loc: Float[Array, "dim row"]
    offset: Float[Array, " dim"]  # values are a mixture of loc + offset and loc - offset
    share: Float[Array, " dim"]  # of the first component
    scale: Float[Array, " dim"]
    log_probs: Float[Array, "category row"]

    def sample(self, key: PRNGKeyArray, dim: Array) -> Float[Array, " row"]:
        """Draw values of one dimension; a category is a number."""

        def category() -> Array:
            cumulative = jnp.cumsum(jnp.exp(self.log_probs), axis=0)
            uniform = random.uniform(key, (BLOCK,)) * cumulative[-1]
            last = jnp.isfinite(self.log_probs[:, 0]).sum() - 1
            return jnp.minimum((cumulative <= uniform).sum(0), last).astype(jnp.float32)

        def number() -> Array:
            normal_key, side_key = random.split(key)
            moved = self.loc[dim] + self.scale[dim] * random.normal(normal_key, (BLOCK,))

            def mixture() -> Array:
                is_first = random.uniform(side_key, (BLOCK,)) < self.share[dim]
                return moved + jnp.where(is_first, self.offset[dim], -self.offset[dim])

            return lax.cond(self.offset[dim] > 0, mixture, lambda: moved)

        return lax.cond(self.is_categorical, category, number)


class CompactSampler(NamedTuple):
    """The program that draws values; arguments are those of :class:`~.compact.CompactMechanisms`."""

    tables: CausalTables
    laws: CompactLaws
    max_page: int
    max_category: int
    intervention: Intervention | None

    def sample(self, key: PRNGKeyArray) -> Float[Array, "page row"]:
        """Draw all values: tables in order, blocks of a table, nodes of a block, dimensions of a node."""
        tables, fast_key = self.tables, unrolled(key)

        def visit_block(table: Array, position: Array, value: Array) -> Array:
            foreign, exists = self._foreign(table, position, value), tables.exists(table, position)

            def visit_node(node: Array, value: Array) -> Array:
                law = self._conditional(table, position, node, value, foreign)
                node_key = random.fold_in(random.fold_in(fast_key, table), node)
                rows_key = block_key(node_key, tables.held.block(table, position))

                def visit_dim(dim: Array, value: Array) -> Array:
                    page = tables.page(table, position, node) + dim
                    drawn = jnp.where(exists, law.sample(random.fold_in(rows_key, dim), dim), 0.0)
                    if self.intervention is not None:
                        drawn = self.intervention.apply(table, node, page, drawn)
                    return value.at[page].set(drawn)

                return lax.fori_loop(0, tables.n_dim[table, node], visit_dim, value)

            return lax.fori_loop(0, tables.n_node[table], visit_node, value)

        def visit_table(i: Array, value: Array) -> Array:
            table = tables.order[i]
            return lax.fori_loop(0, tables.held.n[table], lambda position, value: visit_block(table, position, value), value)

        return lax.fori_loop(0, tables.n_table, visit_table, jnp.zeros((self.max_page, BLOCK)))

    def _conditional(self, table: Array, position: Array, node: Array, value: Array, foreign: Array) -> Conditional:
        tables, max_category = self.tables, self.max_category
        is_categorical, is_cause = tables.is_categorical[table, node], tables.edge[table, :, node]

        def from_causes() -> Conditional:
            mix, score = output_weights(tables, table, node, max_category)
            loc = self._reduce(table, position, node, is_cause, value) + multiply(mix, foreign)
            score = multiply(self.laws.sharpness[table] * score, loc)
            log_probs = log_softmax(jnp.where(is_category(tables, table, node, max_category), score, -jnp.inf), axis=0)
            scale = jnp.full(DIM, self.laws.noise_scale[table, node])
            return Conditional(is_categorical, loc, jnp.zeros(DIM), jnp.full(DIM, 0.5), scale, log_probs)

        def from_nothing() -> Conditional:
            offset, share = source_of_numbers(tables, table, node)
            log_probs = source_of_categories(tables, table, node, max_category)
            log_probs = jnp.broadcast_to(log_probs, (max_category, BLOCK))
            return Conditional(is_categorical, jnp.zeros((DIM, BLOCK)), offset, share, jnp.sqrt(1 - offset**2), log_probs)

        return lax.cond(is_cause.any(), from_causes, from_nothing)

    def _reduce(self, table: Array, position: Array, node: Array, is_cause: Array, value: Array) -> Float[Array, "dim row"]:
        """Combine the effects of a node's causes."""
        tables = self.tables
        cause_first = jnp.argsort(~is_cause, stable=True)
        laws = list(AGGREGATIONS.values())
        kind = self.laws.aggregation[table, node]
        neutral = jnp.array([law.neutral for law in laws])[kind]
        is_sum = kind == list(AGGREGATIONS).index("sum")
        square = jnp.where(is_cause, tables.edge_weight[table, :, node] ** 2, 0.0).sum()
        # weights that are set by hand can all be 0, and then so is the sum
        norm = jnp.where(is_sum, jnp.sqrt(jnp.maximum(square, 1e-12)), 1.0)

        def add(i: Array, total: Array) -> Array:
            cause = cause_first[i]
            effect = effect_of(tables, self.laws, table, cause, node, *self._point(table, position, cause, value))
            term = tables.edge_weight[table, cause, node] / norm * effect
            return lax.switch(kind, [law.combine for law in laws], total, term)

        return lax.fori_loop(0, is_cause.sum(), add, jnp.full((DIM, BLOCK), neutral))

    def _point(self, table: Array, position: Array, node: Array, value: Array) -> tuple[Array, Array]:
        """A node's value as the input of effects, and the number of its dimensions."""
        tables = self.tables
        page, n_dim, is_categorical = (
            tables.page(table, position, node),
            tables.n_dim[table, node],
            tables.is_categorical[table, node],
        )
        point = lax.cond(
            is_categorical,
            lambda: embedding(tables, table, node, value[page], self.max_category),
            lambda: numbers(value[jnp.minimum(page + jnp.arange(DIM), self.max_page - 1)], n_dim),
        )
        return point, jnp.where(is_categorical, DIM, n_dim)

    def _foreign(self, table: Array, position: Array, value: Array) -> Float[Array, "dim row"]:
        """Effects of the linked rows of parent tables, added up over the foreign keys."""
        tables = self.tables

        def add_key(slot: Array, total: Array) -> Array:
            parent, row = tables.parent_table[table, slot], tables.linked_rows(table, slot, position)
            key = weight_key(tables, table, FOREIGN, slot)

            def add_column(column: Array, summary: Array) -> Array:
                node = tables.column_node[parent, column]
                linked = value[tables.page(parent, row // BLOCK, node), row % BLOCK]
                return summary + column_summary(key, column, linked, tables.is_categorical[parent, node], self.max_category)

            summary = lax.fori_loop(0, tables.n_column[parent], add_column, jnp.zeros((DIM, BLOCK)))
            return total + foreign_effect(tables, self.laws, table, slot, key, summary)

        total = lax.fori_loop(0, tables.n_parent[table], add_key, jnp.zeros((DIM, BLOCK)))
        return self.laws.foreign_strength[table] * total
