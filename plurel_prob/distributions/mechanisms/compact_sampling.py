"""Values of compact mechanisms are drawn page after page: a page depends on pages before it. Those of many databases are drawn
side by side, level after level: a chunk of nodes at a time, of whatever table and database, each as if it were alone.
"""

from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random
from jax.nn import log_softmax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt32

from plurel_prob.batches import chunk_size, either, joined, with_rule
from plurel_prob.blocks import BLOCK, block_key
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.compact_laws import (
    FOREIGN,
    CompactLaws,
    drift_of,
    effect_of,
    embedding,
    foreign_effect,
    is_category,
    node_summary,
    numbers,
    output_weights,
    source_of_categories,
    source_of_numbers,
    weight_key,
)
from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.distributions.mechanisms.forest import NEVER, Wave, levels_of, one_of_many, wave
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.precision import multiply
from plurel_prob.threefry import unrolled

Term = Callable[[Int[Array, ""]], Float[Array, "dim row"]]
AddUp = Callable[[Term, Int[Array, ""], int], Float[Array, "dim row"]]  # term of an index, number of terms, bound on these


def add_up_one_by_one(term: Term, n: Int[Array, ""], max_n: int) -> Float[Array, "dim row"]:
    """Sum of terms, computed as they are added."""
    return lax.fori_loop(0, n, lambda i, total: total + term(i), jnp.zeros((DIM, BLOCK)))


