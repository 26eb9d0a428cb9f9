"""The posterior over graphs of small tables, and how tables are encoded."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plurel_prob.databases import Database, DatabaseSchema, TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features import columns_of, foreign_columns_of, infer_graph
from plurel_prob.inference.features.columns import MAX_ROW, encode, normal_scores
from plurel_prob.inference.features.graphs import dependence


def chain(n_row: int) -> pd.DataFrame:
    """A -> b -> c, with effects that are not monotone: directions can be told."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=n_row)
    b = np.abs(a) + 0.3 * rng.normal(size=n_row)
    return pd.DataFrame({"a": a, "b": b, "c": rng.random(n_row) < stats.norm.cdf(3 * (b - 0.8))})


@pytest.fixture(scope="module")
def posterior():
    return infer_graph(chain(300), n_draw=2000)


def test_chain_is_found(posterior):
    edge_prob = posterior["sample_stats"]["edge_prob"].to_pandas()
    assert edge_prob.loc["a", "b"] > 0.99 and edge_prob.loc["b", "a"] < 0.01
    assert edge_prob.loc["b", "c"] + edge_prob.loc["c", "b"] > 0.99
    assert edge_prob.loc["a", "c"] + edge_prob.loc["c", "a"] < 0.5


def test_draws_follow_the_edge_probabilities(posterior):
    share = posterior["posterior"]["edge"].mean(("chain", "draw"))
    spread = np.sqrt(posterior["sample_stats"]["edge_prob"] * (1 - posterior["sample_stats"]["edge_prob"]) / 2000)
    assert float((abs(share - posterior["sample_stats"]["edge_prob"]) - 4.5 * spread).max()) < 1e-3


def test_replicated_tables_resemble_the_table(posterior):
    observed = posterior["observed_data"]["dependence"]
    replicated = posterior["posterior_predictive"]["dependence"]
    z = (replicated.mean(("chain", "draw")) - observed) / (replicated.std(("chain", "draw")) + 0.01)
    assert float(abs(z).max()) < 4
    assert replicated.sizes["draw"] == 100


def test_a_monotone_transform_changes_nothing(posterior):
    table = chain(300)
    warped = infer_graph(table.assign(a=np.exp(table["a"]), b=table["b"] ** 3), n_draw=2000)
    for name in ("posterior", "log_likelihood", "sample_stats"):
        assert warped[name].dataset.equals(posterior[name].dataset)


def test_evidence_adds_up_in_two_columns():
    """With two columns there are three graphs, each a sum of scores, of equal prior weight."""
    tree = infer_graph(chain(100)[["a", "b"]], n_draw=400)
    edge, log_likelihood = tree["posterior"]["edge"].values[0], tree["log_likelihood"]["column"].values[0].sum(axis=1)
    share = tree["sample_stats"]["edge_prob"].values
    for graph, probability in ((np.array([[0, 1], [0, 0]]), share[0, 1]), (np.array([[0, 0], [1, 0]]), share[1, 0])):
        is_graph = (edge == graph).all(axis=(1, 2))
        if is_graph.any():
            evidence = log_likelihood[is_graph][0] - np.log(3) - np.log(probability)
            np.testing.assert_allclose(tree["sample_stats"]["log_evidence"], evidence)
    assert (edge == [[0, 1], [0, 0]]).all(axis=(1, 2)).any()


def test_parent_tables_explain_without_an_edge():
    """Two columns that follow the same parent column depend on each other only without it."""
    rng = np.random.default_rng(1)
    parent = rng.normal(size=300)
    table = pd.DataFrame({"a": parent + 0.5 * rng.normal(size=300), "b": parent + 0.5 * rng.normal(size=300)})
    foreign = pd.DataFrame({"key.z": np.where(rng.random(300) < 0.02, np.nan, parent)})
    alone = infer_graph(table, n_draw=10)["sample_stats"]["edge_prob"].values.sum()
    explained = infer_graph(table, foreign=foreign, n_draw=10)["sample_stats"]["edge_prob"].values.sum()
    assert alone > 0.99 and explained < 0.6


