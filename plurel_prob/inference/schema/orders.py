"""Topological orders of a graph: counted and drawn through its ideals, one for each ordered matrix."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from plurel_prob.errors import DatabaseError

MAX_IDEAL = 1_000_000  # sets of tables that are closed under parents: what the count runs over


def _every_ideal(ideals: np.ndarray) -> np.ndarray:
    return np.ones(len(ideals), bool)


@dataclass(frozen=True)
class Orders:
    """Distinct ordered matrices of a graph, each with one topological order that gives it.

    Attributes:
        edge: adjacency matrix, parent to child.
        order: table at each place.
        count: how many of ``orders`` give the same matrix.
        log_weight: log of the number of topological orders that give the same matrix; an estimate if orders were drawn.
        orders: all orders that were listed or drawn, those of the same matrix together.
        is_complete: no order is missing.
    """

    edge: Bool[np.ndarray, "parent child"]
    order: Int[np.ndarray, "order place"]
    count: Int[np.ndarray, " order"]
    log_weight: Float[np.ndarray, " order"]
    orders: Int[np.ndarray, "listed place"]
    is_complete: bool

    def ordered(self, matrix: Shaped[np.ndarray, "parent child"], index: Int[np.ndarray, " draw"]) -> np.ndarray:
        """A matrix over tables as one over the places of orders, shape ``(draw, place, place)``."""
        order = self.order[index]
        return matrix[order[:, :, None], order[:, None, :]]

    def draw(self, index: Int[np.ndarray, " draw"], rng: np.random.Generator) -> Int[np.ndarray, "draw place"]:
        """For each ordered matrix one of its topological orders, uniformly."""
        first = np.cumsum(self.count) - self.count
        order = self.orders[first[index] + rng.integers(self.count[index])]
        return shuffle_twins(order, self.edge, rng)


def bits(edge: Bool[np.ndarray, "parent child"]) -> Int[np.ndarray, " table"]:
    """Parents of every table as a set: bit ``i`` is table ``i``."""
    return (edge * (1 << np.arange(len(edge)))[:, None]).sum(0)


def twin_classes(edge: Bool[np.ndarray, "parent child"]) -> list[list[int]]:
    """Tables that have the same parents and the same children, together: swapping two of them changes nothing."""
    classes: dict[bytes, list[int]] = {}
    for v in range(len(edge)):
        classes.setdefault(edge[v].tobytes() + edge[:, v].tobytes(), []).append(v)
    return list(classes.values())


def shuffle_twins(
    order: Int[np.ndarray, "draw place"], edge: Bool[np.ndarray, "parent child"], rng: np.random.Generator
) -> np.ndarray:
    """Orders with the twins of every class permuted uniformly."""
    label = np.tile(np.arange(len(edge)), (len(order), 1))
    for twins in twin_classes(edge):
        label[:, twins] = rng.permuted(label[:, twins], axis=1)
    return np.take_along_axis(label, order, axis=1)


class LinearExtensions:
    r"""The topological orders of a graph in which the twins of a class come in the order of their labels.

    An order is a path through the ideals (sets closed under parents) from the empty set to all tables. With :math:`N(S)` the
    number of ways to go on from the ideal :math:`S`,

    .. math:: N(S) = \sum_{v \notin S,\ \text{pa}(v) \subseteq S} N(S \cup \{v\}),

    and choosing :math:`v` in proportion to :math:`N(S \cup \{v\})` draws an order uniformly.

    Args:
        edge: acyclic adjacency matrix, parent to child.
        is_allowed: which ideals an order may pass through, from an array of bit sets; by default all.

    Raises:
        DatabaseError: there are too many ideals.
    """

    def __init__(self, edge: Bool[np.ndarray, "parent child"], is_allowed: Callable[[np.ndarray], np.ndarray] = _every_ideal):
        self.edge, n = edge, len(edge)
        before = edge.copy()
        for twins in twin_classes(edge):
            before[twins[:-1], twins[1:]] = True
        parents, table = bits(before), 1 << np.arange(n)
        level = [np.zeros(1, np.int64)]
        for _ in range(n):
            ideals = level[-1][:, None]
            following = np.unique((ideals | table)[((ideals & parents) == parents) & (ideals & table == 0)])
            level.append(following[is_allowed(following)])
            if sum(map(len, level)) > MAX_IDEAL:
                raise DatabaseError(
                    f"{n} tables have more than {MAX_IDEAL:,} sets that are closed under parents: too many to count"
                )
        self._next: list[np.ndarray] = []
        self._count = [np.ones(len(level[n]))]
        for step in reversed(range(n)):
            ideals = level[step][:, None]
            place = np.searchsorted(level[step + 1], ideals | table)
            place = np.minimum(place, max(len(level[step + 1]) - 1, 0))
            found = (ideals & table == 0) & ((ideals & parents) == parents)
            found &= level[step + 1][place] == (ideals | table) if len(level[step + 1]) else False
            self._next.insert(0, np.where(found, place, -1))
            count = self._count[0][place] if len(self._count[0]) else np.zeros(place.shape)
            self._count.insert(0, np.where(found, count, 0.0).sum(1))
        self.n_twin_order = math.prod(math.factorial(len(twins)) for twins in twin_classes(edge))

    @property
    def n_order(self) -> float:
        """Number of orders, twins in the order of their labels."""
        return float(self._count[0].sum())

    def all(self) -> Int[np.ndarray, "order place"]:
        """Every order."""
        order, state = np.zeros((1, 0), np.int64), np.zeros(1, np.int64)
        for step, following in enumerate(self._next):
            row, table = np.nonzero((following[state] >= 0) & (self._ways(step, state) > 0))
            order, state = np.column_stack([order[row], table]), following[state[row], table]
        return order

    def draw(self, rng: np.random.Generator, size: int) -> Int[np.ndarray, "order place"]:
        """Uniform independent orders."""
        order, state = np.zeros((size, len(self.edge)), np.int64), np.zeros(size, np.int64)
        for step, following in enumerate(self._next):
            ways = self._ways(step, state).cumsum(1)
            table = (ways <= rng.random(size)[:, None] * ways[:, -1:]).sum(1)
            order[:, step], state = table, following[state, table]
        return order

    def _ways(self, step: int, state: np.ndarray) -> np.ndarray:
        """Ways to go on after each choice of the next table."""
        following = self._next[step][state]
        return np.where(following >= 0, self._count[step + 1][following], 0.0)

    def independent(self, rng: np.random.Generator, size: int) -> Orders:
        """Uniform draws, one after another, each with the weight that makes their sum an estimate of one over all orders."""
        order, weight = self.draw(rng, size), math.log(self.n_order) + math.log(self.n_twin_order) - math.log(size)
        return Orders(self.edge, order, np.ones(size, np.int64), np.full(size, weight), order, is_complete=False)

    def distinct(self, rng: np.random.Generator, max_order: int | float) -> Orders:
        """All orders, or ``max_order`` uniform draws where there are more, one for each ordered matrix."""
        is_complete, max_order = self.n_order <= max_order, int(min(max_order, self.n_order))
        order = self.all() if is_complete else self.draw(rng, max_order)
        ordered = self.edge[order[:, :, None], order[:, None, :]].reshape(len(order), -1)
        _, index, group, count = np.unique(
            np.packbits(ordered, axis=1), axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        scale = self.n_twin_order * (1.0 if is_complete else self.n_order / max_order)
        grouped = order[np.argsort(group.reshape(-1), kind="stable")]
        return Orders(self.edge, order[index], count, np.log(count * scale), grouped, is_complete)
