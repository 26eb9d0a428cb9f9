from math import erf, exp, pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax import lax, random

from plurel_prob.distributions import Activation, Initialisation
from plurel_prob.distributions.mechanisms.activations import ACTIVATIONS, draw_sines
from plurel_prob.distributions.mechanisms.curves import GRID, choose_encoder, look_up, place_on, quantile_grid
from plurel_prob.distributions.mechanisms.decoders import choose_decoder
from plurel_prob.distributions.mechanisms.initialisations import INITIALISATIONS, zero_half
from plurel_prob.distributions.mechanisms.networks import (
    LATENT,
    LAYER,
    MatrixChoice,
    NetworkRecipe,
    choose_layer,
    choose_matrix,
    choose_network,
    draw_matrix,
)
from plurel_prob.distributions.mechanisms.sorting import sort_floats, sort_pilot
from plurel_prob.records import pack, unpack
from tests.goodness import assert_fits

N_IN, N_OUT = 20, 32
TRUNCATED_STD = sqrt(1 - 4 * exp(-2) / sqrt(2 * pi) / erf(sqrt(2)))
# standard deviations by PyTorch's formulas for a matrix (in, out), whose "fan in" is its second axis
STD = {
    "kaiming_normal": sqrt(2 / N_OUT),
    "kaiming_uniform": sqrt(6 / N_OUT) / sqrt(3),
    "xavier_normal": sqrt(2 / (N_IN + N_OUT)),
    "xavier_uniform": sqrt(6 / (N_IN + N_OUT)) / sqrt(3),
    "truncated_normal": TRUNCATED_STD,
    "sparse": 0.01 * sqrt(0.5),
}
BOUND = {"kaiming_uniform": sqrt(6 / N_OUT), "xavier_uniform": sqrt(6 / (N_IN + N_OUT)), "truncated_normal": 2.0}


def recipe(**changes):
    laws = {
        "n_layer": dist.DiscreteUniform(2, 4),
        "activation": Activation(),
        "initialisation": Initialisation(),
        "mask_density": dist.Uniform(0.3, 1.0),
        "log_gain": dist.Uniform(-1.0, 1.0),
    }
    return NetworkRecipe(**(laws | changes), max_layer=4)


