import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.databases import observe
from tests.tasks.small import shop

TO = 'so-called "recipient"'


@pytest.fixture(scope="module")
def to_hetero_data():
    pytest.importorskip("torch_geometric", reason="no torch_geometric: pip install 'plurel-prob[pyg]'")
    from plurel_prob.adapters.pyg import to_hetero_data  # takes seconds, which only this module's tests need

    return to_hetero_data


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return observe(shop(tmp_path_factory.mktemp("pyg") / "shop", n_order=200))


def test_rows_and_references(database, to_hetero_data):
    graph = to_hetero_data(database)
    assert graph.validate()
    assert graph.node_types == list(database.tables)
    assert {name: graph[name].num_nodes for name in graph.node_types} == {"users": 30, "articles": 12, "order items": 200}
    orders = database.tables["order items"]
    assert set(graph.edge_types) == {
        edge
        for key, parent in [("buyer", "users"), (TO, "users"), ("article", "articles"), ("before", "order items")]
        for edge in [("order items", key, parent), (parent, f"rev_{key}", "order items")]
    }
    for child, key, parent in graph.edge_types[::2]:
        expected = [[row, int(value)] for row, value in enumerate(orders[key]) if not pd.isna(value)]
        assert graph[child, key, parent].edge_index.t().tolist() == expected
        assert graph[parent, f"rev_{key}", child].edge_index.t().tolist() == [[b, a] for a, b in expected]


def test_columns(database, to_hetero_data):
    graph, orders = to_hetero_data(database), database.tables["order items"]
    node = graph["order items"]
    assert node.x_columns == ["value", "cents", "is_large", "is_gift", "odd name"]
    for place, column in enumerate(node.x_columns):
        expected = np.array([np.nan if pd.isna(value) else float(value) for value in orders[column]], np.float32)
        np.testing.assert_array_equal(node.x[:, place].numpy(), expected)
    assert node.codes_columns == ["mood"] and node.labels == [["bad", "so so", "good"]]
    words = [None if code < 0 else node.labels[0][code] for code in node.codes[:, 0].tolist()]
    assert words == [None if pd.isna(word) else word for word in orders["mood"]]
    assert node.time.tolist() == [int(time.timestamp()) for time in orders["at"].dt.tz_localize("UTC")]
    assert "time" not in graph["users"] and graph["users"].x.shape == (30, 1)


def test_messages_pass(database, to_hetero_data):
    import torch
    from torch_geometric.nn import HeteroConv, SAGEConv

    graph = to_hetero_data(database)
    x = {name: torch.nan_to_num(value) for name, value in graph.x_dict.items()}
    layer = HeteroConv({edge: SAGEConv((-1, -1), 8) for edge in graph.edge_types})
    passed = layer(x, graph.edge_index_dict)
    assert {name: tuple(value.shape) for name, value in passed.items()} == {name: (len(x[name]), 8) for name in x}


@pytest.mark.slow
def test_a_drawn_database(to_hetero_data):
    database = plurel_prob.sample(seed=10, prior="compact")
    graph = to_hetero_data(database)
    assert graph.validate() and len(graph.edge_types) == 2 * len(database.schema.graph)
    for name, table in database.schema.tables.items():
        assert graph[name].num_nodes == table.n_row and ("time" in graph[name]) == (table.time_col is not None)
        assert graph[name].x.isnan().sum() == database.tables[name][graph[name].x_columns].isna().to_numpy().sum()
