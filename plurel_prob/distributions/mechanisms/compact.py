r"""Compact mechanisms: cheap, with explicit noise, so that values have an exact density.

A numerical node has :math:`d \le 4` dimensions, of which a column shows the first; a categorical node has a category. Given its
causes, an inner node has the location

.. math:: m = \text{reduce}_e \bigl(w_e f_e(u_e)\bigr) + B \sum_k f_k(z_k),

where :math:`u_e` is the cause's value (squashed to (-3, 3)) or the embedding of its category, :math:`f_e` one of the effects of
:mod:`.effects`, a sum is divided by :math:`(\sum w_e^2)^{1/2}`, and :math:`z_k` is a random linear summary of the columns of the
parent table that foreign key k points at, at the linked row. Then

.. math:: x \sim N(m, \sigma^2 I_d) \text{ (numerical)}, \qquad x \sim \text{Categorical}(\text{softmax}(\beta C m)).

A node without causes is, in each dimension, a mixture of two normal laws with unit variance, or categorical with Dirichlet(1)
probabilities. Weights are functions of the table's mechanism key.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jax.nn import log_softmax
from jax.scipy.stats import norm
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from plurel_prob.blocks import BLOCK, block_key
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.effects import DIM, EFFECTS, squash
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.precision import multiply
from plurel_prob.threefry import unrolled

# What a mechanism's key is used for; weights of different use never share random numbers.
CAUSE, OUTPUT, EMBEDDING, FOREIGN, SOURCE = range(5)


class CompactLaws(NamedTuple):
    """The choices of compact mechanisms."""

    aggregation: Int[Array, "table node"]
    effect: Int[Array, "table cause effect"]
    foreign_effect: Int[Array, "table foreign_key"]
    foreign_strength: Float[Array, " table"]
    noise_scale: Float[Array, "table node"]
    sharpness: Float[Array, " table"]  # of categories


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

    def log_prob(self, value: Float[Array, " row"], dim: Array) -> Float[Array, " row"]:
        """Log density of numbers in one dimension, log probability of categories."""

        def category() -> Array:
            index = jnp.clip(value.astype(jnp.int32), 0, len(self.log_probs) - 1)
            return jnp.where(index == value, jnp.take_along_axis(self.log_probs, index[None], axis=0)[0], -jnp.inf)

        def number() -> Array:
            loc, offset, scale, share = self.loc[dim], self.offset[dim], self.scale[dim], self.share[dim]
            first = jnp.log(share) + norm.logpdf(value, loc + offset, scale)
            return jnp.logaddexp(first, jnp.log1p(-share) + norm.logpdf(value, loc - offset, scale))

        return lax.cond(self.is_categorical, category, number)


class CompactMechanisms(dist.Distribution):
    r"""Values of every node of every table: each given its causes and the parent tables' columns at the linked rows.

    .. math:: p(x) = \prod_\text{table} \prod_\text{row} \prod_\text{node}
        p(x_{\text{node}} \mid x_\text{causes in the row}, x_\text{columns of the parent rows})

    The event has shape ``(max_page, 1024)``, float32: a page is one dimension of one node in one block of one table
    (:class:`Pages`), zero beyond the last row. A page is a function of pages before it and of a key folded by table, node,
    block and dimension: any block is the same in every layout.

    Args:
        tables: the structure.
        laws: the choices of every node.
        max_page: static number of pages.
        max_category: static bound on the categories of a node.
        intervention: values that are set by hand; they add nothing to the density.
    """

    pytree_data_fields = ("tables", "laws", "intervention")
    pytree_aux_fields = ("max_page", "max_category")

    def __init__(
        self,
        tables: CausalTables,
        laws: CompactLaws,
        max_page: int,
        max_category: int,
        intervention: Intervention | None = None,
        *,
        validate_args: bool | None = None,
    ):
        self.tables, self.laws, self.intervention = tables, laws, intervention
        self.max_page, self.max_category = max_page, max_category
        super().__init__(event_shape=(max_page, BLOCK), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Real pages."""
        return constraints.independent(constraints.real, 2)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Float[Array, "*sample page row"]:
        """Draw values, page after page."""
        if sample_shape:
            index = jnp.arange(math.prod(sample_shape))
            drawn = lax.map(lambda i: self.sample(random.fold_in(key, i)), index)
            return drawn.reshape(sample_shape + self.event_shape)

        fast_key = unrolled(key)

        def visit(place: tuple[Array, Array, Array], page: Array, dim: Array, law: Conditional, value: Array) -> Array:
            table, position, node = place
            node_key = random.fold_in(random.fold_in(fast_key, table), node)
            page_key = random.fold_in(block_key(node_key, self.tables.held.block(table, position)), dim)
            drawn = jnp.where(self._exists(table, position), law.sample(page_key, dim), 0.0)
            if self.intervention is not None:
                drawn = self.intervention.apply(table, node, page, drawn)
            return value.at[page].set(drawn)

        return self._fold(visit, jnp.zeros(self.event_shape), lambda value: value)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Float[Array, ""]:
        """Return the log density of values of the event's shape."""
        return self.table_log_prob(jnp.asarray(value)).sum()

    def table_log_prob(self, value: Float[Array, "page row"]) -> Float[Array, " table"]:
        """Return the log density of the values of each table, given those of its parents."""

        def visit(place: tuple[Array, Array, Array], page: Array, dim: Array, law: Conditional, total: Array) -> Array:
            table, position, node = place
            is_scored = self._exists(table, position)
            if self.intervention is not None:
                is_scored = is_scored & ~self.intervention.is_given(table, node, page)
            return total.at[table].add(jnp.where(is_scored, law.log_prob(value[page], dim), 0.0).sum())

        return self._fold(visit, jnp.zeros(len(self.tables.order)), lambda _: value)

    def _fold(self, visit: Callable, init: Array, values: Callable[[Array], Array]) -> Array:
        """Visit the pages in order with the law of each; ``values`` gives all values from the state."""
        tables = self.tables

        def visit_block(table: Array, position: Array, state: Array) -> Array:
            foreign = self._foreign(table, position, values(state))

            def visit_node(node: Array, state: Array) -> Array:
                law = self._conditional(table, position, node, values(state), foreign)

                def visit_dim(dim: Array, state: Array) -> Array:
                    return visit((table, position, node), tables.page(table, position, node) + dim, dim, law, state)

                return lax.fori_loop(0, tables.n_dim[table, node], visit_dim, state)

            return lax.fori_loop(0, tables.n_node[table], visit_node, state)

        def visit_table(i: Array, state: Array) -> Array:
            table = tables.order[i]
            return lax.fori_loop(0, tables.held.n[table], lambda position, state: visit_block(table, position, state), state)

        return lax.fori_loop(0, tables.n_table, visit_table, init)

    def _exists(self, table: Array, position: Array) -> Bool[Array, " row"]:
        return self.tables.rows(table, position) < self.tables.n_row[table]

    def _key(self, table: Array, use: int, node: Array) -> PRNGKeyArray:
        return random.fold_in(unrolled(self.tables.key(table, use)), node)

    def _conditional(self, table: Array, position: Array, node: Array, values: Array, foreign: Array) -> Conditional:
        tables = self.tables
        is_categorical, n_category = tables.is_categorical[table, node], tables.n_category[table, node]
        is_category = jnp.arange(self.max_category)[:, None] < n_category
        is_cause = tables.edge[table, :, node]

        def from_causes() -> Conditional:
            loc = self._reduce(table, position, node, is_cause, values)
            mix_key, score_key = random.split(self._key(table, OUTPUT, node))
            loc = loc + multiply(random.normal(mix_key, (DIM, DIM)) / math.sqrt(DIM), foreign)
            score = multiply(self.laws.sharpness[table] * random.normal(score_key, (self.max_category, DIM)), loc)
            log_probs = log_softmax(jnp.where(is_category, score, -jnp.inf), axis=0)
            scale = jnp.full(DIM, self.laws.noise_scale[table, node])
            return Conditional(is_categorical, loc, jnp.zeros(DIM), jnp.full(DIM, 0.5), scale, log_probs)

        def from_nothing() -> Conditional:
            offset_key, share_key, prob_key = random.split(self._key(table, SOURCE, node), 3)
            offset = random.uniform(offset_key, (DIM,), maxval=0.95)
            share = random.uniform(share_key, (DIM,), minval=0.1, maxval=0.9)
            weight = jnp.log(random.exponential(prob_key, (self.max_category, 1)) + 1e-30)
            log_probs = log_softmax(jnp.where(is_category, weight, -jnp.inf), axis=0)
            log_probs = jnp.broadcast_to(log_probs, (self.max_category, BLOCK))
            return Conditional(is_categorical, jnp.zeros((DIM, BLOCK)), offset, share, jnp.sqrt(1 - offset**2), log_probs)

        return lax.cond(is_cause.any(), from_causes, from_nothing)

    def _reduce(self, table: Array, position: Array, node: Array, is_cause: Array, values: Array) -> Float[Array, "dim row"]:
        """Combine the effects of a node's causes."""
        tables = self.tables
        cause_first = jnp.argsort(~is_cause, stable=True)
        laws = list(AGGREGATIONS.values())
        kind = self.laws.aggregation[table, node]
        neutral = jnp.array([law.neutral for law in laws])[kind]
        is_sum = kind == list(AGGREGATIONS).index("sum")
        square = jnp.where(is_cause, tables.edge_weight[table, :, node] ** 2, 0.0).sum()
        norm = jnp.where(is_sum, jnp.sqrt(jnp.maximum(square, 1e-12)), 1.0)

        def add(i: Array, total: Array) -> Array:
            cause = cause_first[i]
            key = random.fold_in(self._key(table, CAUSE, node), cause)
            point, n_in = self._point(table, position, cause, values)
            effect = lax.switch(self.laws.effect[table, cause, node], list(EFFECTS.values()), key, point, n_in)
            term = tables.edge_weight[table, cause, node] / norm * effect
            return lax.switch(kind, [law.combine for law in laws], total, term)

        return lax.fori_loop(0, is_cause.sum(), add, jnp.full((DIM, BLOCK), neutral))

    def _point(self, table: Array, position: Array, node: Array, values: Array) -> tuple[Array, Array]:
        """A node's value as the input of effects, and the number of its dimensions."""
        tables = self.tables
        page, n_dim = tables.page(table, position, node), tables.n_dim[table, node]

        def embedded() -> Array:
            table_key = self._key(table, EMBEDDING, node)
            return random.normal(table_key, (DIM, self.max_category))[:, values[page].astype(jnp.int32)]

        def number() -> Array:
            lines = values[jnp.minimum(page + jnp.arange(DIM), self.max_page - 1)]
            return jnp.where(jnp.arange(DIM)[:, None] < n_dim, squash(lines), 0.0)

        is_categorical = tables.is_categorical[table, node]
        return lax.cond(is_categorical, embedded, number), jnp.where(is_categorical, DIM, n_dim)

    def _foreign(self, table: Array, position: Array, values: Array) -> Float[Array, "dim row"]:
        """Effects of the linked rows of parent tables, added up over the foreign keys."""
        tables = self.tables

        def add_key(slot: Array, total: Array) -> Array:
            parent = tables.parent_table[table, slot]
            row = tables.linked_rows(table, slot, position)
            key = self._key(table, FOREIGN, slot)

            def add_column(column: Array, summary: Array) -> Array:
                node = tables.column_node[parent, column]
                value = values[tables.page(parent, row // BLOCK, node), row % BLOCK]
                weight = random.normal(random.fold_in(key, column), (DIM, self.max_category + 1))
                return summary + lax.cond(
                    tables.is_categorical[parent, node],
                    lambda: weight[:, value.astype(jnp.int32)],
                    lambda: weight[:, -1:] * squash(value),
                )

            n_column = tables.n_column[parent]
            summary = lax.fori_loop(0, n_column, add_column, jnp.zeros((DIM, BLOCK))) / jnp.sqrt(n_column)
            effect_key = random.fold_in(key, len(tables.column_node[0]))
            kind = self.laws.foreign_effect[table, slot]
            return total + lax.switch(kind, list(EFFECTS.values()), effect_key, squash(summary), jnp.array(DIM))

        total = lax.fori_loop(0, tables.n_parent[table], add_key, jnp.zeros((DIM, BLOCK)))
        return self.laws.foreign_strength[table] * total
