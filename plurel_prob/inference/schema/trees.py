r"""Candidates of the families whose density is the same for every order that can have given a graph: one stands for all.

Trees: an order is breadth-first, siblings in any order, so there are :math:`\prod_i c_i!` of them, and the density depends on
the child counts :math:`c` as a multiset. Layers: the layer of a table is one more than its parents'; the first table of a layer
has all edges from and to the neighbouring layers, the others come in any order; the density depends on the number of edges.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from plurel_prob.distributions.graphs.law import EDGE
from plurel_prob.inference.schema.candidates import Candidates, no_candidates
from plurel_prob.inference.schema.table_graphs import layers


@dataclass(frozen=True, kw_only=True)
class OneForAll(Candidates):
    """A candidate that stands for all orders; a drawn one has marks of its own."""

    edge: Bool[np.ndarray, "parent child"]

    def draw(self, chosen: Int[np.ndarray, " draw"], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Topological orders, and marks over their places."""
        order = self.draw_order(self.order_idx[chosen], rng)
        return order, (self.edge[order[:, :, None], order[:, None, :]] * EDGE).astype(np.int8)


def _one_for_all(
    edge: Bool[np.ndarray, "parent child"], order: np.ndarray, n_order: int, draw_one: Callable[[np.random.Generator], list[int]]
) -> Candidates:
    def draw_order(index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.array([draw_one(rng) for _ in index], np.int64).reshape(len(index), len(edge))

    mark = (edge[np.ix_(order, order)] * EDGE).astype(np.int8)[None]
    return OneForAll(mark, np.array([math.log(n_order)]), np.zeros(1, np.int64), draw_order, edge=edge)


def breadth_first(edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator) -> list[int]:
    """A breadth-first order of a tree whose edges lead away from the root, siblings in a uniform order."""
    order = [int(np.flatnonzero(~edge.any(0))[0])]
    for table in order:
        order.extend(rng.permutation(np.flatnonzero(edge[table])).tolist())
    return order


def tree_candidates(edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator) -> Candidates:
    """Breadth-first orders, if the graph is a tree whose edges lead away from the root."""
    n_parent = np.sort(edge.sum(0))
    if n_parent[0] != 0 or (n_parent[1:] != 1).any():
        return no_candidates(len(edge))
    n_order = math.prod(math.factorial(int(count)) for count in edge.sum(1))
    return _one_for_all(edge, np.array(breadth_first(edge, rng)), n_order, lambda rng: breadth_first(edge, rng))


def reverse_tree_candidates(edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator) -> Candidates:
    """Breadth-first orders backwards, if the graph is a tree whose edges lead toward the root."""
    n_child = np.sort(edge.sum(1))
    if n_child[0] != 0 or (n_child[1:] != 1).any():
        return no_candidates(len(edge))
    n_order = math.prod(math.factorial(int(count)) for count in edge.sum(0))
    first = np.array(breadth_first(edge.T, rng))[::-1]
    return _one_for_all(edge, first, n_order, lambda rng: breadth_first(edge.T, rng)[::-1])


def layered_candidates(edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator) -> Candidates:
    """Orders layer by layer, if edges join consecutive layers only and every layer has a table that can come first."""
    layer = layers(edge)
    consecutive = layer[:, None] + 1 == layer
    is_complete = (edge | ~consecutive).all(1) & (edge | ~consecutive).all(0)
    tables = [np.flatnonzero(layer == depth) for depth in range(layer.max() + 1)]
    n_first = [int(is_complete[members].sum()) for members in tables]
    if (edge & ~consecutive).any() or 0 in n_first:
        return no_candidates(len(edge))

    def draw(rng: np.random.Generator) -> list[int]:
        order: list[int] = []
        for members in tables:
            first = rng.choice(members[is_complete[members]])
            order += [int(first), *rng.permutation(members[members != first]).tolist()]
        return order

    n_order = math.prod(count * math.factorial(len(members) - 1) for count, members in zip(n_first, tables, strict=True))
    return _one_for_all(edge, np.array(draw(rng)), n_order, draw)
