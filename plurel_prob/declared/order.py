"""In which order tables can be filled, parents first, and which keys have to wait for that."""

from collections import deque
from heapq import heapify, heappop, heappush
from itertools import count

from plurel_prob.declared.schema import DeclaredSchema, DeclaredTable, ForeignKey

Arc = tuple[str, str]  # child, parent
Key = tuple[str, ForeignKey]  # the child, and one of its keys
REQUIRED = 100  # what a key that cannot be missing costs, in keys that can
UNREACHABLE = 1 << 60  # more keys than there are


def order_tables(schema: DeclaredSchema) -> tuple[list[str], list[Key]]:
    """Order tables such that parents come first.

    Where tables refer to each other in a circle, keys are broken, as few as possible, and such as may be missing if there are
    any: their parents come later. Tables that depend on each other in no way keep the order of their declaration.

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
    broken = set().union(*(_fewest(part, required) for part in _components(arcs)))
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


def shortest_circle(arcs: set[Arc]) -> list[Arc]:
    """Shortest circle of arcs, of several the one whose names come first; empty if there is none."""
    parents: dict[str, list[str]] = {}
    for child, parent in sorted(arcs):
        parents.setdefault(child, []).append(parent)
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


def _components(arcs: dict[Arc, int]) -> list[dict[Arc, int]]:
    """Arcs that lie on circles, by the strongly connected part of the graph that they are in."""
    import networkx as nx

    parts = sorted(sorted(part) for part in nx.strongly_connected_components(nx.DiGraph(list(arcs))) if len(part) > 1)
    return [{arc: n for arc, n in arcs.items() if arc[0] in part and arc[1] in part} for part in parts]


def _fewest(arcs: dict[Arc, int], required: set[Arc]) -> set[Arc]:
    """Arcs with the fewest keys without which there is no circle; of each circle one goes, so all of the shortest are tried."""
    for n_key in count(_least(arcs, required)):
        broken = _within(arcs, required, n_key)
        if broken is not None:
            return broken
    raise AssertionError("every circle has an arc that can go")


def _within(arcs: dict[Arc, int], required: set[Arc], n_key: int) -> set[Arc] | None:
    """Arcs of at most ``n_key`` keys without which there is no circle; None if there are none."""
    circle = shortest_circle(set(arcs))
    if not circle:
        return set()
    if _least(arcs, required) > n_key:
        return None
    kept = set(required)  # what was tried before is not tried again
    for arc in circle:
        if arc not in kept and arcs[arc] <= n_key:
            rest = _within({other: n for other, n in arcs.items() if other != arc}, kept, n_key - arcs[arc])
            if rest is not None:
                return rest | {arc}
            kept.add(arc)
    return None


def _least(arcs: dict[Arc, int], required: set[Arc]) -> int:
    """Bound from below: each of some circles without common arcs has to lose its cheapest one."""
    left, total = set(arcs), 0
    while circle := shortest_circle(left):
        free = [arcs[arc] for arc in circle if arc not in required]
        if not free:
            return UNREACHABLE
        total += min(free)
        left -= set(circle)
    return total


def _sorted(names: list[str], arcs: set[Arc]) -> list[str]:
    """Topological order; of tables that are ready, the one declared first."""
    n_missing = {name: sum(child == name for child, _ in arcs) for name in names}
    place = {name: i for i, name in enumerate(names)}
    ready = [place[name] for name in names if n_missing[name] == 0]
    heapify(ready)
    result = []
    while ready:
        name = names[heappop(ready)]
        result.append(name)
        for child, parent in sorted(arcs):
            if parent == name:
                n_missing[child] -= 1
                if n_missing[child] == 0:
                    heappush(ready, place[child])
    return result
