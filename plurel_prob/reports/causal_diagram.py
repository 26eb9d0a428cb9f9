"""The causal graph of a table: its columns, its hidden nodes, and what comes from other tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from plurel_prob.databases.schema import table_name
from plurel_prob.errors import DatabaseError
from plurel_prob.reports.layers import Layout, lay_out
from plurel_prob.reports.subject import Subject
from plurel_prob.reports.svg import EMPTY, Drawing, element, fit, group, line, number, text, text_width

MAX_COLUMN_WIDTH, COLUMN_HEIGHT, HIDDEN = 112.0, 22.0, 20.0
MARGIN, GAP, LEGEND = 22.0, 9.0, 58.0
CHANNEL, NARROW_CHANNEL, MANY_LAYERS = 66.0, 36.0, 9  # between layers, and where there are many of them
MIN_EDGE, MAX_EDGE, EDGES_A_NODE = 24, 160, 2  # bounds on what is drawn
FULL_WIDTH = 0.9  # share of the weights that is below the widest line


@dataclass(frozen=True)
class CausalGraph:
    """What is drawn of a table's causal graph.

    Attributes:
        names: of the nodes, a column's own or the index of a hidden one.
        is_column: whether a node is a column.
        is_categorical: whether a node holds categories.
        is_shown: whether a node's column is in the table: constant ones are not.
        is_inner: whether a node has a cause within the table; it then takes the columns of parent tables, too.
        edges: cause and effect, the strongest of each effect first.
        weights: of the edges.
        n_edge: edges of the whole graph.
        foreign: what comes from other tables, a line for each foreign key.
        family: law that the graph was drawn from.
    """

    names: list[str]
    is_column: list[bool]
    is_categorical: list[bool]
    is_shown: list[bool]
    is_inner: list[bool]
    edges: list[tuple[int, int]]
    weights: list[float]
    n_edge: int
    foreign: list[str]
    family: str

    @property
    def width(self) -> float:
        """Width of a column's mark: that of the longest name."""
        names = [name for name, is_column in zip(self.names, self.is_column, strict=True) if is_column]
        return min(MAX_COLUMN_WIDTH, max((text_width(name) for name in names), default=0.0) + 18)


def causal_graph_of(subject: Subject, table: str) -> CausalGraph | None:
    """Return the graph of a table; None if there are no latents.

    Raises:
        DatabaseError: there is no such table.
    """
    if table not in subject.schemas:
        raise DatabaseError(f"{subject.name}: no table {table}; there are {', '.join(subject.schemas)}")
    latents = subject.latents_of(table)
    if latents is None:
        return None
    edge, weight = latents.edge.to_numpy() == 1, latents.edge_weight.to_numpy()
    n_node = len(edge)
    column = dict(zip(latents.column_node.to_numpy().tolist(), map(str, latents.column.values), strict=True))
    edges = strongest(edge, weight)
    return CausalGraph(
        [column.get(node, str(node)) for node in range(n_node)],
        [node in column for node in range(n_node)],
        [bool(is_one) for is_one in latents.is_categorical.to_numpy()],
        [column.get(node) in subject.schemas[table].columns for node in range(n_node)],
        [bool(is_one) for is_one in edge.any(0)],
        edges,
        [float(weight[a, b]) for a, b in edges],
        int(edge.sum()),
        _foreign(subject, latents),
        str(latents.family.item()),
    )


def _foreign(subject: Subject, latents: Any) -> list[str]:
    if "parent_table" not in latents:
        return []
    parents = [table_name(int(parent)) for parent in latents.parent_table.to_numpy()]
    sizes = [subject.latents_of(parent).sizes["column"] for parent in parents]
    keys = zip(latents.foreign_key.values, parents, sizes, strict=True)
    return [f"{n} column{'s' * (n != 1)} of {parent} along {key}" for key, parent, n in keys]