def test_dependence_is_cramers_v():
    rng = np.random.default_rng(2)
    value = np.stack([rng.normal(size=90), rng.integers(0, 4, 90), rng.normal(size=90)], axis=1)
    value[:, 2] += value[:, 1]
    found = dependence(value, (0, 4, 0))
    third = [np.floor(stats.rankdata(value[:, k], method="ordinal") / 30 - 1e-9) for k in (0, 2)]
    counts = pd.crosstab(third[0], third[1]).to_numpy()
    np.testing.assert_allclose(found[0, 2], stats.contingency.association(counts, method="cramer"))
    counts = pd.crosstab(value[:, 1], third[1]).to_numpy()
    np.testing.assert_allclose(found[1, 2], stats.contingency.association(counts, method="cramer"))


def test_encoding():
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "number": rng.integers(0, 5, 50).astype(float),
            "flag": rng.random(50) < 0.5,
            "kind": pd.Categorical(rng.choice(list("xyz"), 50), categories=list("wxyz")),
        }
    )
    table.loc[7, "number"] = np.nan
    columns = encode(table)
    assert columns.n_category == (0, 2, 3) and columns.value.shape == (49, 3) and columns.foreign.shape == (49, 0)
    kept = table.drop(index=7)
    np.testing.assert_allclose(columns.value[:, 0], stats.norm.ppf((stats.rankdata(kept["number"]) - 0.5) / 49), atol=1e-5)
    in_units = encode(table, is_transformed=False).value[:, 0]
    np.testing.assert_allclose(in_units, stats.zscore(kept["number"]))
    assert (columns.value[:, 2] == kept["kind"].map({"x": 0, "y": 1, "z": 2}).to_numpy(float)).all()


def test_long_tables_are_thinned_evenly():
    columns = encode(pd.DataFrame({"a": np.arange(3 * MAX_ROW + 1.0), "b": np.arange(3 * MAX_ROW + 1) % 2 == 0}))
    np.testing.assert_allclose(columns.value[:, 0], normal_scores(np.arange(float(MAX_ROW))))


def database() -> Database:
    parents = pd.DataFrame({"id": [10, 11, 12], "size": [1.0, 2.0, 3.0], "one": [1.0, 1.0, 1.0], "name": ["p", "q", "r"]})
    children = pd.DataFrame(
        {"key": pd.array([12, None, 10], "Int64"), "x": [0.1, 0.2, 0.3], "when": pd.to_datetime(["2020"] * 3)}
    )
    schemas = {
        "parents": TableSchema(3, {"size": "numerical", "one": "numerical", "name": "text"}, "id", None, {}),
        "children": TableSchema(3, {"x": "numerical"}, None, "when", {"key": "parents"}),
    }
    return Database("small", {"parents": parents, "children": children}, DatabaseSchema(schemas))


def test_usable_columns():
    assert list(columns_of(database(), "parents").columns) == ["size"]
    assert foreign_columns_of(database(), "parents") is None
    foreign = foreign_columns_of(database(), "children")
    assert list(foreign.columns) == ["key.size"]
    np.testing.assert_array_equal(foreign["key.size"], [3.0, np.nan, 1.0])
    with pytest.raises(DatabaseError, match="no table other; there are parents, children"):
        columns_of(database(), "other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": np.ones(30)}, "column b is constant"),
        ({"b": ["text"] * 15 + ["other"] * 15}, "column b is of type text"),
        ({"b": pd.Categorical(np.arange(30))}, "column b has 30 categories; at most 20"),
        ({"b": [np.nan] * 25 + [1, 2, 3, 4, 5]}, "5 rows have no missing cell in a, b; 10 are needed"),
        ({f"c{i}": np.arange(30.0) for i in range(7)}, "over 2 to 8 columns; got 9"),
    ],
)
def test_tables_that_cannot_be_used(change, message):
    table = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0) % 11}).assign(**change)
    with pytest.raises(DatabaseError, match=message):
        infer_graph(table)


def test_foreign_columns_need_a_row_each():
    with pytest.raises(DatabaseError, match="foreign columns have 3 rows and the table 30"):
        infer_graph(pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0)}), foreign=pd.DataFrame({"z": [1, 2, 3]}))
