"""Candidates of preferential attachment: which parents the sinks have lost."""

import numpy as np
from jaxtyping import Bool, Int8

from plurel_prob.distributions.graphs.law import DROPPED, EDGE
from plurel_prob.distributions.graphs.preferential_attachment import N_ATTACH
from plurel_prob.inference.schema.candidates import (
    N_SAMPLE,
    Candidates,
    is_listed,
    max_order,
    no_candidates,
)
from plurel_prob.inference.schema.orders import LinearExtensions


def candidates(edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator) -> Candidates:
    """Every topological order with every choice of lost parents; a sample where there are too many.

    The first table is the only root, the next two have no other parent; among the others, one that has a single parent is a sink
    that lost a parent, any of the earlier tables but for other such sinks: what has had a child loses nothing.
    """
    n, n_parent = len(edge), edge.sum(0)
    if (n_parent == 0).sum() != 1 or n_parent.max() > N_ATTACH:
        return no_candidates(n)
    extensions = LinearExtensions(edge, _Beginning(edge))
    if not extensions.n_order:
        return no_candidates(n)
    orders = extensions.distinct(rng, max_order(n))
    index = np.arange(len(orders.order))
    mark = orders.ordered((edge * EDGE).astype(np.int8), index)
    if orders.is_complete and is_listed(n, _n_candidate(mark)):
        mark, row, _ = lost_parents(mark, None)
        return Candidates(mark, orders.log_weight[row], row, orders.draw)
    orders = extensions.independent(rng, N_SAMPLE)
    mark, row, log_proposal = lost_parents(orders.ordered((edge * EDGE).astype(np.int8), np.arange(N_SAMPLE)), rng)
    return Candidates(mark, orders.log_weight[row] - log_proposal, row, orders.draw, is_exact=False)


class _Beginning:
    """Which ideals an order may pass through: those that begin with the root and tables of which it is the only parent."""

    def __init__(self, edge: Bool[np.ndarray, "parent child"]):
        n_parent = edge.sum(0)
        root = n_parent == 0
        is_early = root | ((n_parent == 1) & edge[root].any(0))
        must_be_early = root | ((n_parent == 1) & edge.any(1))  # not a sink, so nothing was lost
        self.table = 1 << np.arange(len(edge))
        self.early, self.must = int(self.table[is_early].sum()), int(self.table[must_be_early].sum())

    def __call__(self, ideals: np.ndarray) -> np.ndarray:
        size = (ideals[:, None] & self.table > 0).sum(1)
        is_right = (ideals & ~self.early) == 0
        return np.where(size <= N_ATTACH, is_right, np.where(size == N_ATTACH + 1, is_right & (self.must & ~ideals == 0), True))


def _choices(mark: Int8[np.ndarray, "order cause effect"], place: int) -> np.ndarray:
    """Tables that the one at a place can have had as its lost parent; none where it has lost none."""
    drawn = mark == EDGE
    is_lossy = (np.arange(mark.shape[1]) > N_ATTACH) & (drawn.sum(1) == 1)
    is_earlier = np.arange(mark.shape[1]) < place
    return is_lossy[:, [place]] & is_earlier & ~is_lossy & ~drawn[:, :, place]


def _n_candidate(mark: Int8[np.ndarray, "order cause effect"]) -> float:
    n_choice = [_choices(mark, place).sum(1) for place in range(N_ATTACH + 1, mark.shape[1])]
    return float(np.prod([np.maximum(count, 1.0) for count in n_choice], axis=0).sum()) if n_choice else float(len(mark))


def lost_parents(
    mark: Int8[np.ndarray, "order cause effect"], rng: np.random.Generator | None
) -> tuple[Int8[np.ndarray, "candidate cause effect"], np.ndarray, np.ndarray]:
    """Marks with lost parents: all choices, or with ``rng`` one for each order, place after place in proportion to degrees.

    Returns:
        Marks, the row of ``mark`` that each comes from, and the log probability of the choices that were drawn.
    """
    row, log_proposal = np.arange(len(mark)), np.zeros(len(mark))
    for place in range(N_ATTACH + 1, mark.shape[1]):
        choice = _choices(mark, place)
        has_lost = np.flatnonzero(choice.any(1))
        if rng is None:
            which, parent = np.nonzero(choice)
            which = np.concatenate([np.flatnonzero(~choice.any(1)), which])
            parent = np.concatenate([np.full(len(which) - len(parent), -1), parent])
            mark, row, log_proposal = mark[which], row[which], log_proposal[which]
            with_lost = np.flatnonzero(parent >= 0)
            mark[with_lost, parent[with_lost], place] = DROPPED
            continue
        before = mark[:, :place, :place] > 0
        degree = np.zeros(choice.shape)
        degree[:, :place] = before.sum(1) + before.sum(2)
        weight = np.where(choice, degree, 0.0)[has_lost].cumsum(1)
        parent = (weight <= rng.random(len(has_lost))[:, None] * weight[:, -1:]).sum(1)
        chosen = np.take_along_axis(np.diff(weight, axis=1, prepend=0.0), parent[:, None], axis=1)[:, 0]
        mark[has_lost, parent, place] = DROPPED
        log_proposal[has_lost] += np.log(chosen / weight[:, -1])
    is_complete = ((np.arange(mark.shape[1]) <= N_ATTACH) | ((mark > 0).sum(1) == N_ATTACH)).all(1)
    return mark[is_complete], row[is_complete], log_proposal[is_complete]
