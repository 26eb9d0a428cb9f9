"""Coordinates of the parameters of databases: they go back and forth, and the change of density is that of the prior."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax import random
from jax.scipy.stats import norm

from plurel_prob.distributions.weights import EDGE_WEIGHTS
from plurel_prob.inference.databases.coordinates import (
    noise,
    number,
    place_of_noise,
    place_of_number,
    place_of_positive,
    positive,
)
from plurel_prob.inference.databases.edges import CHARTS, Edges, edge_weights, place_of_edge_weights

OUTSIDE = np.iinfo(np.int32).max
LEVELS = {"bounded": dist.LogUniform(0.03, 1.0), "half": dist.Gamma(2.0, 3.0), "truncated": dist.Uniform(0.0, 0.8)}
FACTORS = {"bounded": dist.LogUniform(0.5, 2.0), "half": dist.LogNormal(0.0, 0.5), "truncated": dist.Uniform(0.3, 1.5)}
TABLE = jnp.array([0, 0, 1, OUTSIDE])  # of nodes: the last is padding, the third table has none
OF_SUM = jnp.array([[1, 3, 4], [0, OUTSIDE, OUTSIDE], [OUTSIDE] * 3])  # of five edges and a sixth; edges 2 and 5 are in no sum


weights = jax.jit(edge_weights)
jacobian_of_weights = jax.jit(jax.jacfwd(lambda z, edges: edge_weights(edges, z)[0]))
place_of_weights = jax.jit(place_of_edge_weights)


def change_by_jacobian(log_prior, jacobian, z):
    """Log density of a prior over that of standard normal coordinates, by the determinant of the map of coordinates."""
    return log_prior + np.linalg.slogdet(np.asarray(jacobian, float))[1] - norm.logpdf(z).sum()


@partial(jax.jit, static_argnums=2)
def drawn_noise(level, factor, seed):
    return level.sample(random.key(seed), (3,)), factor.sample(random.key(seed + 1), (4,))


@pytest.mark.parametrize("kind", LEVELS)
def test_noise_goes_back_and_forth(kind):
    level, factor = LEVELS[kind], FACTORS[kind]
    own = drawn_noise(level, factor, 0)
    found = jax.jit(lambda own: noise(level, factor, TABLE, *place_of_noise(level, factor, TABLE, *own)))(own)
    np.testing.assert_allclose(found[0], own[0], rtol=1e-4)
    np.testing.assert_allclose(found[1][:3], own[1][:3], rtol=1e-4)


@pytest.mark.parametrize("kind", LEVELS)
def test_the_density_of_noise_is_the_prior(kind):
    level, factor = LEVELS[kind], FACTORS[kind]

    def of(z):
        found = noise(level, factor, TABLE, z[:3], jnp.concatenate([z[3:], jnp.array([0.7])]))
        return jnp.concatenate([found[0], found[1][:3]]), found[2]

    @jax.jit
    def parts(own):
        level_z, factor_z = place_of_noise(level, factor, TABLE, *own)
        z = jnp.concatenate([level_z, factor_z[:3]])
        return z, of(z)[1], level.log_prob(own[0]).sum() + factor.log_prob(own[1][:3]).sum()

    z, found, log_prior = parts(drawn_noise(level, factor, 2))
    expected = change_by_jacobian(log_prior, jax.jit(jax.jacfwd(of))(z)[0], z)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_noise_that_no_level_explains_has_hardly_any_density():
    def change(factor_z):
        return noise(LEVELS["bounded"], FACTORS["bounded"], TABLE, jnp.zeros(3), factor_z)[2]

    value, slope = jax.jit(jax.value_and_grad(change))(jnp.array([-1.0, 1.0, 0.0, 0.0]))  # factors would be 20 times another
    assert -np.inf < value < -1e3 and np.isfinite(slope).all() and slope[0] > 0 > slope[1]


@pytest.mark.parametrize("of, place, law", [
    (number, place_of_number, dist.Uniform(0.0, 1.5)),
    (number, place_of_number, dist.Normal(1.0, 2.0)),
    (number, place_of_number, dist.Gamma(2.0, 1.0)),
    (positive, place_of_positive, dist.LogUniform(0.5, 5.0)),
    (positive, place_of_positive, dist.Gamma(2.0, 1.0)),
])  # fmt: skip
def test_numbers_go_back_and_forth_with_the_density_of_the_prior(of, place, law):

    @jax.jit
    def parts(key):
        own = law.sample(key, (5,))
        z = place(law, own)
        slope = jax.vmap(jax.grad(lambda z: of(law, z)[0]))(z)
        return own, *of(law, z), law.log_prob(own) + jnp.log(jnp.abs(slope)) - norm.logpdf(z)

    own, found, change, expected = parts(random.key(0))
    np.testing.assert_allclose(found, own, rtol=1e-4)
    np.testing.assert_allclose(change, expected, rtol=1e-4, atol=1e-4)


def edges_of(name, key=0):
    """Six edges of one law."""
    own = EDGE_WEIGHTS[name].sample(random.key(key), (6,))
    return Edges(jnp.full(6, list(EDGE_WEIGHTS).index(name)), own, OF_SUM)


def test_every_law_of_weights_has_coordinates():
    assert set(CHARTS) == set(EDGE_WEIGHTS)


@pytest.mark.parametrize("name", EDGE_WEIGHTS)
def test_weights_go_back_and_forth(name):
    edges = edges_of(name)
    np.testing.assert_allclose(weights(edges, place_of_weights(edges))[0], edges.own, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", EDGE_WEIGHTS)
def test_the_density_of_weights_is_the_prior(name):
    edges, z = edges_of(name, 1), random.normal(random.key(5), (6,))
    weight, change = weights(edges, z)
    expected = change_by_jacobian(EDGE_WEIGHTS[name].log_prob(weight).sum(), jacobian_of_weights(z, edges), z)
    assert EDGE_WEIGHTS[name].support(weight).all()
    np.testing.assert_allclose(change, expected, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("name", EDGE_WEIGHTS)
def test_one_coordinate_leaves_what_a_sum_depends_on(name):
    """The direction of the weights is the same for any of their first coordinate; a single weight keeps its sign."""
    edges, z = edges_of(name, 2), random.normal(random.key(6), (6,))
    for step in (-2.0, 1.0):
        weight, moved = (weights(edges, z)[0][OF_SUM[0]] for z in (z, z.at[OF_SUM[0, 0]].add(step)))
        np.testing.assert_allclose(moved / jnp.linalg.norm(moved), weight / jnp.linalg.norm(weight), rtol=1e-3, atol=1e-5)
        assert not np.allclose(moved, weight)
        alone = weights(edges, z.at[0].add(step))[0][0]
        assert np.sign(alone) == np.sign(edges.own[0])