def strongest(edge: np.ndarray, weight: np.ndarray) -> list[tuple[int, int]]:
    """Edges to draw: all if they are few, otherwise as many of the heaviest of each effect as leave the picture legible."""
    limit = min(max(EDGES_A_NODE * len(edge), MIN_EDGE), MAX_EDGE)
    size = np.where(edge, np.abs(weight), -1.0)
    rank = np.argsort(np.argsort(-size, axis=0, kind="stable"), axis=0, kind="stable")
    cause, effect = np.nonzero(edge)
    order = np.lexsort((-size[cause, effect], rank[cause, effect]))[:limit]
    return sorted((int(cause[i]), int(effect[i])) for i in order)


def causal_drawing(subject: Subject, table: str) -> Drawing | None:
    """Draw a table's causal graph, causes to the left of effects; None if there are no latents."""
    graph = causal_graph_of(subject, table)
    if graph is None:
        return None
    extent = [COLUMN_HEIGHT if is_column else HIDDEN for is_column in graph.is_column]
    layout = lay_out(extent, graph.edges, gap=GAP, bend=3.0)
    lefts, thickness = _columns(layout, graph)
    size = np.abs(graph.weights)
    full = float(np.quantile(size, FULL_WIDTH)) if len(size) else 1.0
    edges = [
        _edge(edge, weight, full, graph, layout, route, lefts, thickness)
        for edge, weight, route in zip(graph.edges, graph.weights, layout.route, strict=True)
    ]
    nodes = [
        _node(graph, i, lefts[layout.layer[i]] + thickness[layout.layer[i]] / 2, layout.place[i]) for i in range(len(extent))
    ]
    top = LEGEND + 16 * len(graph.foreign) + MARGIN
    body = _legend(graph) + group(*edges, *nodes, transform=f"translate(0 {number(top)})")
    places = [*layout.place, *(place for route in layout.route for place in route)]
    width = max((left + thick for left, thick in zip(lefts, thickness, strict=True)), default=0.0) + MARGIN
    height = top + max(places, default=0.0) + COLUMN_HEIGHT / 2 + MARGIN
    return Drawing(max(width, 620.0), height, f"Causal graph of {table}", in_words(graph), body)


def in_words(graph: CausalGraph) -> str:
    """What the drawing shows, as a text."""
    n_hidden = len(graph.names) - sum(graph.is_column)
    left_out = graph.n_edge - len(graph.edges)
    cut = (
        f" The {len(graph.edges)} strongest are drawn, by weight among an effect's; {left_out} are left out." if left_out else ""
    )
    foreign = f" Nodes with a cause also take {'; '.join(graph.foreign)}." if graph.foreign else ""
    n_column, law = sum(graph.is_column), f"law {graph.family}"
    return f"{n_column} columns and {n_hidden} hidden nodes, {graph.n_edge} edges, {law}.{cut}{foreign}"


def _columns(layout: Layout, graph: CausalGraph) -> tuple[list[float], list[float]]:
    """Left side and thickness of each layer: thin ones have hidden nodes only."""
    n_layer = max(layout.layer, default=-1) + 1
    has_column = {layer for layer, is_column in zip(layout.layer, graph.is_column, strict=True) if is_column}
    thickness = [graph.width if layer in has_column else HIDDEN for layer in range(n_layer)]
    channel = CHANNEL if n_layer <= MANY_LAYERS else NARROW_CHANNEL
    lefts = [MARGIN + sum(thickness[:layer]) + channel * layer for layer in range(n_layer)]
    return lefts, thickness


def _half(graph: CausalGraph, node: int) -> float:
    return graph.width / 2 if graph.is_column[node] else HIDDEN / 2


