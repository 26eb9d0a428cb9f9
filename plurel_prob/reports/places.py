"""Places of nodes within their layers: near their neighbours, in order, without overlaps."""

from collections.abc import Sequence
from typing import NamedTuple

N_ROUND = 12
STRAIGHT = 8.0  # weight of what keeps a long edge straight


class Neighbors(NamedTuple):
    """Of every node its neighbours in the layers before and after it, and how far their ports are shifted against each other."""

    up: list[list[int]]
    down: list[list[int]]
    up_shift: list[list[float]]
    down_shift: list[list[float]]

    @classmethod
    def of(cls, n_node: int) -> "Neighbors":
        """Nodes without edges."""
        return cls(*([[] for _ in range(n_node)] for _ in range(4)))  # type: ignore[arg-type]

    def add_node(self) -> None:
        """Add a node without edges."""
        for lists in self:
            lists.append([])

    def add_chain(self, chain: list[int], at_first: float, at_last: float, *, is_down: bool) -> None:
        """Connect nodes one after another; ports of the first and the last are relative to their centres."""
        n = len(chain)
        for i in range(n - 1):
            here = at_first if i == 0 else 0.0
            there = at_last if i == n - 2 else 0.0
            one, other = (chain[i], chain[i + 1]) if is_down else (chain[i + 1], chain[i])
            shift = here - there if is_down else there - here
            self.down[one].append(other)
            self.down_shift[one].append(-shift)
            self.up[other].append(one)
            self.up_shift[other].append(shift)


def spread_out(levels: list[list[int]], neighbors: Neighbors, extent: Sequence[float], gap: float, n_node: int) -> list[float]:
    """Place all nodes and, from ``n_node`` on, bends, so that none of a layer is nearer to its neighbour than ``gap``."""
    place = [0.0] * len(extent)
    for level in levels:
        for node, at in zip(level, in_a_row([0.0] * len(level), [1.0] * len(level), _least(level, extent, gap)), strict=True):
            place[node] = at
    for turn in range(N_ROUND):
        for level in levels if turn % 2 == 0 else levels[::-1]:
            wanted, weight = [], []
            for node in level:
                pulls = [
                    (place[other] + shift, STRAIGHT if node >= n_node and other >= n_node else 1.0)
                    for others, shifts in (
                        (neighbors.up[node], neighbors.up_shift[node]),
                        (neighbors.down[node], neighbors.down_shift[node]),
                    )
                    for other, shift in zip(others, shifts, strict=True)
                ]
                total = sum(w for _, w in pulls)
                wanted.append(sum(at * w for at, w in pulls) / total if pulls else place[node])
                weight.append(total or 0.01)
            for node, at in zip(level, in_a_row(wanted, weight, _least(level, extent, gap)), strict=True):
                place[node] = at
    low = min((place[node] - extent[node] / 2 for level in levels for node in level), default=0.0)
    return [at - low for at in place]


def _least(level: list[int], extent: Sequence[float], gap: float) -> list[float]:
    """Least distances between the centres of neighbours."""
    return [(extent[one] + extent[other]) / 2 + gap for one, other in zip(level[:-1], level[1:], strict=True)]


def in_a_row(wanted: Sequence[float], weight: Sequence[float], least: Sequence[float]) -> list[float]:
    r"""Places :math:`x` that minimise :math:`\sum_i w_i (x_i - y_i)^2` under :math:`x_{i+1} - x_i \geq d_i`.

    Without the distances that is an isotonic regression, which pooling adjacent violators solves exactly.
    """
    shift = [0.0]
    for distance in least:
        shift.append(shift[-1] + distance)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for y, w, s in zip(wanted, weight, shift[: len(wanted)], strict=True):
        pool = (y - s, w, 1)
        while pools and pools[-1][0] >= pool[0]:
            mean, total, n = pools.pop()
            both = total + pool[1]
            pool = ((mean * total + pool[0] * pool[1]) / both, both, n + pool[2])
        pools.append(pool)
    flat = [mean for mean, _, n in pools for _ in range(n)]
    return [at + s for at, s in zip(flat, shift[: len(flat)], strict=True)]
