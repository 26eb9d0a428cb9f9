r"""The density of values of compact mechanisms: given all values, the law of every node in every block is known.

Two sums over items that do not depend on each other (:func:`plurel_prob.items.sum_items`): of the foreign keys of blocks, whose
effects add up to what a block sees of parent tables, and of the nodes of blocks, whose log densities add up to their tables'.
Both are differentiable in the values, edge weights, scales of noise, sharpness and strength of parent tables.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import logsumexp
from jax.scipy.stats import norm
from jaxtyping import Array, Float, Int

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.compact_laws import (
    CompactLaws,
    drift_of,
    is_category,
    output_weights,
    source_of_categories,
    source_of_numbers,
)
from plurel_prob.distributions.mechanisms.compact_seen import (
    Context,
    Seen,
    causes_of,
    effect_at,
    foreign_effects,
    pages_of,
    unravel,
)
from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.items import Arrays, Items, sum_items
from plurel_prob.precision import multiply


def table_log_densities(
    tables: CausalTables,
    laws: CompactLaws,
    intervention: Intervention | None,
    value: Float[Array, "page row"],
    max_category: int,
    max_cause: int,
    seen: Seen | None = None,
) -> Float[Array, " table"]:
    """Log density of the values of each table given those of its parents; see :class:`~.compact.CompactMechanisms`."""
    context = lax.stop_gradient(Context(tables, laws, intervention))
    foreign = foreign_effects(context, value, max_category) if seen is None else seen.foreign
    arrays = {
        "value": value,
        "foreign": foreign,
        "edge_weight": tables.edge_weight,
        "noise_scale": laws.noise_scale,
        "sharpness": laws.sharpness,
        "foreign_strength": laws.foreign_strength,
    }
    if seen is not None:
        arrays["effect"] = seen.effect
    return sum_items(NodeItems(max_category, max_cause, len(value)), context, arrays)


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

    def places(self, context: Context, i: Array) -> dict[str, tuple[Array, ...]]:
        """Pages of the node and of its causes, the block's view of parent tables, weights, noise, strength, sharpness."""
        tables, (table, position, node) = context.tables, self.of(context, i)
        cause = causes_of(tables, table, node, self.max_cause)
        return {
            "value": (pages_of(tables, table, position, jnp.concatenate([node[None], cause]), self.max_page),),
            "effect": (i,),
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
        sees = context.laws.sees_parents[table, node]

        def effect(k: Array) -> Float[Array, "dim row"]:
            if "effect" in inputs:
                return inputs["effect"][k]
            return effect_at(context, table, position, node, k, causes[k], max_category, self.max_cause)

        def foreign(inputs: Arrays) -> Float[Array, "dim row"]:
            return jnp.where(sees, inputs["foreign_strength"] * inputs["foreign"], 0.0)

        def location(inputs: Arrays) -> Float[Array, "dim row"]:
            mix, _ = output_weights(tables, table, node, max_category)
            reduced = self._reduce(context, table, node, effect, inputs["edge_weight"])
            return reduced + multiply(mix, foreign(inputs))

        def source_number(own: Array, inputs: Arrays) -> Array:
            offset, share = (x[:, None] for x in source_of_numbers(tables, context.laws, table, node))
            loc, rest = drift_of(tables, context.laws, table, node, position)
            if context.laws.drift is not None:  # else no source sees parent tables
                mix, _ = output_weights(tables, table, node, max_category)
                loc = loc + multiply(mix, foreign(inputs))
            return log_mixture((own - loc) / rest, offset, share) - jnp.log(rest)

        def source_category(own: Array, inputs: Arrays) -> Array:
            return log_prob_of(own, source_of_categories(tables, table, node, max_category))

        def number(own: Array, inputs: Arrays) -> Array:
            drift, _ = drift_of(tables, context.laws, table, node, position)
            return norm.logpdf(own, location(inputs) + drift, inputs["noise_scale"])

        def category(own: Array, inputs: Arrays) -> Array:
            _, score = output_weights(tables, table, node, max_category)
            score = multiply(inputs["sharpness"] * score, location(inputs))
            return log_prob_of(own, jnp.where(is_category(tables, table, node, max_category), score, -jnp.inf))

        kind = 2 * (n_cause > 0) + tables.is_categorical[table, node]
        log_prob = lax.switch(kind, [source_number, source_category, number, category], own, inputs)
        return jnp.where(is_scored, log_prob, 0.0).sum()

    def _reduce(self, context: Context, table: Array, node: Array, effect: Callable[[Array], Array], weight: Array) -> Array:
        """Combine the effects of a node's causes, whose edges' weights are ``weight``."""
        laws, kind = list(AGGREGATIONS.values()), context.laws.aggregation[table, node]
        is_used = jnp.arange(self.max_cause) < context.tables.edge[table, :, node].sum()
        neutral = jnp.array([law.neutral for law in laws])[kind]
        square = jnp.where(is_used, weight**2, 0.0).sum()
        is_sum = kind == list(AGGREGATIONS).index("sum")
        # bounded before the root, whose slope at 0 would make gradients NaN, whatever is chosen afterwards
        size = jnp.sqrt(jnp.where(is_sum, jnp.maximum(square, 1e-12), 1.0))

        def add(k: Array, total: Array) -> Array:
            def added(factor: Array, total: Array) -> Array:
                return lax.switch(kind, [law.combine for law in laws], total, factor * effect(k))

            return lax.cond(is_used[k], added, lambda _, total: total, weight[k] / size, total)

        # kept for a gradient, what eight kinds of effect need would be zeros for seven of them: cheaper to compute it again
        return lax.fori_loop(0, self.max_cause, jax.checkpoint(add), jnp.full((DIM, BLOCK), neutral))


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
