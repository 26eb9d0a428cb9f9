"""What compact mechanisms choose, and the random weights that follow from a table's key; the law is that of :mod:`.compact`."""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jax.nn import log_softmax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.effects import DIM, EFFECTS, squash
from plurel_prob.distributions.mechanisms.structure import CausalTables
from plurel_prob.distributions.permutation import mix
from plurel_prob.threefry import unrolled

# What a mechanism's key is used for; weights of different use never share random numbers.
CAUSE, OUTPUT, EMBEDDING, FOREIGN, SOURCE, PATH = range(6)
N_WAVE = 4  # of a drift


class CompactLaws(NamedTuple):
    """The choices of compact mechanisms."""

    aggregation: Int[Array, "table node"]
    effect: Int[Array, "table cause effect"]
    foreign_effect: Int[Array, "table foreign_key"]
    foreign_strength: Float[Array, " table"]
    noise_scale: Float[Array, "table node"]
    sharpness: Float[Array, " table"]  # of categories
    max_offset: Float[Array, " table"]  # of the two halves of the law of numbers without causes
    sees_parents: Bool[Array, "table node"]  # whether a node depends on parent tables
    drift: Float[Array, "table node"] | None = None  # of numbers; None: there is none
    is_own_drift: Bool[Array, "table node"] | None = None  # each parent row has a path of its own
    is_follower: Bool[Array, "table node"] | None = None  # effects on a node are its causes' values as they are; None: on none


def weight_key(tables: CausalTables, table: Array, use: int, node: Array) -> PRNGKeyArray:
    """Key of the weights of a node (of a foreign key, for ``FOREIGN``) for one use."""
    return random.fold_in(unrolled(tables.key(table, use)), node)


def is_category(tables: CausalTables, table: Array, node: Array, max_category: int) -> Bool[Array, "category 1"]:
    """Which categories a node has."""
    return jnp.arange(max_category)[:, None] < tables.n_category[table, node]


def source_of_numbers(
    tables: CausalTables, laws: CompactLaws, table: Array, node: Array
) -> tuple[Float[Array, " dim"], Float[Array, " dim"]]:
    r"""Offset :math:`\mu \sim U(0, \text{max_offset})` and share :math:`\pi \sim U(0.1, 0.9)` of the law of a number without
    causes, in each dimension :math:`\pi N(\mu, 1 - \mu^2) + (1 - \pi) N(-\mu, 1 - \mu^2)`.
    """
    offset_key, share_key, _ = random.split(weight_key(tables, table, SOURCE, node), 3)
    offset = random.uniform(offset_key, (DIM,), maxval=laws.max_offset[table])
    return offset, random.uniform(share_key, (DIM,), minval=0.1, maxval=0.9)


def drift_of(
    tables: CausalTables, laws: CompactLaws, table: Array, node: Array, position: Array
) -> tuple[Float[Array, "dim row"], Float[Array, ""]]:
    r"""Where a number has drifted to at the rows of a block, :math:`\delta g(t)`, and what scales the rest of one without causes,
    :math:`(1 - \delta^2)^{1/2}`. t is the share of the table's rows before the row, g a sum of waves of up to two periods with
    random phases and normal weights that fall with their frequency; of unit variance. Where each parent row of the first foreign
    key has a path of its own, the phases are shifted by numbers in [0, 1) turns that are a hash of the parent row: an entity's
    rows tell of those that follow.
    """
    if laws.drift is None:
        return jnp.zeros((DIM, BLOCK)), jnp.ones(())
    weight_of, phase_of = random.split(weight_key(tables, table, PATH, node))
    frequency = jnp.arange(1, N_WAVE + 1)
    weight = random.normal(weight_of, (DIM, N_WAVE)) / frequency
    weight = weight * jnp.sqrt(2 / jnp.maximum((weight**2).sum(1, keepdims=True), 1e-6))
    phase = random.uniform(phase_of, (DIM, N_WAVE), maxval=2 * jnp.pi)
    share = tables.rows(table, position) / tables.n_row[table]
    phase = phase[..., None]
    if laws.is_own_drift is not None:
        phase = phase + 2 * jnp.pi * jnp.where(laws.is_own_drift[table, node], _turns(tables, table, node, position), 0.0)
    wave = jnp.cos(jnp.pi * frequency[:, None] * share + phase)
    drift = laws.drift[table, node]
    # bounded: a drift of 1 would leave no noise, and densities infinite
    return drift * (weight[..., None] * wave).sum(1), jnp.sqrt(jnp.maximum(1 - drift**2, 1e-4))


