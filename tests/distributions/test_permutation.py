import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from scipy import stats

from plurel_prob.distributions.permutation import place_of
from tests.goodness import TEST_FAILURE_RATE, assert_fits

places = jax.jit(place_of)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 17, 1000, 1024, 4097])
def test_places_are_a_permutation(n):
    found = np.asarray(places(random.key(n), jnp.arange(n), jnp.array(n)))
    np.testing.assert_array_equal(np.sort(found), np.arange(n))


def test_an_item_is_placed_alone():
    item = jnp.arange(5000)
    together = places(random.key(1), item, jnp.array(5000))
    np.testing.assert_array_equal(places(random.key(1), item[1024:2048], jnp.array(5000)), together[1024:2048])


def test_permutations_are_uniform_over_keys():
    draw = jax.jit(jax.vmap(lambda key: place_of(key, jnp.arange(4), jnp.array(4))))
    found = np.asarray(draw(random.split(random.key(2), 24_000)))
    _, counts = np.unique(found @ np.array([64, 16, 4, 1]), return_counts=True)
    assert len(counts) == 24
    assert_fits(counts, np.full(24, 1 / 24))


def test_the_first_places_are_spread_over_the_items():
    """Gaps between the items with the first tenth of the places are those of a sample without replacement."""
    n, k = 20_000, 2_000
    chosen = np.flatnonzero(np.asarray(places(random.key(3), jnp.arange(n), jnp.array(n))) < k)
    assert stats.kstest(chosen / n, "uniform").pvalue > TEST_FAILURE_RATE
    gaps = np.bincount(np.minimum(np.diff(chosen), 30), minlength=31)[1:]
    geometric = stats.geom(k / n).pmf(np.arange(1, 31))
    geometric[-1] = 1 - geometric[:-1].sum()
    assert_fits(gaps, geometric)
