import itertools

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from plurel_prob.reports.layers import N_SWEEP, acyclic, by_mean, in_order, lay_out, layers_of, n_crossing
from plurel_prob.reports.places import Neighbors, in_a_row


def random_graph(seed: int, n_node: int, n_edge: int, is_acyclic: bool) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    pairs = [tuple(int(v) for v in rng.integers(0, n_node, 2)) for _ in range(n_edge)]
    return [(min(a, b), max(a, b)) for a, b in pairs if a != b] if is_acyclic else pairs


@pytest.mark.parametrize("seed", range(20))
def test_layers_respect_edges_and_nothing_overlaps(seed):
    n_node, gap = 5 + 2 * seed, 7.0
    extent = np.random.default_rng(seed).uniform(5, 80, n_node).tolist()
    edges = random_graph(seed, n_node, 2 * n_node, is_acyclic=True)
    layout = lay_out(extent, edges, gap=gap, bend=3.0)
    assert all(layout.layer[cause] < layout.layer[effect] for cause, effect in edges)
    assert layout.n_crossing <= layout.n_crossing_before
    for a, b in itertools.combinations(range(n_node), 2):
        if layout.layer[a] == layout.layer[b]:
            assert abs(layout.place[a] - layout.place[b]) >= (extent[a] + extent[b]) / 2 + gap - 1e-6
    for (cause, effect), route in zip(edges, layout.route, strict=True):
        assert len(route) == layout.layer[effect] - layout.layer[cause] + 1
        assert (route[0], route[-1]) == (layout.place[cause], layout.place[effect])
        for layer, place in enumerate(route[1:-1], start=layout.layer[cause] + 1):  # a bend goes through no node
            for node in range(n_node):
                if layout.layer[node] == layer:
                    assert abs(layout.place[node] - place) >= extent[node] / 2 + gap
    assert min(place - size / 2 for place, size in zip(layout.place, extent, strict=True)) >= -1e-6


@pytest.mark.parametrize("seed", range(10))
def test_cycles_and_loops_are_drawn_too(seed):
    edges = random_graph(seed, 12, 40, is_acyclic=False)
    forward = acyclic(12, edges)
    assert sorted(map(sorted, forward)) == sorted(sorted(edge) for edge in edges if edge[0] != edge[1])
    left, todo = set(range(12)), True
    while todo:  # nodes without a cause among those that are left can go, one after another, where there is no cycle
        todo = {node for node in left if not any(b == node and a in left for a, b in forward)}
        left -= todo
    assert not left
    layout = lay_out([10.0] * 12, edges, gap=5.0)
    for (cause, effect), route in zip(edges, layout.route, strict=True):
        expected = 0 if cause == effect else abs(layout.layer[cause] - layout.layer[effect]) + 1
        assert len(route) == expected
        assert cause == effect or layout.layer[cause] != layout.layer[effect]


def test_an_acyclic_graph_keeps_its_edges():
    edges = random_graph(3, 15, 40, is_acyclic=True)
    assert acyclic(15, edges) == edges


def test_layers_are_the_longest_paths_and_sources_stand_before_their_effects():
    assert layers_of([(0, 1), (1, 2), (3, 2)], [1.0] * 4) == [0, 1, 2, 1]
    alone = layers_of([], [1.0] * 9)
    assert sorted(alone) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert layers_of([], []) == []


def neighbors_of(n_node: int, edges: list[tuple[int, int]]) -> Neighbors:
    neighbors = Neighbors.of(n_node)
    for cause, effect in edges:
        neighbors.add_chain([cause, effect], 0.0, 0.0, is_down=True)
    return neighbors


@pytest.mark.parametrize("seed", range(10))
def test_crossings_are_counted_as_by_two_loops_and_the_order_has_no_more_of_them(seed):
    rng = np.random.default_rng(seed)
    levels = [list(range(6)), list(range(6, 12))]
    edges = [(int(rng.integers(6)), int(rng.integers(6, 12))) for _ in range(12)]

    def count(levels):
        at = {node: i for level in levels for i, node in enumerate(level)}
        return sum((at[a] - at[c]) * (at[b] - at[d]) < 0 for (a, b), (c, d) in itertools.combinations(edges, 2))

    neighbors = neighbors_of(12, edges)
    assert n_crossing(levels, neighbors) == count(levels)
    ordered = in_order([list(level) for level in levels], neighbors)
    assert [sorted(level) for level in ordered] == levels
    assert count(ordered) <= count(levels)
    assert n_crossing(ordered, neighbors) == count(ordered)


def test_two_crossed_edges_are_uncrossed():
    layout = lay_out([10.0] * 4, [(0, 3), (1, 2), (0, 3)], gap=1.0)
    assert layout.n_crossing == 0


@pytest.mark.parametrize("seed", range(10))
def test_the_order_is_the_best_of_all_sweeps(seed):
    rng = np.random.default_rng(seed)
    levels = [list(range(8 * i, 8 * i + 8)) for i in range(4)]
    neighbors = neighbors_of(
        32, [(8 * i + int(rng.integers(8)), 8 * i + 8 + int(rng.integers(8))) for i in (0, 1, 2) for _ in range(14)]
    )
    current, counts = [list(level) for level in levels], []
    for sweep in range(N_SWEEP):
        for i in (1, 2, 3) if sweep % 2 == 0 else (2, 1, 0):
            side, fixed = (neighbors.up, current[i - 1]) if sweep % 2 == 0 else (neighbors.down, current[i + 1])
            current[i] = by_mean(current[i], side, fixed)
        counts.append(n_crossing(current, neighbors))
    assert n_crossing(in_order(levels, neighbors), neighbors) <= min(counts)


def test_a_layer_is_ordered_by_the_means_of_its_neighbors():
    assert by_mean([0, 1, 2, 3], [[7], [5], [], [4, 6]], [4, 5, 6, 7]) == [1, 3, 2, 0]


@pytest.mark.parametrize("seed", range(5))
def test_places_in_a_row_are_the_least_squares(seed):
    rng = np.random.default_rng(seed)
    wanted, weight, least = rng.normal(0, 5, 7), rng.uniform(0.1, 3, 7), rng.uniform(0.5, 4, 6)
    place = np.array(in_a_row(wanted.tolist(), weight.tolist(), least.tolist()))
    assert (np.diff(place) >= least - 1e-9).all()
    shift = np.concatenate([[0], np.cumsum(least)])
    np.testing.assert_allclose(place, isotonic_regression(wanted - shift, weights=weight).x + shift)
    free = np.array(in_a_row(sorted(wanted * 100), weight.tolist(), [0.0] * 6))
    np.testing.assert_allclose(free, sorted(wanted * 100))
