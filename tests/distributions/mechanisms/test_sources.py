import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from scipy import stats

from plurel_prob.distributions.mechanisms.noise import beta_noise, beta_quantiles
from plurel_prob.distributions.mechanisms.sources import (
    SOURCES,
    Cells,
    SourceLaw,
    autoregressive_noise,
    categorical_source,
    numerical_source,
)
from tests.goodness import TEST_FAILURE_RATE, assert_fits

LOW, HIGH = 2.0, 6.0
N_BLOCK = 20
N_CATEGORY = 10


def law(seed=0, low=LOW, high=HIGH):
    return SourceLaw(random.key(seed), jnp.tile(jnp.array([low, high]), (N_CATEGORY, 1)))


def cells(block=0, n_row=20_480, is_entity=False):
    return Cells(random.key(99), jnp.array(block), jnp.array(n_row), jnp.array(is_entity))


numerical = jax.jit(numerical_source)
quantiles_of = jax.jit(beta_quantiles)
noise_of = jax.jit(beta_noise)
compiled = {name: jax.jit(source) for name, source in SOURCES.items()}


def rows(name, source=None, **place):
    return np.concatenate([compiled[name](source or law(), cells(block, **place)) for block in range(N_BLOCK)])


def test_uniform_and_gaussian_marginals():
    assert stats.kstest(rows("uniform"), stats.uniform(LOW, HIGH - LOW).cdf).pvalue > TEST_FAILURE_RATE
    gaussian = rows("gaussian")
    assert gaussian.min() >= LOW and gaussian.max() <= HIGH
    inside = gaussian[(gaussian > LOW) & (gaussian < HIGH)]
    normal = stats.norm((LOW + HIGH) / 2, (HIGH - LOW) / 4)
    clipped = 1 - len(inside) / len(gaussian)
    share = 2 * normal.cdf(LOW)
    assert abs(clipped - share) < 5 * np.sqrt(share / len(gaussian))
    truncated = stats.truncnorm(-2, 2, normal.mean(), normal.std())
    assert stats.kstest(inside, truncated.cdf).pvalue > TEST_FAILURE_RATE


@pytest.mark.parametrize("seed", range(4))
def test_beta_marginals(seed):
    source = law(seed)
    shape = random.uniform(source.key, (2,), minval=0.5, maxval=5.0)
    beta = stats.beta(*np.float64(shape), LOW, HIGH - LOW)
    values = rows("beta", source)
    assert len(np.unique(values)) > 0.99 * len(values)
    assert stats.kstest(values, beta.cdf).statistic < 1e-3 + stats.kstwo.isf(TEST_FAILURE_RATE, len(values))  # of quadrature


