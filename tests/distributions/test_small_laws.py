from itertools import product
from math import factorial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from scipy import stats

from plurel_prob.distributions import (
    TABLE_KINDS,
    Arrangement,
    GraphFamily,
    GrowingCounts,
    LogNormalCount,
    OrderedPair,
    Pick,
    RandomKey,
    TruncatedZipf,
    WeightedPick,
)
from plurel_prob.distributions.occupancy import log_prob_occupancy, sample_occupancy
from tests.goodness import assert_fits

N_DRAW = 20_000
sample = jax.jit(lambda law, key: law.sample(key, (N_DRAW,)))
log_prob_of = jax.jit(lambda law, value: law.log_prob(value))


def log_normal_count(median, sigma, low, high):
    """Probabilities by SciPy, in 64 bits."""
    edges = stats.lognorm(sigma, scale=median).cdf(np.arange(low, high + 2) - 0.5)
    return dict(zip(range(low, high + 1), np.diff(edges) / (edges[-1] - edges[0]), strict=True))


@pytest.mark.parametrize(
    ("law", "probs"),
    [
        (Pick([4, 2, 9], validate_args=False), {2: 1 / 3, 4: 1 / 3, 9: 1 / 3}),
        (GraphFamily(["Layered", "ErdosRenyi"], validate_args=False), {0: 1 / 2, 5: 1 / 2}),
        (TruncatedZipf(1.0, 3, 6, validate_args=False), {k: 1 / k / (1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) for k in range(3, 7)}),
        (LogNormalCount(4.0, 0.7, 2, 9, validate_args=False), log_normal_count(4.0, 0.7, 2, 9)),
    ],
)
def test_integer_laws(law, probs):
    value = np.arange(12)
    expected = np.array([probs.get(k, 0) for k in value])
    np.testing.assert_allclose(np.exp(law.log_prob(value)), expected, rtol=1e-5)
    assert_fits(np.bincount(law.sample(random.key(0), (N_DRAW,)), minlength=12), expected)


def test_counts_over_orders_of_magnitude():
    law = LogNormalCount(3000.0, 1.6, 20, 100_000, validate_args=False)
    probs = log_normal_count(3000.0, 1.6, 20, 100_000)
    value = np.array([20, 21, 50, 51, 200, 3000, 30_000, 99_999, 100_000])
    np.testing.assert_allclose(law.log_prob(value), [np.log(probs[k]) for k in value.tolist()], rtol=2e-4)
    assert np.isneginf(law.log_prob(np.array([19, 100_001]))).all()
    edge = np.unique(np.geomspace(20, 100_001, 30).astype(int))
    drawn = np.histogram(law.sample(random.key(1), (N_DRAW,)), edge)[0]
    cumulative = np.concatenate([[0.0], np.cumsum([*probs.values()])])
    assert_fits(drawn, np.diff(cumulative[edge - 20]))


def test_rows_follow_from_those_of_parents():
    """Enumerated: the last table is the root, the first its child, the second the child of both; a fourth place has no table."""
    root = LogNormalCount(2.0, 0.6, 1, 3, validate_args=False)
    parents = jnp.array([[2, -1], [0, 2], [-1, -1], [-1, -1]])
    law = GrowingCounts(jnp.array([2, 0, 1, -1]), parents, kinds("event"), root, root, 1.3, 0.5, 4, validate_args=False)
    value = np.array([[*rows, 0] for rows in product(range(1, 5), repeat=3)])
    of_root = log_normal_count(2.0, 0.6, 1, 3)
    of_child = {m: log_normal_count(max(1.3 * m, 2.0), 0.5, 1, 4) for m in range(1, 5)}
    expected = np.array([of_root.get(c, 0) * of_child[c][a] * of_child[max(a, c)][b] for a, b, c, _ in value.tolist()])
    np.testing.assert_allclose(expected.sum(), 1)
    np.testing.assert_allclose(np.exp(law.log_prob(value)), expected, rtol=1e-4, atol=1e-9)
    assert law.log_prob(np.array([1, 1, 1, 1])) == -np.inf
    draws = np.asarray(law.sample(random.key(0), (N_DRAW,)))
    assert (draws[:, 3] == 0).all()
    assert_fits(np.bincount((draws[:, :3] - 1) @ np.array([16, 4, 1]), minlength=64), expected)
    given = law.with_given(jnp.array([True, False, False, False]), jnp.array([4, 9, 9, 9]))
    draws = np.asarray(given.sample(random.key(1), (N_DRAW,)))
    assert (draws[:, 0] == 4).all()
    assert_fits(np.bincount(draws[:, 1], minlength=5)[1:], np.array([of_child[4][k] for k in range(1, 5)]))


def kinds(*names):
    """Kinds of four tables; the last ones are as the last that is named."""
    return jnp.array([TABLE_KINDS.index(name) for name in (*names, *[names[-1]] * (4 - len(names)))])