def test_there_are_29_activations_and_six_initialisations():
    assert len(ACTIVATIONS) == 29 and set(INITIALISATIONS) == set(STD)


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_initialisations_have_the_documented_moments(name):
    kind = jnp.array(list(INITIALISATIONS).index(name))

    def draw(key):
        return draw_matrix(MatrixChoice(kind, jnp.ones(()), random.key_data(key)), LATENT, N_IN, N_OUT)

    weight = np.asarray(jax.jit(jax.vmap(draw))(random.split(random.key(0), 500)))
    assert (weight[:, N_IN:] == 0).all()
    used = weight[:, :N_IN]
    n = used.size / 2
    assert abs(used.mean()) < 5 * STD[name] / sqrt(n)
    np.testing.assert_allclose(used.std(), STD[name], rtol=0.02)
    assert np.abs(used).max() <= BOUND.get(name, np.inf) + 1e-6
    if name == "sparse":
        np.testing.assert_array_equal((used == 0).sum(1), N_IN // 2)


def test_every_half_of_the_rows_of_a_sparse_matrix_is_as_likely():
    """Of four rows two are zero: six pairs, over 32,000 columns."""
    draw = jax.jit(jax.vmap(lambda key: zero_half(random.key_data(key), jnp.ones((5, LATENT)), jnp.array(4))))
    zero = np.asarray(draw(random.split(random.key(5), 1000)))[:, :4] == 0
    pattern = (zero * 2 ** np.arange(4)[:, None]).sum(1).reshape(-1)
    counts = np.bincount(pattern, minlength=16)[[3, 5, 6, 9, 10, 12]]
    assert counts.sum() == 32_000
    assert_fits(counts, np.full(6, 1 / 6))


def test_a_sparse_matrix_of_one_row_is_zero():
    choice = MatrixChoice(jnp.array(list(INITIALISATIONS).index("sparse")), jnp.ones(()), random.key_data(random.key(0)))
    assert (jax.jit(lambda choice: draw_matrix(choice, LATENT, 1, LATENT))(choice) == 0).all()


def test_masks_keep_their_share_and_are_compensated():
    plain = recipe(initialisation=Initialisation(["kaiming_normal"]), mask_density=dist.Uniform(0.4, 0.4001))
    draw = jax.jit(jax.vmap(lambda key: draw_matrix(choose_matrix(key, plain), LATENT, LATENT, LATENT)))
    weight = np.asarray(draw(random.split(random.key(1), 200)))
    kept = weight != 0
    assert abs(kept.mean() - 0.4) < 5 * sqrt(0.24 / weight.size) + 1e-4
    np.testing.assert_allclose(weight[kept].std(), sqrt(2 / LATENT) / 0.4, rtol=0.02)


def test_records_survive_their_words():
    layer = jax.jit(lambda key: choose_layer(key, recipe()))(random.key(3))
    again = jax.jit(lambda layer: unpack(pack(layer), LAYER))(layer)
    for left, right in zip(jax.tree.leaves(layer), jax.tree.leaves(again), strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


def test_numbers_are_sorted():
    x = jnp.concatenate([random.normal(random.key(0), (500,)), jnp.array([0.0, -1e30, 1e30, jnp.inf, -jnp.inf, 3.5, 3.5])])
    np.testing.assert_array_equal(jax.jit(sort_floats)(x), np.sort(x))


@pytest.mark.parametrize("n_pilot", [1, 700, 1024, 1025, 3000, 4096, 8192])
def test_pilots_are_sorted_whatever_their_size(n_pilot):
    value = np.random.default_rng(n_pilot).normal(size=8192).astype(np.float32)
    found = np.asarray(jax.jit(sort_pilot)(value, jnp.array(n_pilot)))
    ordered = np.sort(value[:n_pilot])
    np.testing.assert_array_equal(found, np.append(ordered, np.full(8192 - n_pilot, ordered[-1])))


def scalar_formula(name, x):
    sigmoid = 1 / (1 + exp(-x))
    elu = x if x > 0 else exp(x) - 1
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    softplus = np.log1p(exp(x))
    return {
        "relu": max(x, 0),
        "elu": elu,
        "selu": scale * (x if x > 0 else alpha * (exp(x) - 1)),
        "silu": x * sigmoid,
        "softsign": x / (1 + abs(x)),
        "tanh": np.tanh(x),
        "sigmoid": sigmoid,
        "hardswish": x * min(max(x + 3, 0), 6) / 6,
        "mish": x * np.tanh(softplus),
        "leaky_relu": x if x > 0 else 0.01 * x,
        "gelu": x * 0.5 * (1 + erf(x / sqrt(2))),
        "softplus": softplus,
        "hardsigmoid": min(max(x / 6 + 0.5, 0), 1),
        "hardtanh": min(max(x, -1), 1),
        "celu": elu,
        "tanhshrink": x - np.tanh(x),
        "rrelu": x if x > 0 else x * (1 / 8 + 1 / 3) / 2,
        "logsigmoid": np.log(sigmoid),
        "softshrink": np.sign(x) * max(abs(x) - 0.5, 0),
        "hardshrink": x if abs(x) > 0.5 else 0,
        "identity": x,
        "abs": abs(x),
        "sin": np.sin(x),
        "cos": np.cos(x),
        "sign": np.sign(x),
        "clip": min(max(x, -1), 1),
        "signed_log": np.sign(x) * np.log1p(abs(x)),
        "bent_identity": (sqrt(x * x + 1) - 1) / 2 + x,
    }[name]


NEAR, FAR = [-4.0, -1.5, -0.7, -0.3, 0.2, 0.6, 1.2, 2.5, 3.5], [-1e20, -1e6, 0.0, 1e6, 1e20]


@pytest.fixture(scope="module")
def activated():
    """All activations of the same points, by one program."""
    x = jnp.array(NEAR + FAR)
    return jax.jit(lambda key: {name: activate(x, draw_sines(key)) for name, activate in ACTIVATIONS.items()})(random.key(0))


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "sine_sum"])
def test_activations_follow_their_formulas(activated, name):
    found = activated[name][: len(NEAR)]
    np.testing.assert_allclose(found, [scalar_formula(name, v) for v in NEAR], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_finite_far_out(activated, name):
    assert np.isfinite(activated[name][len(NEAR) :]).all()


def test_a_sine_sum_is_frozen_by_its_key_and_follows_its_law():
    x = jnp.linspace(-3, 3, 50)
    draw = jax.jit(jax.vmap(lambda key: ACTIVATIONS["sine_sum"](x, draw_sines(key))))
    keys = random.split(random.key(0), 4000)
    values = np.asarray(draw(keys))
    np.testing.assert_array_equal(values[7], draw(jnp.broadcast_to(keys[7], keys.shape))[0])
    # a sum of 3 to 7 terms a sin(f x + u), a ~ N(0, 1), u uniform, has variance E[terms] / 2 = 2.5 everywhere
    np.testing.assert_allclose(values.var(0).mean(), 2.5, rtol=0.08)


def test_an_encoder_in_plain_loops():
    """Of numbers: a network 1 -> 32 at every point of the grid."""
    grid = jnp.linspace(-2.0, 2.0, GRID)
    activate = jax.jit(lambda layer, x: lax.switch(layer.activation, list(ACTIVATIONS.values()), x, layer.sines))

    @jax.jit
    def parts_and_table(key):
        encoder = choose_encoder(key, recipe())
        layers = [encoder.network.layer(i) for i in range(4)]
        weights = [layers[0].weight(n_in=1), *(layer.weight() for layer in layers[1:])]
        return layers, weights, encoder.network.n_layer, encoder.tabulate(jnp.array(False), jnp.array(3), grid, 10)

    for seed in range(5):
        layers, weights, n_layer, table = parts_and_table(random.key(seed))
        x = np.float64(grid)[:, None] * np.float64(weights[0])[0]
        assert (np.asarray(weights[0])[1:] == 0).all()
        for before, weight in zip(layers[: int(n_layer) - 1], weights[1 : int(n_layer)], strict=True):
            x = np.float64(before.gain) * np.float64(activate(before, jnp.float32(x)))
            x = x @ np.float64(weight)
        np.testing.assert_allclose(table, x, rtol=1e-3, atol=1e-4)


def test_networks_can_have_a_single_layer():
    """Then a decoder of numbers is a linear map."""
    single = recipe(n_layer=dist.DiscreteUniform(1, 1))._replace(max_layer=1)
    is_index, n_category = jnp.array(False), jnp.array(3)
    latent = random.normal(random.key(3), (5, LATENT))

    @jax.jit
    def decoded(key):
        decoder = choose_decoder(key, jnp.ones(2), single)
        found = decoder.weights(is_index, n_category, 10).apply(latent, is_index, n_category)
        return found, decoder.network.layer(0).weight(n_out=1)[:, 0]

    found, weight = decoded(random.key(2))
    np.testing.assert_allclose(found, np.asarray(latent) @ np.asarray(weight), rtol=1e-4, atol=1e-5)


def test_a_hidden_layer_has_its_own_activation():

    @jax.jit
    def activations(key):
        network = choose_network(key, recipe())
        return [network.layer(i).activation for i in range(3)]

    assert any(len({*map(int, activations(random.key(seed)))}) > 1 for seed in range(10))


def test_curves_interpolate_at_the_quantiles_of_the_pilot():
    value = np.asarray(random.normal(random.key(0), (1024,)))

    @jax.jit
    def looked_up(value, n_pilot, key):
        grid = quantile_grid(sort_pilot(value, n_pilot), n_pilot)
        table = choose_encoder(key, recipe()).tabulate(jnp.array(False), jnp.array(3), grid, 10)
        return grid, table, look_up(table[None], jnp.array(0), place_on(grid, value))

    grid, table, found = map(np.asarray, looked_up(value, jnp.array(700), random.key(1)))
    ordered = np.sort(value[:700])
    assert len(grid) == GRID and grid[0] == ordered[0] and grid[-1] == ordered[-1]
    for column in (0, 31):
        expected = np.interp(value, grid, table[:, column])
        np.testing.assert_allclose(found[:, column], expected, rtol=1e-3, atol=1e-4 * np.abs(table).max())


def test_a_constant_column_has_a_place():

    @jax.jit
    def places(value):
        grid = quantile_grid(sort_pilot(value, jnp.array(1024)), jnp.array(1024))
        place = place_on(grid, value)
        return place, look_up(grid[None, :, None], jnp.array(0), place)

    place, found = places(jnp.full(1024, 2.5))
    assert np.isfinite(place).all()
    np.testing.assert_allclose(found[:, 0], 2.5)
