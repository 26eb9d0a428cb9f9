"""In which order tables can be filled, parents first, and which keys have to wait for that."""

from collections import defaultdict, deque
from itertools import count

import networkx as nx

from plurel_prob.declared.schema import DeclaredSchema, DeclaredTable, ForeignKey

Arc = tuple[str, str]  # child, parent
Key = tuple[str, ForeignKey]  # the child, and one of its keys
REQUIRED = 100  # what a key that cannot be missing costs, in keys that can
UNREACHABLE = 1 << 60  # more keys than there are
MAX_WORK = 5_000_000  # arcs that the search for the fewest keys may follow, some tenths of a second


def order_tables(schema: DeclaredSchema) -> tuple[list[str], list[Key]]:
    """Order tables such that parents come first.

    Where tables refer to each other in a circle, keys are broken, and such as may be missing if there are any: their parents
    come later. They are as few as possible, where that can be found out in a fraction of a second, else few. Tables that depend
    on each other in no way keep the order of their declaration.

    Returns:
        Names of the tables, and the broken keys with their tables, among them each table's key to itself.
    """
    arcs: dict[Arc, int] = {}  # what it costs to break all keys of a table to another
    required: set[Arc] = set()
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.parent != table.name:
                is_free = is_optional(table, key)
                arcs[table.name, key.parent] = arcs.get((table.name, key.parent), 0) + (1 if is_free else REQUIRED)
                required |= set() if is_free else {(table.name, key.parent)}
    required -= {arc for part in _components(dict.fromkeys(required, 0)) for arc in part}  # circles that no key opens by itself
    search = _Search(required)
    broken = set().union(*(search.fewest(part) for part in _components(arcs)))
    names = _sorted([table.name for table in schema.tables], set(arcs) - broken)
    waiting = [
        (table.name, key)
        for table in schema.tables
        for key in table.foreign_keys
        if key.parent == table.name or (table.name, key.parent) in broken
    ]
    return names, waiting


def is_optional(table: DeclaredTable, key: ForeignKey) -> bool:
    """Whether a foreign key may be missing: it is where one of its columns is."""
    return any(table.column(name).is_nullable for name in key.columns)


def _components(arcs: dict[Arc, int]) -> list[dict[Arc, int]]:
    """Arcs that lie on circles, by the strongly connected part of the graph that they are in."""
    parts = sorted(sorted(part) for part in nx.strongly_connected_components(nx.DiGraph(list(arcs))) if len(part) > 1)
    number = {name: i for i, part in enumerate(parts) for name in part}
    found: list[dict[Arc, int]] = [{} for _ in parts]
    for (child, parent), n in arcs.items():
        if child in number and number[child] == number.get(parent):
            found[number[child]][child, parent] = n
    return found


class _TooMuch(Exception):
    """A search has followed more arcs than it may."""


