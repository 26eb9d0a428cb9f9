"""Links with popular parents and runs: enumeration, plain loops, marginals."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from scipy import stats

from plurel_prob.distributions import HSBM, PopularHSBM
from plurel_prob.distributions.popular import TOTAL
from tests.distributions.test_hsbm import affinity, law_level_by_level, log_prob, sample, sample_one
from tests.goodness import assert_fits

weights = jax.jit(lambda law: law.weights())
BLOCKS = {"affinity": affinity(2), "n_parent_cluster": jnp.array([2, 3]), "n_child_cluster": jnp.array([3, 1])}


def law_of(n_parent, n_child, max_child=None, *, popularity=1.0, inactive_rate=0.3, repeat_prob=0.4, seed=0, **others):
    words = random.key_data(random.key(seed))
    parents = {"popularity": popularity, "inactive_rate": inactive_rate, "repeat_prob": repeat_prob, "popularity_key": words}
    return PopularHSBM(*BLOCKS.values(), n_parent, n_child, n_child if max_child is None else max_child, **parents, **others)


def by_itself(law, n_parent, n_child):
    """Probabilities of parents (child, parent) of a child by itself, of plain numbers but for the weights."""
    probs = law_level_by_level(BLOCKS["affinity"], [2, 3], [3, 1], n_parent, n_child)
    probs = probs * np.asarray(weights(law), np.float64)[:n_parent]
    return probs / probs.sum(1, keepdims=True)


def test_enumerated():
    n_parent, n_child, n_draw = 5, 3, 20_000
    law = law_of(n_parent, n_child)
    probs = by_itself(law, n_parent, n_child)
    assert (probs == 0).any() and (probs > 0).sum(1).min() > 1
    values, joint = np.array([*product(range(n_parent), repeat=n_child)]), []
    for value in values:
        of_rows = [probs[0, value[0]]]
        of_rows += [0.4 * (value[i] == value[i - 1]) + 0.6 * probs[i, value[i]] for i in (1, 2)]
        joint.append(np.prod(of_rows))
    np.testing.assert_allclose(sum(joint), 1)
    np.testing.assert_allclose(np.exp(log_prob(law, values)), joint, rtol=1e-4, atol=1e-9)
    draws = np.asarray(sample(law, random.key(1), n_draw))
    assert_fits(np.bincount(draws @ np.array([25, 5, 1]), minlength=125), np.array(joint))


def test_many_rows_in_plain_loops():
    """Runs start anew with each block, and parents without weight have no children."""
    n_parent, n_child = 300, 1500
    law = law_of(n_parent, n_child, 2000)
    draws = np.asarray(sample(law, random.key(2), 40))
    probs = by_itself(law, n_parent, n_child)
    assert (draws[:, n_child:] == -1).all() and (probs[0, draws[:, :n_child]] > 0).all()
    for draw in draws[:2]:
        expected = 0.0
        for i, parent in enumerate(draw[:n_child]):
            alone = probs[i, parent]
            expected += np.log(alone if i % 1024 == 0 else 0.4 * (parent == draw[i - 1]) + 0.6 * alone)
        np.testing.assert_allclose(log_prob(law, draw), expected, rtol=1e-4)
    again = draws[:, 1:n_child] == draws[:, : n_child - 1]
    # a run goes on by itself, too; where a block starts, only so
    by_chance = (probs**2).sum(1)[1:]
    expected = np.where(np.arange(1, n_child) % 1024, 0.4 + 0.6 * by_chance, by_chance)
    assert abs(again.sum() - 40 * expected.sum()) < 5 * np.sqrt(40 * (expected * (1 - expected)).sum())
    assert again[:, 1023].mean() < 0.4 < again.mean()


def test_children_in_the_order_of_their_parents():
    """Every child has a stretch of the parents' weights of its own: enumerated, and for many rows in plain loops."""
    n_parent, n_child, n_draw = 5, 3, 20_000
    law = law_of(n_parent, n_child, is_sorted=1)
    joint = [np.prod([of[p] for of, p in zip(in_order(law, n_child), v, strict=True)]) for v in product(range(5), repeat=3)]
    np.testing.assert_allclose(sum(joint), 1)
    values = np.array([*product(range(n_parent), repeat=n_child)])
    np.testing.assert_allclose(np.exp(log_prob(law, values)), joint, rtol=1e-4, atol=1e-9)
    draws = np.asarray(sample(law, random.key(1), n_draw))
    assert_fits(np.bincount(draws @ np.array([25, 5, 1]), minlength=125), np.array(joint))
    for round_size, n in ((1e9, 1500), (0.5, 350)):
        law = law_of(700, 1500, 2000, is_sorted=1, round_size=round_size)
        drawn = np.asarray(sample(law, random.key(2), 40))[0]
        goes_down = np.flatnonzero(np.diff(drawn[:1500]) < 0) + 1
        assert (goes_down % n == 0).all() and len(goes_down) == (1500 - 1) // n and (drawn[1500:] == -1).all()
        of_round = [*in_order(law, n)]
        expected = sum(np.log(of_round[i % n][parent]) for i, parent in enumerate(drawn[:1500]))
        np.testing.assert_allclose(log_prob(law, drawn), expected, rtol=1e-4)


