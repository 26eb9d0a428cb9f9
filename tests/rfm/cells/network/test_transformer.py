import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from plurel_prob.rfm.cells.contexts.batch import Batch
from plurel_prob.rfm.cells.network import (
    SIZES,
    ContextCells,
    RelationalTransformer,
    TransformerSize,
    cell_loss,
    n_parameter,
    text_encoder,
    tiles_of,
)
from plurel_prob.rfm.columns import BOOLEAN, NUMBER
from tests.rfm.cells.network.batches import random_batch

TILE, TEXTS = 8, random.normal(random.key(0), (20, 12))


@pytest.fixture(scope="module")
def predict():
    """A small network with random weights everywhere: those that start at zero would hide what is wrong."""

    @eqx.filter_jit
    def random_model():
        model = RelationalTransformer(TransformerSize(n_block=2, width=8, n_head=2, hidden=16), 12, key=random.key(1))
        leaves, tree = jax.tree.flatten(model)
        keys = random.split(random.key(2), len(leaves))
        return jax.tree.unflatten(tree, [x + 0.3 * random.normal(k, x.shape) for x, k in zip(leaves, keys, strict=True)])

    model = random_model()
    compiled = eqx.filter_jit(lambda cells: model(cells, TEXTS, tile=TILE)[:, 0])

    def of(batch: Batch) -> np.ndarray:
        tiles = tiles_of(batch, TILE, (16, 16))
        return np.asarray(compiled(ContextCells(*(getattr(batch, name) for name in ContextCells._fields[:9]), *tiles)))

    return of


def test_order_of_cells_does_not_matter(predict):
    batch = random_batch(0)
    order = np.concatenate([[0], 1 + np.random.default_rng(0).permutation(31)])
    moved = batch._replace(**{name: getattr(batch, name)[:, order] for name in ContextCells._fields[:9]})
    np.testing.assert_allclose(predict(moved), predict(batch), atol=1e-5)
    assert len(set(np.round(predict(batch), 4))) > 1


def test_numbers_of_rows_and_columns_do_not_matter(predict):
    batch = random_batch(1)
    relabel = np.concatenate([np.random.default_rng(1).permutation(32), [-1]]).astype(np.int32)  # the last is for -1
    moved = batch._replace(
        row=relabel[batch.row], parent=relabel[batch.parent], column=(5 - batch.column) * (batch.row >= 0) - (batch.row < 0)
    )
    np.testing.assert_allclose(predict(moved), predict(batch), atol=1e-5)


def test_padding_changes_nothing(predict):
    batch = random_batch(2)
    is_padding = batch.row < 0
    assert is_padding.any()
    noise = np.where(is_padding, 5.0, batch.value).astype(np.float32)
    filled = batch._replace(
        value=noise,
        text=np.where(is_padding, 3, batch.text).astype(np.int32),
        name=np.where(is_padding, 4, batch.name).astype(np.int32),
    )
    np.testing.assert_array_equal(predict(filled), predict(batch))


def test_the_target_is_masked(predict):
    batch = random_batch(3)
    told = batch._replace(value=np.concatenate([batch.target[:, None] + 7, batch.value[:, 1:]], 1))
    np.testing.assert_array_equal(predict(told), predict(batch))


def test_cells_reach_the_prediction(predict):
    """Some cell matters, so that the tests above can fail."""
    batch = random_batch(4)
    changed = [
        float(
            abs(
                predict(batch._replace(value=np.where(np.arange(32) == token, batch.value + 1, batch.value)))[0]
                - predict(batch)[0]
            )
        )
        for token in range(1, 32)
        if 0 <= batch.kind[0, token] < 3
    ]
    assert max(changed) > 1e-4


def test_paper_size_has_the_papers_number_of_parameters():
    shapes = eqx.filter_eval_shape(lambda: RelationalTransformer(SIZES["paper"], 384, key=random.key(0)))
    assert abs(sum(np.prod(x.shape) for x in jax.tree.leaves(shapes)) / 22e6 - 1) < 0.05


def test_a_new_network_predicts_the_means_of_columns():
    model = eqx.filter_jit(lambda: RelationalTransformer(TransformerSize(1, 8, 2, 16), 12, key=random.key(0)))()
    batch = random_batch(5)
    cells = ContextCells(
        *(jnp.asarray(getattr(batch, name)) for name in ContextCells._fields[:9]), *map(jnp.asarray, tiles_of(batch, TILE))
    )
    assert batch.log_odds.any()
    np.testing.assert_array_equal(eqx.filter_jit(lambda cells: model(cells, TEXTS, tile=TILE))(cells), batch.log_odds)
    assert n_parameter(model) == sum(np.asarray(x).size for x in jax.tree.leaves(model))


def test_loss():
    prediction, target = jnp.asarray([0.5, 3.0, 2.0, -2.0]), jnp.asarray([0.0, 0.0, 1.0, 1.0])
    kind = jnp.asarray([NUMBER, NUMBER, BOOLEAN, BOOLEAN])
    expected = [0.125, 2.5, np.log1p(np.exp(-2.0)), np.log1p(np.exp(2.0))]
    np.testing.assert_allclose(cell_loss(prediction, target, kind), expected, rtol=1e-6)


def test_hashed_texts():
    encode = text_encoder("hashed")
    texts = ["price of items", "prices of item", "name of races", "price of items", ""]
    vectors = encode(texts)
    assert vectors.shape == (5, encode.dim) and vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[0], vectors[3])
    np.testing.assert_array_equal(vectors[4], 0)
    np.testing.assert_allclose((vectors[:4] ** 2).mean(1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 20
    categories = encode([f"category_{k}" for k in range(20)])
    assert len(np.unique(categories.round(3), axis=0)) == 20
