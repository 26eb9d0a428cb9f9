"""Candidates of the families whose edges are independent coins: which edges joined components."""

from itertools import product

import numpy as np
from jaxtyping import Bool

from plurel_prob.distributions.graphs.law import EDGE, JOINED
from plurel_prob.inference.schema.candidates import (
    N_SAMPLE,
    Candidates,
    all_pairs,
    is_listed,
    max_order,
    no_candidates,
)
from plurel_prob.inference.schema.orders import LinearExtensions

JOIN_PROB = 0.15  # of a bridge, where joins are proposed


def bridges(edge: Bool[np.ndarray, "parent child"]) -> list[tuple[int, int]]:
    """Edges without which the graph falls apart, parent first: only they can have joined components."""
    import networkx

    undirected = networkx.Graph(map(tuple, np.argwhere(edge).tolist()))
    return [(a, b) if edge[a, b] else (b, a) for a, b in networkx.bridges(undirected)]


def is_connected(edge: Bool[np.ndarray, "parent child"]) -> bool:
    """Whether the graph is in one piece."""
    import networkx

    return networkx.is_weakly_connected(networkx.DiGraph(edge))


def candidates(edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator) -> Candidates:
    """Every topological order with every set of joining edges; a sample where there are too many."""
    if not is_connected(edge):
        return no_candidates(len(edge))
    extensions, bridge = LinearExtensions(edge), np.array(bridges(edge), int).reshape(-1, 2)
    orders = extensions.distinct(rng, max_order(len(edge)))
    if orders.is_complete and is_listed(len(edge), len(orders.order) * 2.0 ** len(bridge)):
        marks = np.tile(edge.astype(np.int8) * EDGE, (2 ** len(bridge), 1, 1))
        for mark, joins in zip(marks, product([False, True], repeat=len(bridge)), strict=True):
            mark[tuple(bridge[np.array(joins, bool)].T)] = JOINED
        return all_pairs(orders, marks, np.zeros(len(marks)))
    orders = extensions.independent(rng, N_SAMPLE)
    is_join = rng.random((N_SAMPLE, len(bridge))) < JOIN_PROB
    n_join = is_join.sum(1)
    log_proposal = n_join * np.log(JOIN_PROB) + (len(bridge) - n_join) * np.log1p(-JOIN_PROB)
    marks = np.tile(edge.astype(np.int8) * EDGE, (N_SAMPLE, 1, 1))
    marks[:, bridge[:, 0], bridge[:, 1]] = np.where(is_join, JOINED, EDGE)
    order, index = orders.order, np.arange(N_SAMPLE)
    mark = marks[index[:, None, None], order[:, :, None], order[:, None, :]]
    return Candidates(mark, orders.log_weight - log_proposal, index, orders.draw, is_exact=False)
