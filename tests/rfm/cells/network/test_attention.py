from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from plurel_prob.rfm.cells.contexts.batch import Batch
from plurel_prob.rfm.cells.network.attention import TilePairs, attend, in_order, relations_of
from plurel_prob.rfm.cells.network.tiles import tiles_of
from tests.rfm.cells.network.batches import random_batch

TILE, N_PAIR = 8, (16, 16)  # places for pairs of tiles, as many for all batches, so that they share programs
KINDS = ("column", "feature", "neighbour")


related, attended = jax.jit(partial(relations_of, tile=TILE)), jax.jit(attend)


def plain_masks(batch: Batch, context: int) -> dict[str, np.ndarray]:
    """The definition, in loops."""
    row, column, parent = batch.row[context], batch.column[context], batch.parent[context]
    masks = {kind: np.zeros((len(row), len(row)), bool) for kind in KINDS}
    for q in range(len(row)):
        for k in range(len(row)):
            if row[q] >= 0 and row[k] >= 0:
                masks["column"][q, k] = column[q] == column[k]
                masks["feature"][q, k] = row[q] == row[k] or row[k] in parent[q]
                masks["neighbour"][q, k] = row[q] in parent[k]
    return masks


def relations(batch: Batch, context: int) -> dict[str, TilePairs]:
    tiles = tiles_of(batch, TILE, N_PAIR)
    ids = (batch.column, batch.row, batch.parent, tiles.column, tiles.feature, tiles.order)
    found = related(*(x[context] for x in ids))
    return {kind: getattr(found, kind) for kind in KINDS}


def dense(pairs: TilePairs, n_token: int) -> np.ndarray:
    """The mask that tiles make up; a tile that is listed twice would count twice."""
    mask = np.zeros((n_token // TILE, TILE, n_token // TILE, TILE), int)
    np.add.at(mask, (np.asarray(pairs.query), slice(None), np.asarray(pairs.key)), np.asarray(pairs.is_seen).astype(int))
    return mask.reshape(n_token, n_token)


@pytest.mark.parametrize("seed", range(5))
def test_masks_are_those_of_the_definition(seed):
    batch = random_batch(seed)
    order = tiles_of(batch, TILE).order
    for context in range(len(batch.row)):
        expected, found = plain_masks(batch, context), relations(batch, context)
        by_column = expected["column"][np.ix_(order[context], order[context])]
        np.testing.assert_array_equal(dense(found["column"], 32), by_column)
        np.testing.assert_array_equal(dense(found["feature"], 32), expected["feature"])
        np.testing.assert_array_equal(dense(found["neighbour"], 32), expected["neighbour"])


def plain_attention(query, key, value, mask):
    """Softmax over the keys that are seen; inputs have shape (token, head, dim)."""
    out = np.zeros(query.shape)
    for head in range(query.shape[1]):
        for q in range(len(query)):
            seen = np.flatnonzero(mask[q])
            if len(seen):
                score = query[q, head] @ key[seen, head].T / query.shape[2] ** 0.5
                weight = np.exp(score - score.max())
                out[q, head] = weight @ value[seen, head] / weight.sum()
    return out


def tokens(x):
    """(token, head, dim) as tiles."""
    return np.asarray(x).reshape(-1, TILE, *x.shape[1:]).swapaxes(1, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_attention_is_that_of_the_definition(kind):
    batch = random_batch(7)
    query, key, value = (np.asarray(random.normal(k, (32, 2, 4))) for k in random.split(random.key(0), 3))
    pairs = relations(batch, int((batch.row < 0).sum(1).argmax()))[kind]
    mask = dense(pairs, 32)
    found = attended(tokens(query), tokens(key), tokens(value), pairs)
    expected = plain_attention(*(np.float64(x) for x in (query, key, value)), mask)
    np.testing.assert_allclose(found.swapaxes(1, 2).reshape(32, 2, 4), expected, atol=2e-6)
    assert (mask.sum(1) == 0).any()  # some see nothing


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_that_of_dense_attention(kind):
    batch = random_batch(8)
    pairs = relations(batch, 0)[kind]
    mask = dense(pairs, 32) > 0
    arrays = [tokens(np.asarray(random.normal(k, (32, 2, 4)))) for k in random.split(random.key(1), 4)]

    def by_tiles(query, key, value):
        return (attend(query, key, value, pairs) * arrays[3]).sum()

    def by_masks(query, key, value):
        flat = [x.swapaxes(1, 2).reshape(32, 2, 4) for x in (query, key, value, arrays[3])]
        score = jnp.einsum("qhd,khd->hqk", flat[0], flat[1]) / 2
        weight = jax.nn.softmax(jnp.where(mask, score, -1e30)) * mask.any(1)[:, None]
        return (jnp.einsum("hqk,khd->qhd", weight, flat[2]) * flat[3]).sum()

    for found, expected in zip(*(jax.jit(jax.grad(f, (0, 1, 2)))(*arrays[:3]) for f in (by_tiles, by_masks)), strict=True):
        np.testing.assert_allclose(found, expected, atol=5e-6)


def test_large_scores_stay_finite():
    batch = random_batch(9)
    query = tokens(100 * np.asarray(random.normal(random.key(2), (32, 2, 4))))
    pairs = relations(batch, 0)["feature"]
    gradient = jax.jit(jax.grad(lambda q: attend(q, q, q, pairs).sum()))(query)
    assert np.isfinite(gradient).all()


def test_places_that_are_left_over_change_nothing():
    batch = random_batch(10)
    few, many = tiles_of(batch, TILE), tiles_of(batch, TILE, n_pair=(40, 40))
    assert many.feature.shape[1] > few.feature.shape[1]
    query = tokens(np.asarray(random.normal(random.key(3), (32, 2, 4))))
    found = []
    for tiles in (few, many):
        ids = (batch.column, batch.row, batch.parent, tiles.column, tiles.feature, tiles.order)
        pairs = related(*(x[0] for x in ids))
        found.append([np.asarray(attended(query, query, query, getattr(pairs, kind))) for kind in KINDS])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_number_of_places_grows_in_small_steps():
    from plurel_prob.rfm.cells.network.tiles import _rounded

    assert [_rounded(n) for n in (1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 17, 25)] == [1, 2, 3, 4, 6, 6, 8, 12, 12, 16, 24, 32]


def test_a_length_that_is_no_multiple_of_a_tile_is_refused():
    with pytest.raises(ValueError, match="multiple of 24"):
        tiles_of(random_batch(0), 24)


def test_permutation_and_its_gradient():
    order = jnp.asarray(np.random.default_rng(0).permutation(6).astype(np.int32))
    x, weight = random.normal(random.key(0), (6, 2)), random.normal(random.key(1), (6, 2))
    np.testing.assert_array_equal(in_order(x, order, jnp.argsort(order)), x[order])
    found, expected = (
        jax.jit(jax.grad(lambda x, f=f: (f(x) * weight).sum()))(x)
        for f in (partial(in_order, order=order, inverse=jnp.argsort(order)), lambda x: x[order])
    )
    np.testing.assert_allclose(found, expected)