def _node(graph: CausalGraph, node: int, x: float, y: float) -> Markup:
    name, kind = graph.names[node], "categories" if graph.is_categorical[node] else "numbers"
    if graph.is_column[node]:
        what = "column" if graph.is_shown[node] else "constant column, which the table lacks"
        title = f"{name}: {what}, {kind}"
        half, radius = graph.width / 2, 3.0 if graph.is_categorical[node] else COLUMN_HEIGHT / 2
        shape = element("rect", x=x - half, y=y - 11, width=graph.width, height=COLUMN_HEIGHT, rx=radius, class_="entity")
        if not graph.is_shown[node]:
            shape = element(
                "rect", x=x - half, y=y - 11, width=graph.width, height=COLUMN_HEIGHT, rx=radius, class_="box optional"
            )
        label = text(x, y + 4, fit(name, graph.width - 14), f"middle {'on-entity' if graph.is_shown[node] else 'ink'}")
    else:
        title = f"hidden node {name}: {kind}"
        corner = 3.0 if graph.is_categorical[node] else HIDDEN / 2
        shape = element("rect", x=x - 10, y=y - 10, width=HIDDEN, height=HIDDEN, rx=corner, class_="box")
        label = text(x, y + 4, name, "small middle muted")
    half = _half(graph, node)
    takes = element("path", d=f"M{number(x - half - 7)} {number(y - 11)}l4 4l-4 4l-4 -4Z", class_="other")
    return group(element("title", title), shape, label, takes if graph.foreign and graph.is_inner[node] else EMPTY)


def _edge(
    edge: tuple[int, int],
    weight: float,
    full: float,
    graph: CausalGraph,
    layout: Layout,
    route: list[float],
    lefts: list[float],
    thickness: list[float],
) -> Markup:
    cause, effect = edge
    layers = range(layout.layer[cause], layout.layer[effect] + 1)
    x = lefts[layers[0]] + thickness[layers[0]] / 2 + _half(graph, cause)
    y, path = route[0], f"M{number(x)} {number(route[0])}"
    for layer, place in zip(layers[1:-1], route[1:-1], strict=True):
        path += _bend(x, y, lefts[layer], place) + f"H{number(lefts[layer] + thickness[layer])}"
        x, y = lefts[layer] + thickness[layer], place
    end = lefts[layers[-1]] + thickness[layers[-1]] / 2 - _half(graph, effect)
    path += _bend(x, y, end - 6, route[-1])
    head = element("path", d=f"M{number(end)} {number(route[-1])}l-7 -3.5v7Z", class_="other" if weight < 0 else "mark")
    stroke = 0.7 + 2.3 * min(abs(weight) / full, 1.0) if full else 1.0
    sign = "other-edge optional" if weight < 0 else "mark-edge"
    shown = element("path", d=path, class_=sign, style=f"stroke-width:{number(stroke)};stroke-opacity:.75")
    return group(element("title", f"{graph.names[cause]} to {graph.names[effect]}, weight {weight:.3g}"), shown, head)


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = number((x + to_x) / 2)
    return f"C{middle} {number(y)} {middle} {number(to_y)} {number(to_x)} {number(to_y)}"


def _legend(graph: CausalGraph) -> Markup:
    x, y = MARGIN, MARGIN
    parts = [element("rect", x=x, y=y - 11, width=40.0, height=16.0, rx=8.0, class_="entity"), text(x + 48, y + 1, "column")]
    x += 108
    parts += [element("rect", x=x, y=y - 11, width=40.0, height=16.0, rx=8.0, class_="box optional")]
    parts += [text(x + 48, y + 1, "constant column")]
    x += 164
    parts += [element("rect", x=x, y=y - 11, width=16.0, height=16.0, rx=8.0, class_="box"), text(x + 24, y + 1, "hidden node")]
    x += 112
    parts += [
        element("rect", x=x, y=y - 11, width=16.0, height=16.0, rx=3.0, class_="box"),
        text(x + 24, y + 1, "square: categories"),
    ]
    x, y = MARGIN, y + 20
    parts += [line(x, y - 3, x + 40, y - 3, "mark-edge"), text(x + 48, y + 1, "positive weight")]
    parts += [line(x + 164, y - 3, x + 204, y - 3, "other-edge optional"), text(x + 212, y + 1, "negative weight")]
    left_out = graph.n_edge - len(graph.edges)
    if left_out:
        words = f"{len(graph.edges)} strongest of {graph.n_edge} edges; {left_out} left out"
        parts.append(text(x + 328, y + 1, words, "muted"))
    for i, words in enumerate(graph.foreign):
        top = y + 19 + 16 * i
        parts.append(element("path", d=f"M{number(x + 8)} {number(top - 7)}l4 4l-4 4l-4 -4Z", class_="other"))
        parts.append(text(x + 20, top, f"also takes {words}"))
    return EMPTY.join(parts)
