"""Attention between the cells of a context, along the relations of the database, tile by tile."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.ops import segment_max
from jaxtyping import Array, Bool, Float, Int

HIDDEN = -1e30  # score of a key that a query does not see


class TilePairs(NamedTuple):
    """Tiles of an attention matrix, and which of their entries count; the matrix is zero elsewhere.

    Attributes:
        query: tile of the queries.
        key: tile of the keys.
        is_seen: whether a query of the tile sees a key.
    """

    query: Int[Array, " pair"]
    key: Int[Array, " pair"]
    is_seen: Bool[Array, "pair query key"]

    def swapped(self, is_seen: Bool[Array, "pair key query"]) -> "TilePairs":
        """Exchange queries and keys."""
        return TilePairs(self.key, self.query, is_seen)


class Relations(NamedTuple):
    """What the cells of a context see.

    Attributes:
        column: cells of the same column of the same table; queries and keys are cells in ``order``.
        feature: cells of the same row and of the rows that it refers to.
        neighbour: cells of the rows that refer to the query's row.
        order: cells by their columns.
        inverse: the permutation that undoes it.
    """

    column: TilePairs
    feature: TilePairs
    neighbour: TilePairs
    order: Int[Array, " token"]
    inverse: Int[Array, " token"]


def relations_of(
    column: Int[Array, " token"],
    row: Int[Array, " token"],
    parent: Int[Array, "token slot"],
    column_pairs: Int[Array, "column_pair 2"],
    feature_pairs: Int[Array, "feature_pair 2"],
    order: Int[Array, " token"],
    tile: int,
) -> Relations:
    """Relations of a context's cells (see :class:`plurel_prob.rfm.cells.contexts.Batch`) in the tiles that hold them."""
    by_column = column[order].reshape(-1, tile)
    query, key, is_pair = _places(column_pairs)
    same_column = (by_column[query][:, :, None] == by_column[key][:, None, :]) & (by_column[query] >= 0)[:, :, None]
    along = TilePairs(query, key, same_column & is_pair)

    rows, parents = row.reshape(-1, tile), parent.reshape(-1, tile, parent.shape[1])
    query, key, is_pair = _places(feature_pairs)
    mine, other = rows[query][:, :, None], rows[key][:, None, :]
    # padding has row -1, as a parent that is missing: neither sees nor is seen
    refers = (parents[query][:, :, None, :] == other[..., None]).any(-1)
    is_cell = (mine >= 0) & (other >= 0) & is_pair
    feature = TilePairs(query, key, ((mine == other) | refers) & is_cell)
    neighbour = feature.swapped((refers & is_cell).swapaxes(1, 2))
    return Relations(along, feature, neighbour, order, jnp.argsort(order))


def _places(pairs: Int[Array, "pair 2"]) -> tuple[Int[Array, " pair"], Int[Array, " pair"], Bool[Array, "pair 1 1"]]:
    """Tiles of queries and of keys, and which places are filled."""
    clipped = jnp.maximum(pairs, 0)
    return clipped[:, 0], clipped[:, 1], (pairs[:, 0] >= 0)[:, None, None]


Tokens = Float[Array, "tile head token dim"]


@jax.custom_vjp
def attend(query: Tokens, key: Tokens, value: Tokens, pairs: TilePairs) -> Tokens:
    r"""Softmax attention over the keys that a query sees, exact: :math:`\sum_k e^{s_{qk}} v_k / \sum_k e^{s_{qk}}`.

    Scores are inner products over the root of their dimension. A query that sees no key gets zeros. Products are in the precision
    of the input, sums over keys in float32 (on accelerators in their fast variant of it). Memory is that of the pairs of tiles;
    the gradient computes the weights again.
    """
    return _forward(query, key, value, pairs)[0]


def _scores(query: Tokens, key: Tokens, pairs: TilePairs) -> Float[Array, "pair head query key"]:
    product = _product("phqd,phkd->phqk", query[pairs.query], key[pairs.key])
    return jnp.where(pairs.is_seen[:, None], product * query.shape[-1] ** -0.5, HIDDEN)


def _product(spec: str, x: Array, y: Array) -> Array:
    return jnp.einsum(spec, x, y, preferred_element_type=jnp.float32)


def _collect(x: Float[Array, "pair *each"], tile: Int[Array, " pair"], n_tile: int) -> Float[Array, "tile *each"]:
    """Sum over the pairs of a tile: a product with an indicator, faster than a scatter, and in the same order every time."""
    is_of = (tile == jnp.arange(n_tile)[:, None]).astype(x.dtype)
    return (is_of @ x.reshape(len(x), -1)).reshape(n_tile, *x.shape[1:])


def _forward(query: Tokens, key: Tokens, value: Tokens, pairs: TilePairs) -> tuple[Tokens, Float[Array, "tile head token"]]:
    """Return the output, and the logarithm of the sum over the keys of every query."""
    n_tile, score = len(query), _scores(query, key, pairs)
    top = jnp.maximum(segment_max(score.max(-1), pairs.query, n_tile), HIDDEN)
    weight = jnp.where(pairs.is_seen[:, None], jnp.exp(score - top[pairs.query][..., None]), 0.0)
    total = _collect(weight.sum(-1), pairs.query, n_tile)
    share = _product("phqk,phkd->phqd", weight.astype(value.dtype), value[pairs.key])
    scale = jnp.where(total > 0, 1 / jnp.where(total > 0, total, 1.0), 0.0)
    out = _collect(share, pairs.query, n_tile) * scale[..., None]
    return out.astype(value.dtype), top + jnp.log(jnp.maximum(total, 1e-30))


def _keep(query: Tokens, key: Tokens, value: Tokens, pairs: TilePairs) -> tuple[Tokens, tuple]:
    out, log_total = _forward(query, key, value, pairs)
    return out, (query, key, value, pairs, out, log_total)


def _backward(kept: tuple, gradient: Tokens) -> tuple[Tokens, Tokens, Tokens, None]:
    query, key, value, pairs, out, log_total = kept
    score, reached = _scores(query, key, pairs), gradient[pairs.query]
    weight = jnp.where(pairs.is_seen[:, None], jnp.exp(score - log_total[pairs.query][..., None]), 0.0)
    along = (out.astype(jnp.float32) * gradient.astype(jnp.float32)).sum(-1)
    by_weight = _product("phqd,phkd->phqk", reached, value[pairs.key])
    by_score = weight * (by_weight - along[pairs.query][..., None]) * query.shape[-1] ** -0.5
    by_score, weight = by_score.astype(query.dtype), weight.astype(query.dtype)
    by_query = _collect(_product("phqk,phkd->phqd", by_score, key[pairs.key]), pairs.query, len(query))
    by_key = _collect(_product("phqk,phqd->phkd", by_score, query[pairs.query]), pairs.key, len(query))
    by_value = _collect(_product("phqk,phqd->phkd", weight, reached), pairs.key, len(query))
    return by_query.astype(query.dtype), by_key.astype(query.dtype), by_value.astype(query.dtype), None


attend.defvjp(_keep, _backward)


@jax.custom_vjp
def in_order(
    x: Float[Array, "token width"], order: Int[Array, " token"], inverse: Int[Array, " token"]
) -> Float[Array, "token width"]:
    """Permute tokens; the gradient is the inverse permutation, a gather too."""
    return x[order]


in_order.defvjp(lambda x, order, inverse: (x[order], inverse), lambda inverse, gradient: (gradient[inverse], None, None))
