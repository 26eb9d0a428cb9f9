import jax
import numpy as np
import pytest
from jax import random

from plurel_prob.inference.links.key import ObservedLinks
from plurel_prob.inference.links.posterior import BlockPosterior, Component
from plurel_prob.inference.links.predictive import N_TENTH, pointwise, replicates, statistics
from plurel_prob.inference.links.structures import layout_of
from tests.goodness import assert_fits
from tests.inference.links.plain import ALL, LINKS, block_log_prob, block_probs, urn_log_prob

LAW = (0.05, 0.4)  # uniform affinities of clusters that do not match


@pytest.fixture(scope="module")
def key():
    """40 children of 9 parents, most of them in the matching half."""
    rng = np.random.default_rng(3)
    first = np.where(rng.random(40) < 0.15, 1, 0) ^ (np.arange(40) >= 20)
    return ObservedLinks(np.where(first, rng.integers(5, 9, 40), rng.integers(0, 5, 40)), 9)


@pytest.fixture(scope="module")
def posterior(key):
    return BlockPosterior(key, LINKS, random.key(0), 400)


def integrals(key):
    """Evidence and mean affinities under one level of two clusters a side, by a grid of midpoints."""
    grid = LAW[0] + (np.arange(30) + 0.5) / 30 * (LAW[1] - LAW[0])

    def log_prob(low, high):
        return block_log_prob(key.parent_row, key.n_parent, [2], [2], [[[0.9, high], [low, 0.9]]]).sum()

    value = np.array([[log_prob(low, high) for high in grid] for low in grid])
    weight = np.exp(value - value.max())
    means = (weight.sum(1) @ grid / weight.sum(), weight.sum(0) @ grid / weight.sum())
    return np.log(weight.mean()) + value.max(), means


def test_evidence_and_draws_against_quadrature(key, posterior):
    log_evidence, (low, high) = integrals(key)
    posterior.fit(np.random.default_rng(0), has_popularity=False)
    layout = layout_of(((2, 2),))
    estimate = posterior._estimate[layout]
    assert estimate.log_evidence == pytest.approx(log_evidence, abs=5 / np.sqrt(2000 * estimate.ess))
    affinity, diverging = posterior._draws[layout]
    error = 5 * 0.1 / np.sqrt(400 / 3)  # a third of the draws are effective, at worst
    assert affinity[:, 0, 1, 0].mean() == pytest.approx(low, abs=error)
    assert affinity[:, 0, 0, 1].mean() == pytest.approx(high, abs=error)
    assert not diverging.any()


def test_evidence_adds_up_to_one():
    """Over all keys of 3 children and 3 parents, both models; the errors of 27 importance samplers average out."""
    total = np.zeros(2)
    with jax.enable_x64(True):
        for i, rows in enumerate(ALL):
            posterior = BlockPosterior(ObservedLinks(rows, 3), LINKS, random.key(i), 400)
            weights = [posterior.weigh(has_popularity=has_popularity)[1] for has_popularity in (False, True)]
            total += [np.exp(np.logaddexp.reduce(weight)) for weight in weights]
    np.testing.assert_allclose(total, 1.0, atol=0.01)


def fixed(structure, affinity, alpha=None):
    """One draw with given parameters, by active level."""
    alpha = None if alpha is None else np.array([alpha])
    return Component(layout_of(structure), [structure], np.asarray(affinity, np.float64)[None], alpha, np.zeros(1, bool))


AFFINITY = np.array([[[0.9, 0.1], [0.3, 0.9]], [[0.9, 0.9], [0.9, 0.9]]])


@pytest.mark.parametrize("alpha", [None, 0.4])
def test_pointwise_is_exact(alpha):
    """Without alpha the law of a child; with it, the probability of all links over that of all but one."""
    structure = ((1, 2), (2, 2), (2, 1))
    rows = np.random.default_rng(5).integers(0, 7, 30)
    key, whole = ObservedLinks(rows, 7), np.stack([AFFINITY[1], AFFINITY[0], AFFINITY[1]])
    plain = block_log_prob(rows, 7, [1, 2, 2], [2, 2, 1], whole)
    if alpha is not None:
        size = np.bincount(np.arange(7) // 2)[rows // 2]
        whole_urn = urn_log_prob(rows, 7, 4, alpha)
        plain = plain + [np.log(size[i]) + whole_urn - urn_log_prob(np.delete(rows, i), 7, 4, alpha) for i in range(30)]
    np.testing.assert_allclose(pointwise(key, fixed(structure, AFFINITY, alpha), np.arange(30))[0], plain, rtol=1e-9)


def test_replicates_follow_the_block_law():
    structure = ((2, 2), (1, 3))
    rows = np.random.default_rng(6).integers(0, 11, 30)
    rows[::7] = -1
    key, draws = ObservedLinks(rows, 11), np.zeros(4000, int)
    drawn = sum(replicates(key, fixed(structure, AFFINITY), draws, np.random.default_rng(0)))
    whole = np.stack([AFFINITY[0], AFFINITY[1]])
    whole = np.pad(whole, ((0, 0), (0, 1), (0, 1)), constant_values=0.9)
    probs = block_probs(11, 30, [2, 1], [2, 3], whole)
    expected = np.where(rows[:, None] >= 0, probs, 0.0).reshape(N_TENTH, 3, 11).sum(1)
    for counts, probs in zip(drawn, expected, strict=True):
        assert_fits(counts, probs / probs.sum())


def test_replicates_of_popularity_follow_the_urn():
    key = ObservedLinks(np.zeros(12, int), 6)
    component = fixed(((2, 1),), np.ones((1, 1, 1)), alpha=0.3)
    drawn = np.array([links.sum(0) for links in replicates(key, component, np.zeros(20_000, int), np.random.default_rng(0))])
    n_first = drawn[:, :3].sum(1)  # base clusters of three parents are as likely; within one, an urn
    assert_fits(np.bincount(n_first, minlength=13), [np.exp(np.log(0.5) * 12) * binomial(12, n) for n in range(13)])
    four = drawn[n_first == 4]
    outcomes = [(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)]
    orders = [binomial(4, a) * binomial(4 - a, b) for a, b, _ in outcomes]
    urn = [np.exp(urn_log_prob(np.repeat(range(3), outcome), 3, 1, 0.3)) for outcome in outcomes]
    assert_fits([(four[:, :3] == outcome).all(1).sum() for outcome in outcomes], np.multiply(orders, urn))


def binomial(n, k):
    from math import comb

    return comb(n, k)


def test_statistics_of_a_known_key():
    links = np.zeros((10, 10), int)
    np.fill_diagonal(links[:4, :4], 5)  # the first four tenths of children, five each, refer to four parents
    childless, mean, spread, largest, gini, q50, q90, _, information = statistics(links)
    assert (childless, mean, largest, q50, q90) == (0.6, 5, 5, 0, 5)
    assert (spread, gini) == (pytest.approx(3.0), pytest.approx(0.6))
    assert information == pytest.approx(np.log(4))