@pytest.mark.parametrize("shape", [(0.5, 0.5), (0.5, 5.0), (1.0, 1.0), (2.0, 3.5), (5.0, 5.0)])
def test_beta_quantiles_and_noise(shape):
    a, b = map(jnp.array, shape)
    quantiles = quantiles_of(a, b)
    point = (np.arange(256) + 0.5) / 256
    np.testing.assert_allclose(stats.beta(*shape).cdf(np.float64(quantiles)), point, atol=5e-4)
    noise = np.asarray(noise_of(random.key(0), jnp.array(0), quantiles))
    assert noise.shape == (1024, 32)
    found = stats.kstest(noise.ravel(), stats.beta(*shape).cdf).statistic
    assert found < 1 / 256 + stats.kstwo.isf(TEST_FAILURE_RATE, noise.size)
    correlation = np.corrcoef(noise.T)[np.triu_indices(32, 1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(1024)


def test_mixed_has_two_or_three_components_with_bounds_of_their_own():
    bounds = np.array([[0.0, 1.0], [10.0, 30.0], [200.0, 300.0]])
    n_component, kinds = [], set()
    for seed in range(20):
        values = rows("mixed", SourceLaw(random.key(seed), jnp.array(bounds, jnp.float32)))
        within = [values[(values >= low) & (values <= high)] for low, high in bounds]
        shares = [len(part) / len(values) for part in within]
        assert abs(sum(shares) - 1) < 1e-6
        n_component.append(2 if shares[2] == 0 else 3)
        np.testing.assert_allclose(shares[: n_component[-1]], 1 / n_component[-1], atol=5 * np.sqrt(0.25 / len(values)))
        for part, (low, high) in zip(within[:2], bounds, strict=False):
            is_clipped = (part == high).mean() > 0.01
            is_uniform = stats.kstest(part, stats.uniform(low, high - low).cdf).pvalue > TEST_FAILURE_RATE
            kinds.add("gaussian" if is_clipped else "uniform" if is_uniform else "beta")
    assert set(n_component) == {2, 3} and kinds == {"uniform", "gaussian", "beta"}


def test_autoregressive_noise_has_its_autocorrelation_across_blocks():
    rho = 0.8
    draw = jax.jit(lambda block: autoregressive_noise(cells()._replace(block=block), jnp.array(rho)))
    noise = np.concatenate([draw(jnp.array(block)) for block in range(N_BLOCK)])
    settled = noise[1024:]
    np.testing.assert_allclose(settled.std(), 1 / np.sqrt(1 - rho**2), rtol=0.05)
    for lag in (1, 2, 5):
        assert abs(np.corrcoef(settled[:-lag], settled[lag:])[0, 1] - rho**lag) < 0.03
    # the recursion itself, over block boundaries: what is left over are the innovations
    innovation = noise[1:] - rho * noise[:-1]
    assert stats.kstest(innovation, "norm").pvalue > TEST_FAILURE_RATE
    edge = innovation[1023::1024]
    assert np.abs(edge).max() < 5 and edge.std() > 0.4
    assert abs(np.corrcoef(innovation[:-1], innovation[1:])[0, 1]) < 5 / np.sqrt(len(innovation))


def test_series_of_activity_tables_have_trend_and_cycle():
    n = N_BLOCK * 1024
    for seed in range(6):
        source = law(seed, -5.0, 5.0)
        values = rows("ts", source)
        alpha_key, period_key, _, sign_key = random.split(source.key, 4)
        sign = np.asarray(random.rademacher(sign_key, (2,)))
        alpha = float(random.uniform(alpha_key, maxval=2.0))
        period = np.ceil(n * int(random.randint(period_key, (), 1, 11)) / 10)
        i = np.arange(n)
        mean = (sign[0] * (i / n) ** alpha - 5.0 + sign[1] * np.sin(np.pi * i / period)) / 3
        # what is left is AR noise of scale 0.05, at most 0.05 / sqrt(1 - 0.81) wide
        assert np.abs(values - mean).max() < 5.5 * 0.05 / np.sqrt(1 - 0.81) / 3


def test_series_of_entity_tables_have_neither():
    values = rows("ts", law(1, -50.0, 50.0), is_entity=True)
    assert abs(np.corrcoef(np.arange(len(values)), values)[0, 1]) < 0.1
    assert values[1024:].std() > 0.9 / 3


@pytest.mark.parametrize("name", SOURCES)
def test_sources_do_not_depend_on_other_blocks(name):
    kind = jnp.array(list(SOURCES).index(name))
    alone = numerical(kind, law(), cells(3))
    np.testing.assert_array_equal(alone, rows(name)[3 * 1024 : 4 * 1024])
    assert np.isfinite(alone).all()


def test_categorical_sources_are_independent_with_dirichlet_probabilities():
    kind = jnp.array(list(SOURCES).index("uniform"))
    draw = jax.jit(lambda key, block: categorical_source(kind, law()._replace(key=key), cells(block), jnp.array(4), 10))
    values = np.concatenate([draw(random.key(5), block) for block in range(N_BLOCK)])
    weight = np.asarray(random.exponential(random.key(5), (10, 1)))[:4, 0]
    assert_fits(np.bincount(values.astype(int), minlength=4), weight / weight.sum())
    # Dirichlet(1) over three categories: the first probability is Beta(1, 2)
    share = jax.jit(lambda key: (categorical_source(kind, law()._replace(key=key), cells(), jnp.array(3), 10) == 0).mean())
    first = [float(share(random.key(seed))) for seed in range(200)]
    assert stats.kstest(first, stats.beta(1, 2).cdf).pvalue > TEST_FAILURE_RATE


def test_categorical_series_stay_among_their_categories():
    kind = jnp.array(list(SOURCES).index("ts"))
    draw = jax.jit(lambda source: categorical_source(kind, source, cells(), jnp.array(3), 10))
    values = draw(law(3, -5.0, 5.0))
    assert set(np.unique(values)) == {0.0, 1.0, 2.0}
    # a category whose series lies far above the others is drawn always
    bounds = jnp.zeros((N_CATEGORY, 2)).at[1].set(jnp.array([200.0, 201.0]))
    values = draw(SourceLaw(random.key(3), bounds))
    assert set(np.unique(values)) == {1.0}