def add_up_at_once(term: Term, n: Int[Array, ""], max_n: int) -> Float[Array, "dim row"]:
    """Sum of terms that are computed side by side, and added in the same order."""
    i = jnp.arange(max_n)
    return reduce(jnp.add, jnp.where((i < n)[:, None, None], jax.vmap(term)(i), 0.0), jnp.zeros((DIM, BLOCK)))


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
        """Draw all values. Under ``vmap``, accelerators draw those of many databases side by side."""

        def plain(tables: CausalTables, laws: CompactLaws, intervention: Intervention | None, words: Array) -> Array:
            return self._of(tables, laws, intervention)._one_after_another(words)

        def many(n: int, tables: CausalTables, laws: CompactLaws, intervention: Intervention | None, words: Array) -> Array:
            sampler = self._of(one_of_many(tables, self.max_page), joined(laws), joined(intervention), n)
            return sampler._side_by_side(joined(words)).reshape(n, self.max_page, BLOCK)

        of_tables = jax.vmap(random.fold_in, (None, 0))(key, jnp.arange(len(self.tables.order)))
        return with_rule(plain, many)(self.tables, self.laws, self.intervention, random.key_data(of_tables))

    def _of(self, tables: CausalTables, laws: CompactLaws, intervention: Intervention | None, n: int = 1) -> "CompactSampler":
        """The program of ``n`` databases as one."""
        return CompactSampler(tables, laws, n * self.max_page, self.max_category, intervention)

    def _one_after_another(self, words: UInt32[Array, "table 2"]) -> Float[Array, "page row"]:
        """Tables in order, blocks of a table, nodes of a block, dimensions of a node; each table has a key."""
        tables = self.tables

        def visit_block(table: Array, position: Array, value: Array) -> Array:
            foreign = self._foreign(table, position, value)

            def visit_node(node: Array, value: Array) -> Array:
                line = self._node(words, table, position, node, value, foreign)
                page = tables.page(table, position, node)
                return lax.fori_loop(0, tables.n_dim[table, node], lambda dim, value: value.at[page + dim].set(line(dim)), value)

            return lax.fori_loop(0, tables.n_node[table], visit_node, value)

        def visit_table(i: Array, value: Array) -> Array:
            table = tables.order[i]
            return lax.fori_loop(0, tables.held.n[table], lambda position, value: visit_block(table, position, value), value)

        return lax.fori_loop(0, tables.n_table, visit_table, jnp.zeros((self.max_page, BLOCK)))

    def _side_by_side(self, words: UInt32[Array, "table 2"]) -> Float[Array, "page row"]:
        """Level after level, chunks of the blocks' views of parent tables, then of the blocks' nodes."""
        tables, levels = self.tables, levels_of(self.tables, self.laws.sees_parents)
        n_block = min(self.max_page, len(tables.order) * tables.max_held)
        blocks = wave(tables, jnp.minimum(tables.n_parent, 1), levels.key[:, None], n_block)
        nodes = wave(tables, tables.n_node, levels.node, self.max_page)
        first_block, size, dims = jnp.cumsum(tables.held.n) - tables.held.n, chunk_size(), jnp.arange(DIM)

        def see(here: Wave, is_here: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            value, foreign = state
            seen = jax.vmap(partial(self._foreign, add_up=add_up_at_once), (0, 0, None))(here.table, here.position, value)
            block = jnp.where(is_here, first_block[here.table] + here.position, n_block)
            return value, foreign.at[block].set(seen, mode="drop")

        def draw(here: Wave, is_here: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            value, foreign = state

            def lines(table: Array, position: Array, node: Array) -> Float[Array, "dim row"]:
                seen = foreign[first_block[table] + position]
                return jax.vmap(self._node(words, table, position, node, value, seen))(dims)

            drawn = jax.vmap(lines)(here.table, here.position, here.inner)
            is_line = is_here[:, None] & (dims < tables.n_dim[here.table, here.inner][:, None])
            page = tables.page(here.table, here.position, here.inner)[:, None] + dims
            return value.at[jnp.where(is_line, page, self.max_page)].set(drawn, mode="drop"), foreign

        def visit_level(state: tuple) -> tuple:
            level, at_block, at_node, drawn = state
            at_block, drawn = blocks.visit(at_block, level, size, see, drawn)
            at_node, drawn = nodes.visit(at_node, level, size, draw, drawn)
            return level + 1, at_block, at_node, drawn

        none = jnp.zeros((self.max_page, BLOCK)), jnp.zeros((n_block, DIM, BLOCK))
        last = jnp.where(nodes.level < NEVER, nodes.level, -1).max()
        zero = jnp.zeros((), jnp.int32)
        return lax.while_loop(lambda state: state[0] <= last, visit_level, (zero, zero, zero, none))[3][0]

    def _node(
        self, words: Array, table: Array, position: Array, node: Array, value: Array, foreign: Array
    ) -> Callable[[Array], Float[Array, " row"]]:
        """Values of a node in a block, by dimension."""
        tables = self.tables
        law, exists = self._conditional(table, position, node, value, foreign), tables.exists(table, position)
        node_key = random.fold_in(unrolled(random.wrap_key_data(words[table])), node)
        rows_key, page = block_key(node_key, tables.held.block(table, position)), tables.page(table, position, node)

        def line(dim: Array) -> Float[Array, " row"]:
            drawn = jnp.where(exists, law.sample(random.fold_in(rows_key, dim), dim), 0.0)
            return drawn if self.intervention is None else self.intervention.apply(table, node, page + dim, drawn)

        return line

    def _conditional(self, table: Array, position: Array, node: Array, value: Array, foreign: Array) -> Conditional:
        tables, max_category = self.tables, self.max_category
        is_categorical, is_cause = tables.is_categorical[table, node], tables.edge[table, :, node]
        foreign = jnp.where(self.laws.sees_parents[table, node], foreign, 0.0)

        def from_causes() -> Conditional:
            mix, score = output_weights(tables, table, node, max_category)
            loc = self._reduce(table, position, node, is_cause, value) + multiply(mix, foreign)
            if self.laws.drift is not None:
                loc = loc + drift_of(tables, self.laws, table, node, position)[0]
            score = multiply(self.laws.sharpness[table] * score, loc)
            log_probs = log_softmax(jnp.where(is_category(tables, table, node, max_category), score, -jnp.inf), axis=0)
            scale = jnp.full(DIM, self.laws.noise_scale[table, node])
            return Conditional(is_categorical, loc, jnp.zeros(DIM), jnp.full(DIM, 0.5), scale, log_probs)

        def from_nothing() -> Conditional:
            offset, share = source_of_numbers(tables, self.laws, table, node)
            loc, rest = drift_of(tables, self.laws, table, node, position)
            if self.laws.drift is not None:  # else no source sees parent tables, and no weights are needed
                loc = loc + multiply(output_weights(tables, table, node, max_category)[0], foreign)
            log_probs = source_of_categories(tables, table, node, max_category)
            log_probs = jnp.broadcast_to(log_probs, (max_category, BLOCK))
            return Conditional(is_categorical, loc, rest * offset, share, rest * jnp.sqrt(1 - offset**2), log_probs)

        return either(is_cause.any(), from_causes, from_nothing)

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
        point = either(
            is_categorical,
            lambda: embedding(tables, table, node, value[page], self.max_category),
            lambda: numbers(value[jnp.minimum(page + jnp.arange(DIM), self.max_page - 1)], n_dim),
        )
        return point, jnp.where(is_categorical, DIM, n_dim)

    def _foreign(self, table: Array, position: Array, value: Array, add_up: AddUp = add_up_one_by_one) -> Float[Array, "dim row"]:
        """Effects of the linked rows of parent tables, added up over the foreign keys."""
        tables = self.tables

        def add_key(slot: Array, total: Array) -> Array:
            parent, row = tables.parent_table[table, slot], tables.linked_rows(table, slot, position)
            key = weight_key(tables, table, FOREIGN, slot)

            def of_node(seen: Array) -> Float[Array, "dim row"]:
                node = tables.seen_node[parent, seen]
                linked = value[tables.page(parent, row // BLOCK, node), row % BLOCK]
                return node_summary(key, seen, linked, tables.is_categorical[parent, node], self.max_category)

            summary = add_up(of_node, tables.n_seen[parent], tables.seen_node.shape[1])
            return total + foreign_effect(tables, self.laws, table, slot, key, summary)

        total = lax.fori_loop(0, tables.n_parent[table], add_key, jnp.zeros((DIM, BLOCK)))
        return self.laws.foreign_strength[table] * total
