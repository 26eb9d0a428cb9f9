from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from plurel_prob.rfm.rows.network import RowBatch, RowNetwork, mean_of, n_parameter, prepare, row_loss
from tests.rfm.rows.network.tasks import TINY, made_up

TOLERANCE = {"rtol": 2e-3, "atol": 2e-3}  # sums in another order, through a factorisation in float32


@pytest.fixture(scope="module")
def network() -> RowNetwork:
    """A network whose corrections are not 0."""
    network, keys = RowNetwork(TINY, key=random.key(0)), random.split(random.key(1), 4)
    last = [0.1 * random.normal(k, w.shape) for k, w in zip(keys, zero(network), strict=True)]
    return eqx.tree_at(zero, network, last)


def zero(network):
    """Weights that are 0 before training."""
    return network.mixture, network.shift, network.match, network.weigh.out


@pytest.fixture(scope="module")
def parts() -> RowBatch:
    return made_up()


def same(outputs, expected, rows=slice(None)):
    for name in outputs._fields:
        np.testing.assert_allclose(getattr(outputs, name)[:, rows], getattr(expected, name)[:, rows], **TOLERANCE)


def predict(network, parts, query_x=None):
    state = network.encode(parts.context_x, parts.context_y, parts.kind)
    return network.decode(state, parts.query_x if query_x is None else query_x)


@pytest.fixture(scope="module")
def expected(network, parts):
    return predict(network, parts)


def test_the_order_of_features_and_of_context_rows_is_nothing(network, parts, expected):
    rng = np.random.default_rng(3)
    row, feature = rng.permutation(parts.context_y.shape[1]), rng.permutation(parts.context_x.shape[2])
    moved = parts._replace(
        context_x=parts.context_x[:, row][..., feature], context_y=parts.context_y[:, row], query_x=parts.query_x[..., feature]
    )
    same(predict(network, moved), expected)


def test_padding_is_nothing(network, parts, expected):
    n_row, n_feature = 4, 5
    rows = np.random.default_rng(4).normal(size=(3, n_row, parts.context_x.shape[2])).astype(np.float32)
    wide = ((0, 0), (0, 0), (0, n_feature))
    padded = parts._replace(
        context_x=np.pad(np.concatenate([rows, parts.context_x], 1), wide, constant_values=np.nan),
        context_y=np.pad(parts.context_y, ((0, 0), (n_row, 0)), constant_values=np.nan),
        query_x=np.pad(parts.query_x, wide, constant_values=np.nan),
    )
    same(predict(network, padded), expected)


def test_constant_and_missing_features_are_nothing_whatever_queries_have(network, parts, expected):
    query_x = parts.query_x.copy()
    query_x[..., 3], query_x[..., 4] = 7.0, -5.0
    same(predict(network, parts, query_x), expected)


def test_chunks_of_queries_and_a_batch_give_the_same(network, parts, expected):
    state = network.encode(parts.context_x, parts.context_y, parts.kind)
    same(network.decode(state, parts.query_x[:, 4:]), type(expected)(*(part[:, 4:] for part in expected)))
    same(eqx.filter_jit(lambda n, p: n(p))(network, prepare(parts)), expected)


def test_quantiles_do_not_cross(network, parts):
    wild = eqx.tree_at(lambda n: n.shift, network, network.shift * 50)
    quantiles = predict(wild, parts).quantiles
    assert np.isfinite(quantiles).all() and (np.diff(quantiles, axis=-1) > 0).all()
    assert ((mean_of(quantiles) > quantiles[..., 0]) & (mean_of(quantiles) < quantiles[..., -1])).all()


def test_gradients_are_finite_and_reach_all_weights(network, parts):
    prepared = prepare(parts)
    prepared = prepared._replace(query_y=prepared.query_y.at[0, 0].set(jnp.nan))
    gradients = eqx.filter_jit(eqx.filter_grad(lambda n: row_loss(n(prepared), prepared.query_y, prepared.kind).mean()))(network)
    for path, leaf in jax.tree.flatten_with_path(gradients)[0]:
        assert np.isfinite(leaf).all() and np.abs(leaf).max() > 0, jax.tree_util.keystr(path)


@pytest.mark.parametrize("experts", [True, False])
def test_untrained_networks_are_as_good_as_their_experts(parts, experts):
    network = RowNetwork(replace(TINY, experts=experts), key=random.key(2))
    outputs = predict(network, parts)
    loss = row_loss(outputs, jnp.asarray(parts.query_y), jnp.asarray(parts.kind))
    constant = np.array([np.log(2), 1.0, np.log(3)])
    assert (loss < 0.8 * constant).all() if experts else (np.abs(np.asarray(loss) - constant) < 0.5).all()
    if not experts:  # what is known without features
        share = np.nanmean(parts.context_y[0])
        np.testing.assert_allclose(jax.nn.sigmoid(outputs.logit[0]), share, atol=0.03)
        np.testing.assert_allclose(outputs.quantiles[1, 0, 9], np.nanmedian(parts.context_y[1]), atol=0.1)


@pytest.mark.parametrize("experts", [True, False])
def test_untrained_networks_are_the_same_for_all_keys_and_sizes(parts, experts):
    one, other = replace(TINY, experts=experts), replace(TINY, experts=experts, n_block=1, width=8)
    same(predict(RowNetwork(one, key=random.key(0)), parts), predict(RowNetwork(other, key=random.key(5)), parts))


def test_losses_are_those_of_loops(network, parts, expected):
    loss = row_loss(expected, jnp.asarray(parts.query_y), jnp.asarray(parts.kind))
    quantiles, logit, classes = np.array(expected.quantiles[1]), np.array(expected.logit[0]), np.array(expected.classes[2])
    flags = [-np.log(1 / (1 + np.exp(-(2 * y - 1) * a))) for y, a in zip(parts.query_y[0], logit, strict=True)]
    numbers = [
        sum((level - (y < q)) * (y - q) for level, q in zip(np.arange(1, 20) / 20, row, strict=True)) / 5
        for y, row in zip(parts.query_y[1], quantiles, strict=True)
    ]
    named = [-np.log(np.exp(row[int(y)]) / np.exp(row).sum()) for y, row in zip(parts.query_y[2], classes, strict=True)]
    np.testing.assert_allclose(loss, [np.mean(flags), np.mean(numbers), np.mean(named)], rtol=1e-4)


def test_parameters_are_counted(network):
    assert n_parameter(network) == sum(np.asarray(leaf).size for leaf in jax.tree.leaves(network) if hasattr(leaf, "shape"))
