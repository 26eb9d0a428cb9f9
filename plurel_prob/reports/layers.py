"""Layered drawings of directed graphs (Sugiyama, Tagawa and Toda, 1981): layers, their order, then places.

Nodes are 0, 1, ...; an edge is (cause, effect). Where an edge passes layers, a bend of it stands in each of them.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import NamedTuple

from plurel_prob.reports.places import Neighbors, spread_out

Edge = tuple[int, int]
N_SWEEP = 24
MAX_SWAPPED = 1500  # nodes and bends; beyond, neighbours are not exchanged one by one


class Layout(NamedTuple):
    """Where nodes and edges of a graph go.

    Attributes:
        layer: of each node; an edge leads to a later one, unless it closes a cycle.
        place: centre of each node, across the layers.
        route: of each edge its places in the layers that it passes, from its cause's to its effect's; empty for a loop.
        n_crossing: crossings of edges between neighbouring layers.
        n_crossing_before: the same before the order was improved.
    """

    layer: list[int]
    place: list[float]
    route: list[list[float]]
    n_crossing: int
    n_crossing_before: int


def lay_out(
    extent: Sequence[float],
    edges: Sequence[Edge],
    *,
    gap: float,
    bend: float = 0.0,
    ports: Sequence[tuple[float, float]] | None = None,
) -> Layout:
    """Lay a graph out.

    Args:
        extent: size of each node across the layers.
        edges: cycles and loops are allowed.
        gap: least distance between neighbours of a layer.
        bend: room for an edge that passes a layer.
        ports: where each edge leaves its cause and meets its effect, relative to their centres.
    """
    ports = ports or [(0.0, 0.0)] * len(edges)
    forward = acyclic(len(extent), edges)
    layer = layers_of(forward, extent)
    sizes, neighbors, chains = list(extent), Neighbors.of(len(extent)), []
    levels: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node in depth_first(len(extent), forward):
        levels[layer[node]].append(node)
    for (cause, effect), (at_cause, at_effect) in zip(edges, ports, strict=True):
        chain = [cause] if cause != effect else []
        step = 1 if layer[cause] < layer[effect] else -1
        for passed in range(layer[cause] + step, layer[effect], step) if chain else ():
            levels[passed].append(len(sizes))
            chain.append(len(sizes))
            sizes.append(bend)
            neighbors.add_node()
        chains.append([*chain, effect] if chain else [])
        neighbors.add_chain(chains[-1], at_cause, at_effect, is_down=step == 1)
    before = n_crossing(levels, neighbors)
    levels = in_order(levels, neighbors)
    place = spread_out(levels, neighbors, sizes, gap, len(extent))
    routes = [[place[node] for node in chain] for chain in chains]
    return Layout(layer, place[: len(extent)], routes, n_crossing(levels, neighbors), before)


def depth_first(n_node: int, edges: Sequence[Edge]) -> list[int]:
    """Nodes in the order in which a walk along edges comes by, causes first where it can choose."""
    following = _following(n_node, edges)
    n_cause = [0] * n_node
    for _, effect in edges:
        n_cause[effect] += 1
    order, seen = [], set()
    for start in sorted(range(n_node), key=lambda node: n_cause[node] > 0):
        todo = [start]
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                order.append(node)
                todo.extend(reversed(following[node]))
    return order


def _following(n_node: int, edges: Sequence[Edge]) -> list[list[int]]:
    following: list[list[int]] = [[] for _ in range(n_node)]
    for cause, effect in edges:
        following[cause].append(effect)
    return following


def acyclic(n_node: int, edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges without loops, turned around where a depth-first walk finds that they close a cycle."""
    following = _following(n_node, edges)
    is_open, is_done, back = [False] * n_node, [False] * n_node, set()
    for start in range(n_node):
        todo = [] if is_done[start] else [(start, iter(following[start]))]
        is_open[start] = True
        while todo:
            node, rest = todo[-1]
            effect = next(rest, None)
            if effect is None:
                is_open[node], is_done[node] = False, True
                todo.pop()
            elif is_open[effect]:
                back.add((node, effect))
            elif not is_done[effect]:
                is_open[effect] = True
                todo.append((effect, iter(following[effect])))
        is_open[start] = False
    return [(b, a) if (a, b) in back else (a, b) for a, b in edges if a != b]


