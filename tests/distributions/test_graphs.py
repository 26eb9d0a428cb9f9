from collections import Counter
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from plurel_prob.distributions import (
    FAMILIES,
    BarabasiAlbert,
    ErdosRenyi,
    Layered,
    RandomCauchy,
    RandomGraph,
    RandomTree,
    ReverseRandomTree,
    WattsStrogatz,
)
from plurel_prob.distributions.graphs import edges
from plurel_prob.distributions.graphs.law import BACKWARD, DROPPED, EDGE, JOINED
from tests.goodness import assert_fits

N_DRAW = 20_000

# laws are pytrees: those of one size and limit share their compiled programs, for one shape of draws
MAX_NODE, MAX_PARENT, N_SOME = 20, 5, 10  # the size, the limit and the draws that most tests share
sample = jax.jit(lambda law, key, n_draw: law.sample(key, (n_draw,)), static_argnums=2)
draw_one = jax.jit(lambda law, key: law.draw(key))
log_prob = jax.jit(lambda law, value: law.log_prob(value))


def laws(n, max_node, max_parent=None):
    effect = jnp.linspace(-1.0, 1.5, max_node)
    return {
        "ErdosRenyi": ErdosRenyi(n, 0.4, max_node, max_parent),
        "BarabasiAlbert": BarabasiAlbert(n, 0.4, max_node, max_parent),
        "RandomTree": RandomTree(n, max_node, max_parent),
        "ReverseRandomTree": ReverseRandomTree(n, max_node, max_parent),
        "WattsStrogatz": WattsStrogatz(n, 2 + 2 * (n % 2 == 0), 0.3, max_node, max_parent),
        "Layered": Layered(n, min(2 + n // 8, 8), 0.1, max_node, max_parent),
        "RandomCauchy": RandomCauchy(n, -0.5, effect, -0.7 * effect, max_node, max_parent),
    }


# what a family marks pairs of nodes with
MARKS = {
    "ErdosRenyi": (0, EDGE, JOINED),
    "RandomCauchy": (0, EDGE, JOINED),
    "BarabasiAlbert": (0, EDGE, DROPPED),
    "WattsStrogatz": (0, EDGE, JOINED, BACKWARD),
}


def all_marks(n, max_node, marks_of_pair):
    pairs = np.array(np.triu_indices(n, 1))
    marks = np.zeros((len(marks_of_pair) ** pairs.shape[1], max_node, max_node), np.int8)
    for mark, choice in zip(marks, product(marks_of_pair, repeat=pairs.shape[1]), strict=True):
        mark[tuple(pairs)] = choice
    return marks


def padded(marks, n_matrix):
    """As many matrices, of which the last ones are the first again."""
    return np.concatenate([marks, np.broadcast_to(marks[0], (n_matrix - len(marks), *marks.shape[1:]))])


def some_draws(law, seed):
    """Twenty draws."""
    return np.concatenate([sample(law, random.key(key), N_SOME) for key in (seed, seed + 100)])


def log_probs_of(law, draws):
    """Log densities of any draws, by the program for ten."""
    parts = [draws[i : i + N_SOME] for i in range(0, len(draws), N_SOME)]
    return np.concatenate([log_prob(law, padded(part, N_SOME))[: len(part)] for part in parts])


def is_connected(edge):
    reach = np.eye(len(edge), dtype=bool) | edge | edge.T
    for _ in range(len(edge).bit_length()):
        reach = reach @ reach
    return reach.all()


def test_a_lattice_without_rewiring_is_a_ring():
    for n, k in ((7, 2), (7, 4), (12, 4), (4, 4)):
        law = WattsStrogatz(n, k, 0.0, MAX_NODE, MAX_PARENT)
        edge = np.asarray(edges(sample(law, random.key(0), N_SOME)[0]))[:n, :n]
        ring = [(i, (i + d) % n) for i in range(n) for d in range(1, k // 2 + 1)]
        assert {tuple(pair) for pair in np.argwhere(edge)} == {(min(pair), max(pair)) for pair in ring}


def test_the_registry_is_complete():
    assert set(laws(4, 5)) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("n", "max_parent"), [(2, None), (3, None), (4, None), (4, 2), (5, None), (5, 2)])
def test_density_sums_to_one_and_draws_fit_it(family, n, max_parent):
    if family in MARKS and family != "ErdosRenyi" and n == 5:
        pytest.skip("59,049 matrices of marks or more; four nodes and ErdosRenyi show the law")
    law = laws(n, 6, max_parent)[family]
    marks = all_marks(n, 6, MARKS.get(family, (0, EDGE)))
    # up to four nodes, matrices of a family share a program
    n_mark = max(len(marks), len(MARKS.get(family, (0, EDGE))) ** 6)
    probs = np.exp(log_prob(law, padded(marks, n_mark)))[: len(marks)]
    np.testing.assert_allclose(probs.sum(), 1, atol=1e-5)
    draws = np.asarray(sample(law, random.key(n), N_DRAW))
    found = Counter(draw.tobytes() for draw in draws)
    counts = np.array([found.pop(mark.tobytes(), 0) for mark in marks])
    assert not found
    assert_fits(counts, probs)


# without a limit, quickly: the enumeration above has all graphs
@pytest.mark.parametrize("max_parent", [pytest.param(None, marks=pytest.mark.slow), MAX_PARENT])
@pytest.mark.parametrize("n", [2, 3, 7, 20, *(pytest.param(n, marks=pytest.mark.slow) for n in (60, 180))])
def test_graphs_are_acyclic_connected_and_limited(n, max_parent):
    for family, law in laws(n, max(n, MAX_NODE), max_parent).items():
        draws = sample(law, random.key(n), N_SOME)
        for edge in np.asarray(edges(draws)):
            assert not np.tril(edge).any(), family
            assert is_connected(edge[:n, :n]), family
            assert not edge[n:].any() and not edge[:, n:].any(), family
            assert edge.sum(0).max() <= (max_parent or n), family
        assert np.isfinite(log_prob(law, draws)).all(), family


def test_random_trees_are_uniform_over_labelled_rooted_trees():
    """With uniform labels, each of the 4^3 rooted labelled trees is equally likely (Cayley)."""
    draws = np.asarray(edges(sample(RandomTree(4, 6), random.key(0), N_DRAW)))[:, :4, :4]
    trees = Counter()
    labels = np.random.default_rng(0).permuted(np.tile(range(4), (N_DRAW, 1)), axis=1)
    for edge, label in zip(draws, labels, strict=True):
        trees[tuple(sorted((label[i], label[j]) for i, j in np.argwhere(edge)))] += 1
    assert len(trees) == 64
    assert_fits(np.array(list(trees.values())), np.full(64, 1 / 64))


def test_preferential_attachment_in_plain_loops():
    n, drop = 7, 0.4
    law = BarabasiAlbert(n, drop, MAX_NODE, MAX_PARENT)  # of two parents: the limit changes nothing
    draws = some_draws(law, 5)
    for mark, found in zip(draws, log_probs_of(law, draws), strict=True):
        expected, degree = 0.0, [2, 1, 1]
        for j in range(3, n):
            a, b = [i for i in range(j) if mark[i, j] > 0]
            total = sum(degree)
            p = degree[a] / total * degree[b] / (total - degree[a]) + degree[b] / total * degree[a] / (total - degree[b])
            expected += np.log(p)
            degree[a] += 1
            degree[b] += 1
            degree.append(2)
        for j in range(3, n):
            if not (mark[j] > 0).any():
                expected += np.log(drop / 2 if (mark[:, j] == 2).any() else 1 - drop)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def log_prob_of_joins(mark, n):
    """Components in the order of their smallest nodes, each joined by one of the edges to the earlier ones."""
    component = {v: {v} for v in range(n)}
    for i, j in zip(*np.nonzero((mark == EDGE) | (mark == BACKWARD)), strict=True):
        merged = component[i] | component[j]
        component |= dict.fromkeys(merged, merged)
    first, *others = sorted({tuple(sorted(nodes)) for nodes in component.values()})
    joined, log_prob = set(first), 0.0
    for nodes in others:
        assert sum(mark[min(a, b), max(a, b)] == JOINED for a in joined for b in nodes) == 1
        log_prob -= np.log(len(joined) * len(nodes))
        joined |= set(nodes)
    assert (mark == JOINED).sum() == len(others)
    return log_prob


def test_erdos_renyi_in_plain_loops():
    n, p = 6, 0.1
    q = 1 - (1 - p) ** 2
    law = ErdosRenyi(n, p, MAX_NODE, MAX_PARENT)
    draws = some_draws(law, 5)
    for mark, found in zip(draws, log_probs_of(law, draws), strict=True):
        expected = log_prob_of_joins(mark, n)
        for j in range(n):
            for i in range(j):
                expected += np.log(q if mark[i, j] == EDGE else 1 - q)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_small_world_in_plain_loops():
    n, p = 9, 0.4
    law = WattsStrogatz(n, 2, p, MAX_NODE, MAX_PARENT)
    draws = some_draws(law, 6)
    assert edges(jnp.asarray(draws)).sum(1).max() < MAX_PARENT, "the limit would have changed the law"
    for mark, found in zip(draws, log_probs_of(law, draws), strict=True):
        expected, linked = log_prob_of_joins(mark, n), set()
        for v in range(n):
            (to,) = [w for w in range(n) if (mark[v, w] == EDGE if v < w else mark[w, v] == BACKWARD)]
            near = {v, (v + 1) % n, (v - 1) % n}
            choices = [w for w in range(n) if w not in near and frozenset((v, w)) not in linked]
            assert to == (v + 1) % n or to in choices
            expected += np.log(1 - p if to == (v + 1) % n else p / len(choices))
            linked.add(frozenset((v, to)))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_extreme_odds_are_drawn_and_scored():
    heavy = np.pad(np.array([1e6, -1e6, 3e4, -300.0, 0.0, 80.0], np.float32), (0, MAX_NODE - 6))
    law = RandomCauchy(6, -1000.0, heavy, -heavy, MAX_NODE, MAX_PARENT)
    for seed in range(5):
        draws = sample(law, random.key(seed), N_SOME)
        assert np.isfinite(log_prob(law, draws)).all()
        assert all(is_connected(edge[:6, :6]) for edge in np.asarray(edges(draws)))


def test_mixture_is_the_chosen_family_and_padding_changes_nothing():
    names = list(FAMILIES)
    family, n = jnp.arange(len(names)), jnp.array([4, 5, 6, 7, 8, 9, 10])
    each = [laws(int(k), MAX_NODE, MAX_PARENT) for k in n]
    of_family = [jax.tree.map(lambda *x: jnp.stack(x), *[of[name] for of in each]) for name in names]
    for law in of_family:
        law._batch_shape = (len(names),)
    mixture = RandomGraph(family, of_family)
    draws = jax.jit(mixture.sample)(random.key(3))
    log_probs = jax.jit(mixture.log_prob)(draws)
    for i, name in enumerate(names):
        draw = np.asarray(draw_one(each[i][name], random.fold_in(random.key(3), i)))
        np.testing.assert_array_equal(draws[i], draw)
        np.testing.assert_allclose(log_probs[i], log_probs_of(each[i][name], draw[None])[0], rtol=1e-5)


def test_a_limit_below_two_is_refused():
    with pytest.raises(ValueError, match="max_parent must be at least 2"):
        RandomTree(3, 4, 1)
