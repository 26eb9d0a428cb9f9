"""The encoders of a table in one list."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int

from plurel_prob.distributions.mechanisms.structure import CausalTables


class Pairs(NamedTuple):
    """Who is encoded for whom in a table: columns of its parents, key by key, then the edges of its graph, effect by effect."""

    target: Int[Array, " pair"]  # the foreign key, or the effect
    origin: Int[Array, " pair"]  # the column of the parent, or the cause
    start: Int[Array, " node"]  # place of a node's first cause
    n_foreign: Int[Array, ""]
    n_pair: Int[Array, ""]


def no_pairs(tables: CausalTables) -> Pairs:
    """Space for the pairs of any table, with room to write past the last one."""
    max_node, max_column = tables.is_categorical.shape[1], tables.column_node.shape[1]
    n = max_node * (max_node - 1) // 2 + tables.parent_table.shape[1] * max_column + max(max_node, max_column)
    return Pairs(jnp.zeros(n, jnp.int32), jnp.zeros(n, jnp.int32), jnp.zeros(max_node, jnp.int32), jnp.array(0), jnp.array(0))


def list_pairs(tables: CausalTables, table: Array, space: Pairs) -> Pairs:
    """List a table's pairs into ``space``."""
    max_node, max_column = tables.is_categorical.shape[1], tables.column_node.shape[1]

    def append(pairs: Pairs, target: Array, origin: Array, n: Array) -> Pairs:
        target = jnp.full(len(origin), target)
        return pairs._replace(
            target=lax.dynamic_update_slice(pairs.target, target, (pairs.n_pair,)),
            origin=lax.dynamic_update_slice(pairs.origin, origin, (pairs.n_pair,)),
            n_pair=pairs.n_pair + n,
        )

    def list_columns(slot: Array, pairs: Pairs) -> Pairs:
        n_column = tables.n_column[tables.parent_table[table, slot]]
        return append(pairs, slot, jnp.arange(max_column, dtype=jnp.int32), n_column)

    def list_causes(node: Array, pairs: Pairs) -> Pairs:
        count = jnp.cumsum(tables.edge[table, :, node])
        # the k-th cause is where the count reaches k; comparing all is faster than bisection
        causes = (count[:, None] < 1 + jnp.arange(max_node)).sum(0, dtype=jnp.int32)
        return append(pairs._replace(start=pairs.start.at[node].set(pairs.n_pair)), node, causes, count[-1])

    pairs = lax.fori_loop(0, tables.n_parent[table], list_columns, space._replace(n_pair=jnp.array(0)))
    return lax.fori_loop(0, tables.n_node[table], list_causes, pairs._replace(n_foreign=pairs.n_pair))


def origin_of(tables: CausalTables, table: Array, pairs: Pairs, pair: Array) -> tuple[Array, Array]:
    """Table and node that a pair encodes."""
    target, origin = pairs.target[pair], pairs.origin[pair]
    is_foreign = pair < pairs.n_foreign
    owner = jnp.where(is_foreign, tables.parent_table[table, target], table)
    return owner, jnp.where(is_foreign, tables.column_node[owner, origin], origin)
