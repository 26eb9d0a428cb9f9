"""The true causal graph over the columns of all tables."""

from typing import TYPE_CHECKING, Any

import numpy as np

from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.priors import RealisticPrior

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Any  # imported where it is used


def node_graph(database: Database) -> "nx.DiGraph":
    """Graph over all nodes of all tables, hidden ones too.

    An edge within a table has its ``weight``; an edge from a node of a parent table has the foreign key (``key``). It comes from
    columns, and goes to nodes with causes; with a :class:`plurel_prob.priors.RealisticPrior` it comes from hidden nodes, too, and
    goes to numbers without causes, too, but not to those that follow from their causes alone.
    """
    import networkx as nx

    graph = nx.DiGraph()
    groups = {name: database.latents[f"prior/{name}"] for name in database.schema.tables}
    sees_all = isinstance(database.prior.features, RealisticPrior)
    columns = {
        name: dict(zip(group.column_node.to_numpy()[0, 0].tolist(), group.column.values, strict=True))
        for name, group in groups.items()
    }

    def label(name: str, node: int) -> str:
        return f"{name}.{columns[name].get(node, f'node_{node}')}"

    for name, group in groups.items():
        is_categorical = group.is_categorical.to_numpy()[0, 0]
        for node in range(group.sizes["node"]):
            kind = "categorical" if is_categorical[node] else "numerical"
            graph.add_node(label(name, node), table=name, kind=kind, is_column=node in columns[name])
    for name, group in groups.items():
        edge, weight = group.edge.to_numpy()[0, 0], group.edge_weight.to_numpy()[0, 0]
        for cause, effect in np.argwhere(edge).tolist():
            graph.add_edge(label(name, cause), label(name, effect), weight=float(weight[cause, effect]))
        sees = edge.any(0)
        if sees_all:
            is_number = group.is_categorical.to_numpy()[0, 0] == 0
            sees = np.where(is_number, ~(sees & (group.is_follower.to_numpy()[0, 0] == 1)), sees)
        parents = [table_name(int(parent)) for parent in group.parent_table.to_numpy()[0, 0]] if "parent_table" in group else []
        for key, parent in zip(group.foreign_key.values if parents else [], parents, strict=True):
            seen = range(groups[parent].sizes["node"]) if sees_all else columns[parent]
            for node, effect in ((n, e) for n in seen for e in np.flatnonzero(sees).tolist()):
                graph.add_edge(label(parent, node), label(name, effect), key=str(key))
    return graph


def column_graph(graph: "nx.DiGraph") -> "nx.DiGraph":
    """Graph over columns: an edge where a path leads from one to the other through hidden nodes only.

    Pairs of columns that share a hidden cause are listed in ``graph.graph["confounded"]``, as text.
    """
    import networkx as nx

    columns = [node for node, is_column in graph.nodes(data="is_column") if is_column]
    result = nx.DiGraph()
    result.add_nodes_from((node, graph.nodes[node]) for node in columns)
    reached = {node: _reached(graph, node) for node in graph}
    for node in columns:
        for target in reached[node]:
            direct = graph.get_edge_data(node, target) or {}
            result.add_edge(node, target, **direct)
    hidden = (node for node, is_column in graph.nodes(data="is_column") if not is_column)
    confounded = {(a, b) for node in hidden for a in reached[node] for b in reached[node] if a < b}
    result.graph["confounded"] = "; ".join(f"{a} {b}" for a, b in sorted(confounded))
    return result


def _reached(graph: "nx.DiGraph", start: str) -> set[str]:
    """Columns that paths lead to through hidden nodes only."""
    found, seen, todo = set(), set(), list(graph.successors(start))
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        if graph.nodes[node]["is_column"]:
            found.add(node)
        else:
            todo.extend(graph.successors(node))
    return found
