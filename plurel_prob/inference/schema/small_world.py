"""Candidates of small worlds: which of its two tables has chosen an edge, and which edges joined components."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int8

from plurel_prob.distributions.graphs.law import BACKWARD, EDGE, JOINED
from plurel_prob.inference.schema.candidates import (
    MAX_EXACT_TABLE,
    N_SAMPLE,
    Candidates,
    all_pairs,
    draw_from,
    effective_size,
    is_listed,
    log_sum,
    max_order,
    no_candidates,
)
from plurel_prob.inference.schema.independent_edges import bridges, is_connected
from plurel_prob.inference.schema.orders import LinearExtensions, Orders

MAX_ASSIGNMENT = 20_000  # beyond it, a random subset of assignments stands for all, at more than 7 tables
ILLEGAL = -1e4  # score of what cannot be
SAFE_SHARE = 0.1  # of the draws that ignore the score


class Assignments(NamedTuple):
    """Marks of the edges of a graph, whatever the order: which end of an edge has chosen it.

    Attributes:
        pair: parent and child of every edge.
        mark: of every edge.
        log_weight: log of how many assignments each stands for.
    """

    pair: np.ndarray
    mark: Int8[np.ndarray, "assignment edge"]
    log_weight: Float[np.ndarray, " assignment"]


def n_slot(n_table: int, n_neighbor: int) -> int:
    """Links of the lattice."""
    half = n_neighbor // 2
    return sum(n_table if 2 * d < n_table else n_table // 2 if 2 * d == n_table else 0 for d in range(1, half + 1))


class Lattice(NamedTuple):
    """What of the law bears on which edges a table can have chosen.

    Attributes:
        n_neighbor: neighbours in the lattice.
        max_slot: largest number of slots of a table under the prior.
        max_parent: limit on parents.
        rewire_prob: a typical one, for the choice of a sample.
    """

    n_neighbor: int
    max_slot: int
    max_parent: int
    rewire_prob: float


def may_lose(edge: Bool[np.ndarray, "parent child"], lattice: Lattice) -> Bool[np.ndarray, " table"]:
    """Tables that can have lost a slot: at most their neighbours in the lattice are neither linked to them nor closed.

    A later table is closed to edges when it has all its parents, and the earlier ones when the table itself is near the limit.
    """
    n_parent, others = edge.sum(0), ~np.eye(len(edge), dtype=bool)
    is_closed = (n_parent >= lattice.max_parent) | (n_parent > lattice.max_parent - lattice.max_slot)[:, None]
    n_open = (others & ~edge & ~edge.T & ~is_closed).sum(1)
    return (is_closed & others).any(1) & (n_open <= lattice.n_neighbor // 2 * 2)


def assignments(edge: Bool[np.ndarray, "parent child"], lattice: Lattice, rng: np.random.Generator) -> Assignments:
    """Ways to give edges to their ends, such that no table has more than its slots, nor fewer unless it may lose some."""
    n, n_neighbor, bridge = len(edge), lattice.n_neighbor, set(bridges(edge))
    pairs = sorted(map(tuple, np.argwhere(edge).tolist()), key=max)
    capacity = sum(2 * d <= n for d in range(1, n_neighbor // 2 + 1))
    loses = may_lose(edge, lattice)
    least = np.where(loses, 0, sum(2 * d < n for d in range(1, n_neighbor // 2 + 1)))
    mark, n_own, log_weight = np.zeros((1, 0), np.int8), np.zeros((1, n), int), np.zeros(1)
    for step, (parent, child) in enumerate(pairs):
        options = [(EDGE, parent), (BACKWARD, child)] + [(JOINED, -1)] * ((parent, child) in bridge)
        marks = [np.column_stack([mark, np.full(len(mark), kind, np.int8)]) for kind, _ in options]
        owns = [n_own + (np.arange(n) == owner) for _, owner in options]
        mark, n_own, log_weight = np.concatenate(marks), np.concatenate(owns), np.tile(log_weight, len(options))
        to_come = np.bincount(np.array(pairs[step + 1 :], int).reshape(-1), minlength=n)
        is_kept = np.flatnonzero((n_own <= capacity).all(1) & (n_own + to_come >= least).all(1))
        if len(is_kept) > MAX_ASSIGNMENT and n > MAX_EXACT_TABLE:
            log_weight = log_weight + np.log(len(is_kept) / MAX_ASSIGNMENT)
            is_kept = rng.choice(is_kept, MAX_ASSIGNMENT, replace=False)
        mark, n_own, log_weight = mark[is_kept], n_own[is_kept], log_weight[is_kept]
    if not loses.any():
        is_full = n_own.sum(1) == n_slot(n, n_neighbor)
        mark, log_weight = mark[is_full], log_weight[is_full]
    return Assignments(np.array(pairs), mark, log_weight)


def candidates(edge: Bool[np.ndarray, "parent child"], lattice: Lattice, rng: np.random.Generator) -> Candidates:
    """Every topological order with every assignment of edges to their ends; a sample where there are too many."""
    n = len(edge)
    if not is_connected(edge):
        return no_candidates(n)
    given = assignments(edge, lattice, rng)
    if not len(given.mark):
        return no_candidates(n)
    extensions = LinearExtensions(edge)
    orders = extensions.distinct(rng, max_order(n, len(given.mark)))
    if is_listed(n, len(orders.order) * len(given.mark)) and orders.is_complete and not given.log_weight.any():
        marks = np.zeros((len(given.mark), n, n), np.int8)
        marks[:, given.pair[:, 0], given.pair[:, 1]] = given.mark
        return all_pairs(orders, marks, given.log_weight)
    return sample(orders, given, lattice, rng)


def sample(orders: Orders, given: Assignments, lattice: Lattice, rng: np.random.Generator) -> Candidates:
    """Draw orders and assignments in proportion to roughly their probability; a share regardless of it."""
    n, k = len(orders.edge), len(given.mark)
    blocks = np.array_split(np.arange(len(orders.order)), max(len(orders.order) * k // 5_000_000, 1))
    log_total = np.concatenate([log_sum(scores(orders, given, block, lattice), 1) for block in blocks])
    log_order = orders.log_weight + log_total
    log_safe = orders.log_weight - log_sum(orders.log_weight)
    log_mixed = np.logaddexp(np.log1p(-SAFE_SHARE) + log_order - log_sum(log_order), np.log(SAFE_SHARE) + log_safe)
    index = np.sort(draw_from(log_mixed, rng, N_SAMPLE))
    chosen, log_chosen = np.zeros(N_SAMPLE, int), np.zeros(N_SAMPLE)
    for block in np.array_split(np.arange(N_SAMPLE), max(N_SAMPLE * k // 5_000_000, 1)):
        log_assign = scores(orders, given, index[block], lattice) - log_total[index[block], None]
        total = np.exp(log_assign).cumsum(1)
        chosen[block] = np.minimum((total <= rng.random(len(block))[:, None] * total[:, -1:]).sum(1), k - 1)
        log_chosen[block] = log_assign[np.arange(len(block)), chosen[block]]
    order = orders.order[index]
    marks = np.zeros((N_SAMPLE, n, n), np.int8)
    marks[np.arange(N_SAMPLE)[:, None], given.pair[:, 0], given.pair[:, 1]] = given.mark[chosen]
    mark = marks[np.arange(N_SAMPLE)[:, None, None], order[:, :, None], order[:, None, :]]
    log_weight = orders.log_weight[index] + given.log_weight[chosen] - log_mixed[index] - log_chosen - np.log(N_SAMPLE)
    order_ess = np.inf if orders.is_complete else effective_size(log_total, orders.count)
    return Candidates(mark, log_weight, index, orders.draw, is_exact=False, order_ess=order_ess)


def scores(orders: Orders, given: Assignments, index: np.ndarray, lattice: Lattice) -> Float[np.ndarray, "order assignment"]:
    """Rough log probabilities of assignments in orders: a link of the lattice kept, or one of the others that can be linked."""
    n, half, rewire_prob = len(orders.edge), lattice.n_neighbor // 2, lattice.rewire_prob
    place = np.argsort(orders.order[index], axis=1)
    ahead = place[:, given.pair[:, 1]] - place[:, given.pair[:, 0]]
    log_rewired = np.log(rewire_prob / (1 - rewire_prob) / max(n - 2 * half - 1, 1))
    is_near, is_round = ahead <= half, n - ahead <= half
    forward = np.where(is_near, 0.0, np.where(is_round, ILLEGAL, log_rewired))
    backward = np.where(is_round, 0.0, np.where(is_near, ILLEGAL, log_rewired))
    score = forward @ (given.mark == EDGE).T + backward @ (given.mark == BACKWARD).T
    return np.maximum(score + given.log_weight, ILLEGAL)