@pytest.mark.parametrize("n_child", [3, 4, 6])
def test_every_parent_has_a_child_or_none_has_two(n_child):
    """Enumerated: children in the places of a permutation have its parents, others are as in a law without it."""
    n_parent, n_draw = 4, 4000
    law = law_of(n_parent, n_child, is_covering=1)
    probs = by_itself(law, n_parent, n_child)
    draws = np.asarray(sample(law, random.key(1), n_draw))
    is_fixed = (draws == draws[0]).all(0)
    values, joint = np.array([*product(range(n_parent), repeat=n_child)]), []
    for value in values:
        of_rows = [probs[0, value[0]]]
        of_rows += [0.4 * (value[i] == value[i - 1]) + 0.6 * probs[i, value[i]] for i in range(1, n_child)]
        joint.append(np.prod(np.where(is_fixed, value == draws[0], of_rows)))
    np.testing.assert_allclose(sum(joint), 1, rtol=1e-6)
    np.testing.assert_allclose(np.exp(log_prob(law, values)), joint, rtol=1e-4, atol=1e-9)
    assert_fits(np.bincount(draws @ n_parent ** np.arange(n_child - 1, -1, -1), minlength=len(values)), np.array(joint))
    assert is_fixed.sum() == min(n_parent, n_child)
    assert len(np.unique(draws[0][is_fixed])) == min(n_parent, n_child)


def test_many_rows_cover_their_parents():
    for n_parent, n_child in ((300, 1500), (1500, 300)):
        law = law_of(n_parent, n_child, 2000, is_covering=1)
        drawn = np.asarray(sample_one(law, random.key(3)))
        n_different = len(np.unique(drawn[:n_child]))
        assert n_different == min(n_parent, n_child) and np.isfinite(log_prob(law, drawn))
        moved = drawn.copy()
        moved[:n_child] = np.roll(moved[:n_child], 1)
        assert log_prob(law, moved) == -np.inf


def in_order(law, n_child):
    """Probabilities of the parents of each child of a round in order, in integers of any size."""
    edge = [0, *np.cumsum(np.asarray(weights(law)).astype(int)).tolist()]
    quotient, rest = divmod(edge[-1], n_child)
    for i in range(n_child):
        start, end = quotient * i + min(i, rest), quotient * (i + 1) + min(i + 1, rest)
        shared = np.minimum(edge[1:], end) - np.maximum(edge[:-1], start)
        yield np.maximum(shared, 0) / (end - start)


def test_weights_are_log_normal_where_parents_are_active():
    law = law_of(5000, 10, 8192, popularity=1.5)
    weight = np.asarray(weights(law))
    assert (weight[5000:] == 0).all() and abs(weight.sum() - TOTAL) < 5000
    is_active = weight[:5000] > 0
    assert stats.binomtest(int(is_active.sum()), 5000, 0.7).pvalue > 1e-6
    log = np.log(weight[:5000][is_active])
    assert stats.kstest((log - log.mean()) / 1.5, "norm").pvalue > 1e-6


@pytest.mark.parametrize("change", [{"popularity": 0.0, "inactive_rate": 0.0}, {"inactive_rate": 1.0}])
def test_parents_that_are_all_alike_are_those_of_the_block_model(change):
    """With no spread, or where all would be inactive; then without runs it is the plain law."""
    law, plain = law_of(37, 2000, repeat_prob=0.0, **change), HSBM(*BLOCKS.values(), 37, 2000, 2000)
    drawn = sample_one(plain, random.key(0))
    np.testing.assert_allclose(log_prob(law, drawn), log_prob(plain, drawn), rtol=1e-4)


def test_rows_do_not_depend_on_padding_or_on_blocks_that_are_left_out():
    whole, padded = law_of(50, 13_000, 14_336), law_of(50, 13_000, 20_480)
    drawn = np.asarray(sample_one(whole, random.key(4)))
    np.testing.assert_array_equal(np.asarray(sample_one(padded, random.key(4)))[:14_336], drawn)
    some = law_of(50, 13_000, 11_264, n_skipped_block=3)
    held = np.concatenate([np.arange(8 * 1024), np.arange(11 * 1024, 14 * 1024)])
    part = np.asarray(sample_one(some, random.key(4)))
    np.testing.assert_array_equal(part, drawn[held])
    assert np.isfinite(log_prob(some, part))


def test_a_parent_without_weight_has_density_zero():
    law = law_of(5, 3, repeat_prob=0.0)
    gone, there = int(np.flatnonzero(np.asarray(weights(law))[:5] == 0)[0]), int(np.argmax(weights(law)))
    assert log_prob(law, np.array([there, gone, there])) == -np.inf
    assert np.isfinite(log_prob(law, np.array([there] * 3)))
    assert log_prob(law, np.array([there, 5, there])) == -np.inf