class _Search:
    """Search for arcs with the fewest keys without which there is no circle.

    The problem (minimum feedback arc set) is NP-hard: after so much work, counted in arcs, the rest is done by :func:`_few`.
    """

    def __init__(self, required: set[Arc]):
        self.required, self.left = required, MAX_WORK

    def fewest(self, arcs: dict[Arc, int]) -> set[Arc]:
        """Arcs of one part; of each circle one goes, so all of the shortest are tried."""
        try:
            for n_key in count(self._least(arcs, self.required)):
                broken = self._within(arcs, self.required, n_key)
                if broken is not None:
                    return broken
        except _TooMuch:
            pass
        return _few(arcs, self.required & set(arcs))

    def _within(self, arcs: dict[Arc, int], required: set[Arc], n_key: int) -> set[Arc] | None:
        """Arcs of at most ``n_key`` keys without which there is no circle; None if there are none."""
        circle = self._shortest_circle(set(arcs))
        if not circle:
            return set()
        if self._least(arcs, required) > n_key:
            return None
        kept = set(required)  # what was tried before is not tried again
        for arc in circle:
            if arc not in kept and arcs[arc] <= n_key:
                rest = self._within({other: n for other, n in arcs.items() if other != arc}, kept, n_key - arcs[arc])
                if rest is not None:
                    return rest | {arc}
                kept.add(arc)
        return None

    def _least(self, arcs: dict[Arc, int], required: set[Arc]) -> int:
        """Bound from below: each of some circles without common arcs has to lose its cheapest one."""
        left, total = set(arcs), 0
        while circle := self._shortest_circle(left):
            free = [arcs[arc] for arc in circle if arc not in required]
            if not free:
                return UNREACHABLE
            total += min(free)
            left -= set(circle)
        return total

    def _shortest_circle(self, arcs: set[Arc]) -> list[Arc]:
        """Shortest circle of arcs, of several the one whose names come first; empty if there is none."""
        parents: dict[str, list[str]] = {}
        for child, parent in sorted(arcs):
            parents.setdefault(child, []).append(parent)
        self.left -= len(parents) * len(arcs)
        if self.left < 0:
            raise _TooMuch
        circles = (_circle_through(start, parents) for start in parents)
        return min((circle for circle in circles if circle), key=len, default=[])


def _circle_through(start: str, parents: dict[str, list[str]]) -> list[Arc]:
    child_of: dict[str, str] = {}
    queue = deque([start])
    while queue and start not in child_of:
        table = queue.popleft()
        for parent in parents.get(table, ()):
            if parent not in child_of:
                child_of[parent] = table
                queue.append(parent)
    if start not in child_of:
        return []
    circle = [(child_of[start], start)]
    while circle[-1][0] != start:
        circle.append((child_of[circle[-1][0]], circle[-1][0]))
    return circle[::-1]


def _few(arcs: dict[Arc, int], required: set[Arc]) -> set[Arc]:
    """Few arcs without which there is no circle, none of them required; those have no circle of their own.

    Tables are put in an order that has required parents first. One at a time moves to where the fewest keys refer to later
    tables, until none can; then arcs that close no circle come back, those of many keys first.
    """
    near = defaultdict[str, list[tuple[str, bool, int]]](list)  # tables around each: whether it is a parent, what breaking costs
    for (child, parent), n in arcs.items():
        cost = UNREACHABLE if (child, parent) in required else n
        near[child].append((parent, True, cost))
        near[parent].append((child, False, cost))
    order = _sorted(sorted(near), required)
    place = {name: float(i) for i, name in enumerate(order)}

    def broken_at(name: str, at: float) -> int:
        return sum(n for other, is_parent, n in near[name] if is_parent == (place[other] > at))

    is_better = True
    while is_better:
        is_better = False
        for name in order:
            sides = [place[other] + (0.5 if is_parent else -0.5) for other, is_parent, _ in near[name]]
            best = min(sides, key=lambda at: broken_at(name, at))
            if broken_at(name, best) < broken_at(name, place[name]):
                place[name], is_better = best, True
                place = {other: float(i) for i, other in enumerate(sorted(place, key=lambda other: place[other]))}
    late = [arc for arc in arcs if place[arc[1]] > place[arc[0]]]
    graph = nx.DiGraph([arc for arc in arcs if arc not in set(late)])
    for child, parent in sorted(late, key=lambda arc: (-arcs[arc], arc)):
        if not (child in graph and parent in graph and nx.has_path(graph, parent, child)):
            graph.add_edge(child, parent)
    return {arc for arc in arcs if arc not in graph.edges}


def _sorted(names: list[str], arcs: set[Arc]) -> list[str]:
    """Topological order; of tables that are ready, the one declared first."""
    place = {name: i for i, name in enumerate(names)}
    graph = nx.DiGraph([(parent, child) for child, parent in arcs])
    graph.add_nodes_from(names)
    return list(nx.lexicographical_topological_sort(graph, key=place.__getitem__))