def layers_of(edges: Sequence[Edge], extent: Sequence[float]) -> list[int]:
    """Layer of each node of an acyclic graph: after all causes, and directly before the first effect where there is no cause.

    Nodes without edges fill the layers that are the least full.
    """
    n_node = len(extent)
    following = _following(n_node, edges)
    n_cause, layer = [0] * n_node, [0] * n_node
    for _, effect in edges:
        n_cause[effect] += 1
    is_source = [n == 0 for n in n_cause]
    todo = [node for node in range(n_node) if n_cause[node] == 0]
    for node in todo:
        for effect in following[node]:
            layer[effect] = max(layer[effect], layer[node] + 1)
            n_cause[effect] -= 1
            if n_cause[effect] == 0:
                todo.append(effect)
    for node in range(n_node):
        if is_source[node] and following[node]:
            layer[node] = min(layer[effect] for effect in following[node]) - 1
    alone = [node for node in range(n_node) if is_source[node] and not following[node]]
    n_layer = max(layer, default=0) + 1
    if n_layer == 1:  # no edges at all: a square
        n_layer = max(1, round(n_node**0.5))
    full = [0.0] * n_layer
    for node in set(range(n_node)) - set(alone):
        full[layer[node]] += extent[node]
    for node in alone:
        layer[node] = full.index(min(full))
        full[layer[node]] += extent[node]
    return layer


def n_crossing(levels: list[list[int]], neighbors: Neighbors) -> int:
    """Crossings of the edges between neighbouring layers."""
    total = 0
    for upper, lower in zip(levels[:-1], levels[1:], strict=True):
        at = {node: i for i, node in enumerate(lower)}
        seen: list[int] = []
        for node in upper:
            ends = sorted(at[effect] for effect in neighbors.down[node])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def in_order(levels: list[list[int]], neighbors: Neighbors) -> list[list[int]]:
    """Order the nodes of each layer by the mean place of their neighbours, to the right and to the left; the best is kept."""
    best, least = levels, n_crossing(levels, neighbors)
    current = [list(level) for level in levels]
    for sweep in range(N_SWEEP):
        side, step = (neighbors.up, 1) if sweep % 2 == 0 else (neighbors.down, -1)
        for i in range(1, len(current)) if step == 1 else range(len(current) - 2, -1, -1):
            current[i] = by_mean(current[i], side, current[i - step])
        n = n_crossing(current, neighbors)
        if n < least:
            best, least = [list(level) for level in current], n
        if least == 0:
            break
    if least and sum(map(len, best)) <= MAX_SWAPPED:
        swap_neighbors(best, neighbors)
    return best


def by_mean(level: list[int], side: list[list[int]], fixed: list[int]) -> list[int]:
    """Order a layer by the mean places of its nodes' neighbours in another; nodes without any stay about where they are."""
    at = {node: place for place, node in enumerate(fixed)}
    scale = len(level) / max(len(fixed), 1)
    means = [
        scale * (sum(at[other] for other in side[node]) / len(side[node]) + 0.5) - 0.5 if side[node] else float(own)
        for own, node in enumerate(level)
    ]
    return [level[i] for i in sorted(range(len(level)), key=lambda i: means[i])]


def swap_neighbors(levels: list[list[int]], neighbors: Neighbors) -> None:
    """Exchange neighbours of a layer, in place, while that saves crossings."""
    at = {node: place for level in levels for place, node in enumerate(level)}
    for _ in range(8):
        is_better = False
        for level in levels:
            for i in range(len(level) - 1):
                one, other = level[i], level[i + 1]
                if _n_between(one, other, at, neighbors) > _n_between(other, one, at, neighbors):
                    level[i], level[i + 1] = other, one
                    at[one], at[other] = i + 1, i
                    is_better = True
        if not is_better:
            return


def _n_between(left: int, right: int, at: dict[int, int], neighbors: Neighbors) -> int:
    """Crossings of the edges of two neighbours."""
    sides = ((side[left], side[right]) for side in (neighbors.up, neighbors.down))
    return sum(at[a] > at[b] for ofs_left, ofs_right in sides for a in ofs_left for b in ofs_right)