def test_rows_of_lookup_tables_and_extensions():
    """Enumerated: a lookup table, an entity, an extension of the entity, and what refers to both roots."""
    root, lookup = LogNormalCount(3.0, 0.6, 1, 4, validate_args=False), LogNormalCount(1.5, 0.5, 1, 3, validate_args=False)
    parents = jnp.array([[-1, -1], [-1, -1], [1, -1], [0, 1]])
    of = kinds("lookup", "entity", "extension", "event")
    law = GrowingCounts(jnp.arange(4), parents, of, root, lookup, 1.2, 0.5, 5, validate_args=False)
    value = np.array([*product(range(1, 6), repeat=4)])
    of_lookup, of_root = log_normal_count(1.5, 0.5, 1, 3), log_normal_count(3.0, 0.6, 1, 4)
    of_child = {m: log_normal_count(max(1.2 * m, 3.0), 0.5, 1, 5) for m in range(1, 6)}
    expected = np.array(
        [of_lookup.get(a, 0) * of_root.get(b, 0) * (c == b) * of_child[max(a, b)][d] for a, b, c, d in value.tolist()]
    )
    np.testing.assert_allclose(expected.sum(), 1)
    np.testing.assert_allclose(np.exp(law.log_prob(value)), expected, rtol=1e-4, atol=1e-9)
    draws = np.asarray(law.sample(random.key(0), (N_DRAW,)))
    assert_fits(np.bincount((draws - 1) @ 5 ** np.arange(3, -1, -1), minlength=625), expected)


def test_weighted_picks():
    probs = jnp.array([[0.2, 0.0, 0.8], [0.5, 0.25, 0.25]])
    law = WeightedPick([2, 3, 7], probs, validate_args=False)
    found = np.exp([law.log_prob(jnp.full(2, k)) for k in range(9)]).T
    expected = np.zeros((2, 9))
    expected[:, [2, 3, 7]] = probs
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    draws = np.asarray(law.sample(random.key(0), (N_DRAW,)))
    for column, of_law in zip(draws.T, expected, strict=True):
        assert_fits(np.bincount(column, minlength=9), of_law)
    with pytest.raises(ValueError, match="ascending options"):
        WeightedPick([3, 2, 7], probs)


def test_ordered_pairs_are_uniform():
    law = OrderedPair(3, 7, validate_args=False)
    pairs = np.array(list(product(range(2, 9), repeat=2)))
    probs = np.exp(law.log_prob(pairs))
    np.testing.assert_allclose(probs, [0.1 * (3 <= a < b <= 7) for a, b in pairs], rtol=1e-5)
    draws = law.sample(random.key(0), (N_DRAW,))
    assert_fits([(draws == pair).all(1).sum() for pair in pairs], probs)


@pytest.mark.parametrize(("n", "k"), [(4, 4), (4, 2), (3, 1), (4, 0)])
def test_arrangements_are_uniform(n, k):
    law = Arrangement(n, k, 5)
    value = np.array(list(product(range(-1, 5), repeat=5)))
    probs = np.exp(log_prob_of(law, value))
    np.testing.assert_allclose(probs.sum(), 1, rtol=1e-5)
    np.testing.assert_allclose(probs.max(), factorial(n - k) / factorial(n), rtol=1e-5)
    draws = np.asarray(sample(law, random.key(0))) + 1
    code = 6 ** np.arange(4, -1, -1)
    assert_fits(np.bincount(draws @ code, minlength=len(value)), probs)


@pytest.mark.parametrize(("capacity", "open_last"), [(9, False), (2, False), (1, True), (2, True)])
def test_occupancy_in_plain_counting(capacity, open_last):
    n_ball, n_box = 5, 3
    throws = np.array(list(product(range(n_box), repeat=n_ball)))
    counts = np.stack([(throws == box).sum(1) for box in range(n_box)], axis=1)
    limited = counts[:, :-1] if open_last else counts
    counts = counts[(limited <= capacity).all(1)]
    outcomes, ways = np.unique(counts, axis=0, return_counts=True)
    probs = ways / ways.sum()
    padded = np.pad(outcomes, ((0, 0), (0, 1)))
    log_prob = jax.jit(jax.vmap(lambda counts: log_prob_occupancy(counts, jnp.array(n_box), 6, capacity, open_last)))
    np.testing.assert_allclose(np.exp(log_prob(padded)), probs, rtol=1e-5)

    def draw(key):
        return sample_occupancy(key, jnp.array(n_ball), jnp.array(n_box), 4, 6, capacity, open_last)

    draws = np.asarray(jax.jit(jax.vmap(draw))(random.split(random.key(1), N_DRAW)))
    assert_fits([(draws == c).all(1).sum() for c in padded], probs)


def test_random_keys_have_64_fair_bits():
    law = RandomKey((3,))
    words = np.asarray(law.sample(random.key(0), (1000,)))
    assert words.shape == (1000, 3, 2)
    np.testing.assert_allclose(law.log_prob(words), -64 * np.log(2), rtol=1e-6)
    ones = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(ones - 0.5) < 5 * 0.5 / np.sqrt(64 * 3000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pick([1, 1]), "distinct"),
        (lambda: TruncatedZipf(1.0, 0, 4), "1 <= low <= high"),
        (lambda: OrderedPair(4, 4), "low < high"),
        (lambda: GraphFamily(["Leyered"]), "unknown name 'Leyered' for GraphFamily"),
    ],
)
def test_wrong_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
