"""The law of graphs against all graphs on three and four nodes, one after another."""

from itertools import product

import numpy as np
import pytest

from plurel_prob.inference.features.dags import GraphPosterior, log_structure_prior
from tests.goodness import assert_fits


def is_acyclic(edge: np.ndarray) -> bool:
    left = list(range(len(edge)))
    while left:
        roots = [node for node in left if not any(edge[cause, node] for cause in left)]
        if not roots:
            return False
        left = [node for node in left if node not in roots]
    return True


def all_graphs(n_node: int) -> list[np.ndarray]:
    pairs = [(i, j) for i in range(n_node) for j in range(n_node) if i != j]
    found = []
    for bits in product([False, True], repeat=len(pairs)):
        edge = np.zeros((n_node, n_node), bool)
        for (cause, effect), bit in zip(pairs, bits, strict=True):
            edge[cause, effect] = bit
        if is_acyclic(edge):
            found.append(edge)
    return found


def weights(score: np.ndarray, graphs: list[np.ndarray]) -> np.ndarray:
    """Each graph's weight, node by node and cause by cause."""
    n = len(score)
    sets = [[sum(2**cause for cause in range(n) if edge[cause, node]) for node in range(n)] for edge in graphs]
    return np.exp([sum(score[node, causes[node]] for node in range(n)) for causes in sets])


@pytest.mark.parametrize(("n_node", "n_graph"), [(3, 25), (4, 543)])
def test_law_of_graphs(n_node, n_graph):
    score = log_structure_prior(n_node) + np.random.default_rng(n_node).normal(0, 2, (n_node, 2**n_node))
    graphs = all_graphs(n_node)
    assert len(graphs) == n_graph  # as known (Robinson, 1973)
    weight = weights(score, graphs)
    posterior = GraphPosterior(score)
    np.testing.assert_allclose(posterior.log_evidence, np.log(weight.sum()), rtol=1e-12)
    edge_prob = sum(w * edge for w, edge in zip(weight, graphs, strict=True)) / weight.sum()
    np.testing.assert_allclose(posterior.edge_prob, edge_prob, rtol=1e-10)

    drawn = posterior.sample(np.random.default_rng(0), 4000)
    index = {edge.tobytes(): i for i, edge in enumerate(graphs)}
    counts = np.bincount([index[edge.tobytes()] for edge in drawn], minlength=n_graph)
    assert_fits(counts, weight / weight.sum())
    np.testing.assert_allclose(posterior.log_weight(graphs[7]).sum(), np.log(weight[7]))


def test_scores_that_differ_by_thousands():
    """Nothing is lost: with the likely direction forbidden, the other graphs share the probability."""
    score = log_structure_prior(3) + np.random.default_rng(0).normal(0, 3000, (3, 8))
    graphs = all_graphs(3)
    log_weight = np.array(
        [sum(score[node, sum(2**c for c in range(3) if edge[c, node])] for node in range(3)) for edge in graphs]
    )
    top = log_weight.max()
    np.testing.assert_allclose(GraphPosterior(score).log_evidence, top + np.log(np.exp(log_weight - top).sum()), rtol=1e-12)
    unlikely = np.where(np.arange(8) & 1, score, score - 1e6)  # every set without node 0 costs a million
    unlikely[0] = score[0]
    np.testing.assert_allclose(GraphPosterior(unlikely).edge_prob[0, 1:].min(), 1.0)


def test_structure_prior_counts_sets_of_a_size_once():
    prior = np.exp(log_structure_prior(6))
    size = np.array([bin(causes).count("1") for causes in range(64)])
    for node in range(6):
        per_size = [prior[node, size == k].sum() for k in range(7)]
        np.testing.assert_allclose(per_size, [1, 1, 1, 1, 1, 0, 0])  # four causes at most
        assert prior[node, [s for s in range(64) if s >> node & 1]].sum() == 0


def test_eight_nodes():
    """As many graphs as there are (OEIS A003024), where every set of causes counts one."""
    size = np.arange(256)
    score = np.array([np.where(size >> node & 1, -np.inf, 0.0) for node in range(8)])
    posterior = GraphPosterior(score)
    np.testing.assert_allclose(posterior.log_evidence, np.log(783702329343), rtol=1e-12)
    off_diagonal = posterior.edge_prob[~np.eye(8, dtype=bool)]
    np.testing.assert_allclose(off_diagonal, off_diagonal[0], rtol=1e-9)
