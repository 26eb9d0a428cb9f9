import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax, random
from scipy import stats

from plurel_prob.distributions.mechanisms.effects import DIM, EFFECTS
from plurel_prob.distributions.mechanisms.quantisation import draw_quantiser
from plurel_prob.distributions.mechanisms.transforms import PILOT, RANK, TRANSFORMS, TransformInputs, pilot_of
from plurel_prob.distributions.weights import EDGE_WEIGHTS, EdgeWeight

N_ROW = 5000


def column():
    return np.float32(3 * np.asarray(random.normal(random.key(0), (PILOT,))) + 1)


@jax.jit
def transform(kind, values, shape, place, pilot_values, n_row):
    """By one program for all transforms; called one by one, each would compile its operations."""
    pilot = pilot_of(pilot_values, n_row, kind == RANK)
    return lax.switch(kind, list(TRANSFORMS.values()), values, pilot, TransformInputs(shape, place, jnp.arange(len(values))))


def transformed(name, values=None, shape=(0.3, 0.7), n_row=N_ROW):
    values = column() if values is None else values
    place = (np.arange(PILOT, dtype=np.float32) + 0.5) / n_row
    return np.asarray(transform(list(TRANSFORMS).index(name), values, np.float32(shape), place, values, n_row))[:n_row]


def test_transforms_follow_their_formulas():
    x = column()[:N_ROW]
    np.testing.assert_array_equal(transformed("identity"), x)
    place = transformed("rank") * N_ROW - (stats.rankdata(x, method="ordinal") - 1)
    assert place.min() > -1e-3 and place.max() < 1 + 1e-3
    np.testing.assert_allclose(transformed("signed_log"), np.sign(x) * np.log1p(abs(x)), rtol=1e-5)
    np.testing.assert_allclose(transformed("signed_root"), np.sign(x) * np.sqrt(abs(x)), rtol=1e-5)
    np.testing.assert_allclose(transformed("standardise"), (x - x.mean()) / x.std(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_are_monotone_and_finite(name):
    for shape in ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)):
        values = transformed(name, shape=shape)
        assert np.isfinite(values).all()
        assert (np.diff(values[np.argsort(column()[:N_ROW])]) >= 0).all() or name == "code"  # which is the row
    constant = transformed(name, np.full(PILOT, 2.0, np.float32))
    assert np.isfinite(constant).all() and (name in ("rank", "code") or (constant == constant[0]).all())


def test_warps_have_their_laws():
    a, b = 0.3 * (5 / 0.3) ** 0.3, 0.3 * (5 / 0.3) ** 0.7
    laws = {
        "kumaraswamy": lambda x: 1 - (1 - x**a) ** b,
        "lognormal": stats.lognorm(0.1 * 20**0.3).cdf,
        "pareto": stats.pareto(10**0.3).cdf,
        "exponential": stats.expon(scale=0.1 * 100**0.3).cdf,
    }
    for name, cdf in laws.items():
        # the warped column is normal up to its sample moments, clipped at 1e-4 on either side
        assert stats.kstest(transformed(name), cdf).statistic < 0.03, name


def test_ranks_break_ties_by_row_and_interpolate_beyond_the_pilot():
    tied = np.round(column() / 2)
    place = transformed("rank", tied)
    assert np.ptp(tied) < 20
    np.testing.assert_allclose(place[np.argsort(tied[:N_ROW], kind="stable")], np.sort(place))
    assert np.abs(np.sort(place) - np.arange(N_ROW) / N_ROW).max() < 0.2
    value = np.array([-1e9, *np.linspace(-5, 7, PILOT - 2), 1e9], np.float32)
    half = np.full(PILOT, 0.5, np.float32)
    beyond = np.asarray(transform(list(TRANSFORMS).index("rank"), value, np.zeros(2, np.float32), half, column(), PILOT))
    assert (np.diff(beyond) >= 0).all() and 0 < beyond[0] < beyond[-1] < 1


