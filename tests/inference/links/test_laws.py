from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import lognorm

from plurel_prob.distributions import HSBM
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.links import links_log_prob, uniform_log_prob
from plurel_prob.inference.links.affinities import fill, log_likelihood
from plurel_prob.inference.links.key import ObservedLinks
from plurel_prob.inference.links.popularity import concentration, log_member_prob
from plurel_prob.inference.links.structures import Counter, active_levels, layout_of, structure_prior
from plurel_prob.priors import LinkPrior
from tests.inference.links.plain import ALL, block_log_prob, urn_log_prob

RNG = np.random.default_rng(0)


def affinities(n_level, k=3):
    return np.random.default_rng(1).uniform(0.1, 1.0, (n_level, k, k)).astype(np.float32)


def test_blocks_follow_the_plain_law_and_hsbm():
    parent_row, parents, children = RNG.integers(0, 7, 23), [2, 3], [3, 2]
    plain = block_log_prob(parent_row, 7, parents, children, affinities(2))
    ours = links_log_prob(parent_row, 7, parents, children, affinities(2))
    assert ours == pytest.approx(plain.sum(), rel=1e-5)
    law = HSBM(jnp.asarray(affinities(2)), jnp.array(parents), jnp.array(children), 7, 23, 23)
    assert ours == pytest.approx(float(law.log_prob(parent_row)), rel=1e-5)
    parent_row[::4] = -1  # missing keys add nothing, and do not move the others
    plain[::4] = 0
    assert links_log_prob(parent_row, 7, parents, children, affinities(2)) == pytest.approx(plain.sum(), rel=1e-5)
    assert uniform_log_prob(parent_row, 7) == pytest.approx(-(parent_row >= 0).sum() * np.log(7))


def test_block_probabilities_add_up_to_one():
    total = sum(np.exp(links_log_prob(key, 3, [2, 2], [3, 2], affinities(2))) for key in ALL)
    assert total == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize(("n_parent", "n_child"), [(11, 40), (3, 50), (100, 7)])
def test_structures_of_a_layout_have_its_likelihood(n_parent, n_child):
    """Affinities by active level, contracted level by level, against the law itself at all levels."""
    prior = structure_prior(LinkPrior())
    key = ObservedLinks(RNG.integers(-1, n_parent, n_child), n_parent)
    counter = Counter(key, 3, 3)
    pairs = list(prior.pair)
    for _ in range(20):
        structure = tuple(pairs[i] for i in RNG.integers(0, len(pairs), RNG.integers(1, 4)))
        levels = active_levels(structure)
        counts = counter.counts(layout_of(structure))
        drawn = np.asarray(fill(RNG.uniform(0.05, 0.5, (3, 3, 3)), counts.is_free, 0.9), np.float64)
        whole = np.full((len(structure), 3, 3), 0.9)
        whole[levels] = drawn[: len(levels)]
        with jax.enable_x64(True):
            ours = float(log_likelihood(jnp.asarray(drawn), counts))
        parents, children = zip(*structure, strict=True)
        assert ours == pytest.approx(block_log_prob(key.parent_row, n_parent, parents, children, whole).sum(), rel=1e-9)


@pytest.mark.parametrize("n_base", [1, 2, 6])
def test_popularity_is_an_urn(n_base):
    parent_row = RNG.integers(0, 11, 60) ** 2 // 11
    plain = [urn_log_prob(parent_row, 11, n_base, alpha) for alpha in (0.05, 1.0, 30.0)]
    np.testing.assert_allclose(
        log_member_prob(ObservedLinks(parent_row, 11), n_base, np.array([0.05, 1.0, 30.0])), plain, rtol=1e-9
    )


def test_popularity_adds_up_to_one():
    keys = [ObservedLinks(rows, 3) for rows in ALL]
    assert sum(np.exp(log_member_prob(key, 1, np.array([0.3]))).item() for key in keys) == pytest.approx(1.0)
    assert sum(np.exp(concentration(key, 1).log_bayes_factor) / 27 for key in keys) == pytest.approx(1.0, rel=1e-4)


def test_alpha_against_quadrature():
    parent_row = np.repeat(np.arange(8), [9, 0, 1, 4, 0, 0, 17, 2])

    def density(log_alpha, power=0):
        alpha = np.exp(log_alpha)
        return log_alpha**power * np.exp(urn_log_prob(parent_row, 8, 2, alpha) + 60) * lognorm(2.0).pdf(alpha) * alpha

    total, first = (quad(density, -10, 10, args=(power,), limit=200)[0] for power in (0, 1))
    found = concentration(ObservedLinks(parent_row, 8), 2)
    base = np.array([14, 19])
    assert found.log_bayes_factor == pytest.approx(np.log(total) - 60 + base.sum() * np.log(4), abs=1e-3)
    draws = np.log(found.draw(np.random.default_rng(0), 20_000))
    assert draws.mean() == pytest.approx(first / total, abs=5 * draws.std() / np.sqrt(20_000))


def test_errors_say_what_is_wrong():
    for rows, n_parent, words in (
        (np.array([0, 5]), 5, "child 1 refers to row 5"),
        (np.array([0, -2]), 5, "child 1 refers to row -2"),
        (np.array([0.0, 1.0]), 5, "vector of integers"),
        (np.array([-1, -1]), 5, "no child has a parent"),
        (np.array([0, 0]), 1, "at least 2 rows"),
    ):
        with pytest.raises(DatabaseError, match=words):
            uniform_log_prob(rows, n_parent)
    for parents, affinity, words in (
        ([2], affinities(2), "numbers of clusters"),
        ([2, 4], affinities(2), "from 1 to 3"),
        ([2, 2], -affinities(2), "must be positive"),
    ):
        with pytest.raises(DatabaseError, match=words):
            links_log_prob(np.array([0, 1]), 5, parents, [1, 1], affinity)


def test_layouts_of_two_levels():
    pairs = list(product((1, 2), repeat=2))
    assert layout_of(((1, 1), (2, 2))) == layout_of(((2, 2), (1, 1))) == layout_of(((2, 2),))
    assert layout_of(((1, 2), (2, 2))) != layout_of(((2, 2), (1, 2)))  # clusters of children alternate in the first
    assert len({layout_of(s) for n in (1, 2) for s in product(pairs, repeat=n)}) == 9