def _turns(tables: CausalTables, table: Array, node: Array, position: Array) -> Float[Array, "wave row"]:
    """Shifts of the phases of an entity's waves, pairwise independent: sums of the two halves of a 32-bit hash."""
    row = tables.linked_rows(table, jnp.zeros((), jnp.int32), position)
    word = random.key_data(weight_key(tables, table, PATH, node))[0]
    hashed = mix(row.astype(jnp.uint32) ^ word)
    first, second = (half.astype(jnp.float32) / 2**16 for half in (hashed >> 16, hashed & 0xFFFF))
    return jnp.stack([first, second, first + second, first - second])


def source_of_categories(tables: CausalTables, table: Array, node: Array, max_category: int) -> Float[Array, "category 1"]:
    """Log probabilities of a category without causes, Dirichlet(1)."""
    prob_key = random.split(weight_key(tables, table, SOURCE, node), 3)[2]
    # independent exponentials over their sum are Dirichlet(1); in 32 bits one can be 0, whose logarithm no softmax survives
    weight = jnp.log(random.exponential(prob_key, (max_category, 1)) + 1e-30)
    return log_softmax(jnp.where(is_category(tables, table, node, max_category), weight, -jnp.inf), axis=0)


def output_weights(
    tables: CausalTables, table: Array, node: Array, max_category: int
) -> tuple[Float[Array, "dim dim"], Float[Array, "category dim"]]:
    """B, by which a node sees parent tables, and C, from its location to the scores of categories."""
    mix_key, score_key = random.split(weight_key(tables, table, OUTPUT, node))
    return random.normal(mix_key, (DIM, DIM)) / math.sqrt(DIM), random.normal(score_key, (max_category, DIM))


def effect_of(
    tables: CausalTables, laws: CompactLaws, table: Array, cause: Array, node: Array, point: Array, n_in: Array
) -> Float[Array, "dim row"]:
    """Effect of a cause, whose value is ``point`` and has ``n_in`` dimensions, on a node: f_e(u_e)."""
    key = random.fold_in(weight_key(tables, table, CAUSE, node), cause)
    effect = lax.switch(laws.effect[table, cause, node], list(EFFECTS.values()), key, point, n_in)
    return effect if laws.is_follower is None else jnp.where(laws.is_follower[table, node], point, effect)


def embedding(tables: CausalTables, table: Array, node: Array, category: Array, max_category: int) -> Float[Array, "dim row"]:
    """Categories as inputs of effects."""
    table_key = weight_key(tables, table, EMBEDDING, node)
    return random.normal(table_key, (DIM, max_category))[:, category.astype(jnp.int32)]


def numbers(lines: Float[Array, "dim row"], n_dim: Array) -> Float[Array, "dim row"]:
    """Numbers as inputs of effects; unused dimensions are 0, whatever lies there."""
    is_used = jnp.arange(DIM)[:, None] < n_dim
    return jnp.where(is_used, squash(jnp.where(is_used, lines, 0.0)), 0.0)


def node_summary(key: PRNGKeyArray, seen: Array, value: Float[Array, " row"], is_categorical: Array, max_category: int) -> Array:
    """Contribution of a node of a parent table to the summary z_k of a foreign key, whose key is ``key``."""
    weight = random.normal(random.fold_in(key, seen), (DIM, max_category + 1))
    return lax.cond(is_categorical, lambda: weight[:, value.astype(jnp.int32)], lambda: weight[:, -1:] * squash(value))


def foreign_effect(
    tables: CausalTables, laws: CompactLaws, table: Array, slot: Array, key: PRNGKeyArray, summary: Float[Array, "dim row"]
) -> Float[Array, "dim row"]:
    """Effect of a foreign key, of which ``summary`` is the sum over the parent's nodes: f_k(z_k)."""
    n_seen, max_seen = tables.n_seen[tables.parent_table[table, slot]], tables.seen_node.shape[1]
    effect_key, kind = random.fold_in(key, max_seen), laws.foreign_effect[table, slot]
    return lax.switch(kind, list(EFFECTS.values()), effect_key, squash(summary / jnp.sqrt(n_seen)), jnp.array(DIM))