@pytest.mark.parametrize("name", TRANSFORMS)
def test_padding_changes_no_transform(name):
    padded = column()
    padded[N_ROW:] = np.where(np.arange(PILOT - N_ROW) % 2, 1e9, -1e9)
    np.testing.assert_array_equal(transformed(name, padded), transformed(name))


@pytest.mark.parametrize(("is_permuted", "is_reversed"), [(False, False), (True, False), (False, True), (True, True)])
def test_quantisation_counts_boundaries_below(is_permuted, is_reversed):
    pilot = column()[:1024]

    @jax.jit
    def quantised(key, n_category):
        flags = jnp.array(is_permuted), jnp.array(is_reversed)
        quantise = draw_quantiser(key, jnp.asarray(pilot), jnp.array(800), n_category, *flags, 10)
        return quantise, quantise(jnp.asarray(pilot))

    for seed, n_category in ((0, 2), (1, 5), (2, 10)):
        quantise, found = quantised(random.key(seed), n_category)
        boundary = np.asarray(quantise.boundary[: n_category - 1])
        assert np.isin(boundary, pilot[:800]).all() and np.isinf(quantise.boundary[n_category - 1 :]).all()
        label = np.asarray(quantise.label[:n_category])
        assert sorted(label) == list(range(n_category))
        if not is_permuted:
            np.testing.assert_array_equal(label, np.arange(n_category)[:: -1 if is_reversed else 1])
        below = (boundary < pilot[:, None]).sum(1)
        np.testing.assert_array_equal(found, label[below])


weights_of = jax.jit(lambda law, key: law.sample(key))
density_of = jax.jit(lambda law, weight: law.log_prob(weight))


@pytest.mark.parametrize("name", EDGE_WEIGHTS)
def test_edge_weights_follow_their_law(name):
    """Two graphs, one smaller than the matrix: weights among its nodes follow the law, others are 0."""
    law = EdgeWeight(jnp.full(2, list(EDGE_WEIGHTS).index(name)), jnp.array([100, 60]), 100)
    matrix = np.asarray(weights_of(law, random.key(0)))
    assert (matrix[1, 60:] == 0).all() and (matrix[1, :, 60:] == 0).all()
    draws = matrix[0].reshape(-1)
    cdf = {"Normal": stats.norm(), "LogNormal": stats.lognorm(1), "Cauchy": stats.cauchy(), "Uniform": stats.uniform(-2, 4)}[name]
    assert stats.kstest(draws, cdf.cdf).pvalue > 1e-5
    log_prob = np.asarray(density_of(law, matrix))
    np.testing.assert_allclose(log_prob[0].reshape(-1), cdf.logpdf(draws), rtol=1e-3, atol=1e-4)
    assert (log_prob[1, 60:] == 0).all() and np.isneginf(density_of(law, matrix + 1.0)[1, 60:]).all()
    smaller = weights_of(EdgeWeight(law.family[:1], law.n_node[:1], 110), random.key(0))
    np.testing.assert_array_equal(smaller[0, :100, :100], matrix[0])
    assert (np.asarray(smaller)[0, :100, 100:] == 0).all()


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_are_of_order_one_and_act_row_by_row(name):
    point = random.normal(random.key(0), (DIM, 1024))
    effect = jax.jit(EFFECTS[name])
    variance = []
    for seed in range(100):
        n_in = jnp.array(1 + seed % DIM)
        x = jnp.where(jnp.arange(DIM)[:, None] < n_in, point, 0.0)
        values = effect(random.key(seed), x, n_in)
        assert values.shape == (DIM, 1024) and np.isfinite(values).all()
        variance.append(np.square(values).mean())
        swapped = effect(random.key(seed), x[:, ::-1], n_in)
        np.testing.assert_allclose(swapped, values[:, ::-1], rtol=1e-4, atol=1e-4)
    assert 0.1 < np.mean(variance) < 3
