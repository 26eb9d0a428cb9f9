"""The observed thing: the directed graph over the tables of a database, parent to child."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int

from plurel_prob.databases import Database
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import SchemaPrior
from plurel_prob.priors.fields import support_bounds

if TYPE_CHECKING:
    import networkx

STATISTICS = ("n_edge", "max_parent", "depth", "n_root", "n_component")


def table_graph(observed: Database) -> "networkx.DiGraph":
    """Which table refers to which: an edge from parent to child, once however many keys there are.

    References of a table to itself are left out: the priors have none.

    Raises:
        DatabaseError: a key refers to what is no table.
    """
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(observed.schema.tables)
    for child, key, parent in observed.schema.foreign_keys:
        if parent not in observed.schema.tables:
            raise DatabaseError(f"{observed.name}: {child}.{key} refers to {parent}, which is no table")
        if child != parent:
            graph.add_edge(parent, child)
    return graph


def adjacency(graph: "networkx.DiGraph", prior: SchemaPrior) -> Bool[np.ndarray, "parent child"]:
    """Matrix of a graph that a schema can be, tables in the order of the graph.

    Raises:
        DatabaseError: the graph has a cycle, or a number of tables that the prior excludes.
    """
    import networkx

    tables = list(graph.nodes)
    if not networkx.is_directed_acyclic_graph(graph):
        path = [parent for parent, *_ in networkx.find_cycle(graph)]
        names = " -> ".join(str(table) for table in [*path, path[0]])
        raise DatabaseError(f"tables refer to each other in a cycle, {names}; schemas of the prior have none: leave out a key")
    low, high = support_bounds(prior.n_table)
    if len(tables) < 2 or not low <= len(tables) <= high or not np.isfinite(prior.n_table.log_prob(len(tables))):
        raise DatabaseError(
            f"the graph has {len(tables)} table(s); the prior allows {low:g} to {high:g}: give another n_table in a prior file"
        )
    return networkx.to_numpy_array(graph, nodelist=tables, weight=None).astype(bool)


def check_parents(edge: Bool[np.ndarray, "parent child"], tables: list, prior: SchemaPrior) -> None:
    """Raise :class:`DatabaseError` where a table has more parents than the prior's law allows."""
    n_parent = edge.sum(0)
    if n_parent.max() > prior.max_parent:
        raise DatabaseError(
            f"table {tables[int(n_parent.argmax())]} refers to {n_parent.max()} tables, and the prior allows {prior.max_parent}, "
            f'so that the graph has probability 0; use the prior "plurel-untruncated"'
        )


def layers(edge: Bool[np.ndarray, "*draw parent child"]) -> Int[np.ndarray, "*draw table"]:
    """Layer of every table of acyclic graphs: one more than the highest of its parents'."""
    layer = np.zeros(edge.shape[:-1], int)
    for _ in range(edge.shape[-1]):
        layer = np.where(edge, layer[..., :, None] + 1, 0).max(-2)
    return layer


def statistics(edge: Bool[np.ndarray, "*draw parent child"]) -> dict[str, np.ndarray]:
    """Summaries of acyclic graphs: edges, parents of a table at most, layers (of the longest path), roots, components."""
    n = edge.shape[-1]
    reach = np.eye(n, dtype=bool) | edge | edge.swapaxes(-1, -2)
    for _ in range(n):
        reach = reach @ reach
    n_in_component = reach.sum(-1)
    summaries = {
        "n_edge": edge.sum((-1, -2)),
        "max_parent": edge.sum(-2).max(-1),
        "depth": layers(edge).max(-1) + 1,
        "n_root": (~edge.any(-2)).sum(-1),
        "n_component": np.rint((1 / n_in_component).sum(-1)).astype(int),
    }
    return {name: np.asarray(value) for name, value in summaries.items()}
