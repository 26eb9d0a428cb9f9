import itertools
import re

import networkx as nx
import numpy as np
import pytest

from plurel_prob import Database, DatabaseError
from plurel_prob.cli.graph import graph as graph_command
from plurel_prob.interventions.causal_graph import column_graph
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, SEED, descendants, tables_of, tiny


@pytest.fixture(scope="module")
def drawn():
    return draw(tiny("compact"), SEED, BUCKET)


@pytest.fixture(scope="module")
def database(drawn):
    return Database.from_draw(drawn, SEED, tiny("compact"))


@pytest.mark.parametrize("seed", range(20))
def test_an_edge_is_a_path_through_hidden_nodes(seed):
    rng = np.random.default_rng(seed)
    graph = nx.DiGraph()
    for node in range(7):
        graph.add_node(f"n{node}", is_column=bool(rng.random() < 0.5), table="t")
    graph.add_edges_from((f"n{i}", f"n{j}") for i, j in itertools.combinations(range(7), 2) if rng.random() < 0.4)
    is_column = nx.get_node_attributes(graph, "is_column")

    def reaches(a, b):
        return any(not any(is_column[n] for n in path[1:-1]) for path in nx.all_simple_paths(graph, a, b))

    columns = [node for node in graph if is_column[node]]
    projected = column_graph(graph)
    assert set(projected.edges) == {(a, b) for a, b in itertools.permutations(columns, 2) if reaches(a, b)}
    hidden = [node for node in graph if not is_column[node]]
    shared = {(a, b) for a, b in itertools.combinations(columns, 2) if any(reaches(h, a) and reaches(h, b) for h in hidden)}
    assert set(filter(None, projected.graph["confounded"].split("; "))) == {f"{a} {b}" for a, b in shared}


def test_descendants_are_those_of_the_structure(database, drawn):
    graph = database.causal_graph(hidden=True)
    tables, _ = tables_of(drawn)
    node_of = {}
    for table in range(int(tables.n_table)):
        columns = {int(node): index for index, node in enumerate(tables.column_node[table, : int(tables.n_column[table])])}
        for node in range(int(tables.n_node[table])):
            name = f"feature_{columns[node]}" if node in columns else f"node_{node}"
            node_of[table, node] = f"table_{table}.{name}"
    assert set(graph) == set(node_of.values())
    for (table, node), name in node_of.items():
        assert nx.descendants(graph, name) == {node_of[place] for place in descendants(tables, table, node)}


def test_files_have_the_graph(database, tmp_path):
    folder, graph = database.save(tmp_path / "db"), database.causal_graph()
    graph_command(folder, out=tmp_path / "causal.graphml")
    read = nx.read_graphml(tmp_path / "causal.graphml")
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True)) and list(read.edges) == list(graph.edges)
    graph_command(folder, out=tmp_path / "causal.dot")
    text = (tmp_path / "causal.dot").read_text()
    assert set(re.findall(r'"(\S+)" -> "(\S+)"', text)) == set(graph.edges)
    assert all(f'"{node}";' in text for node in graph)
    for out, message in (("causal.png", "must end in"), ("missing/causal.dot", "there is no folder")):
        with pytest.raises(DatabaseError, match=message):
            graph_command(folder, out=tmp_path / out)
    assert len(list(tmp_path.iterdir())) == 3
