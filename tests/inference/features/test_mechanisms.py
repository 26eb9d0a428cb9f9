"""Mechanisms given a graph: the law in plain loops, a table whose parameters are known, the command."""

import arviz_stats
import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from jax import random
from numpyro import handlers
from numpyro.infer.util import log_density
from relbench.manifest import DatasetManifest, TableSpec
from scipy import stats

from plurel_prob.cli import infer_features
from plurel_prob.cli.score import read_posterior
from plurel_prob.databases import observe
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features import columns_log_prob, infer_graph, infer_mechanisms
from plurel_prob.inference.features.basis import contrasts, effect_basis
from plurel_prob.inference.features.columns import Columns
from plurel_prob.inference.features.graphs import topological_order
from plurel_prob.inference.features.log_prob import sites_of
from plurel_prob.inference.features.mechanisms import _posterior, arguments, edges_of, posterior_of, structure_of
from plurel_prob.inference.features.model import ColumnGraph, mechanisms
from plurel_prob.priors import get_prior
from plurel_prob.scoring.observed import observed_log_density

N_ROW = 400
NAMES = ("a", "b", "c")
STRUCTURE = ColumnGraph((0, 0, 2), ((), (0,), (1,)), (0, 1, 2), 0)  # a -> b -> c
TRUTH = {
    "noise_level": 0.4,
    "sharpness": 2.0,
    "noise_scale_1": 0.5,
    "coefficient_1": [0.1, 0.6, -1.0, 0.5, 0.3, -0.6, 0.8],
    "coefficient_2": [[0.5], [5.0], [2.0], [-1.0], [0.5], [0.2], [-2.0]],
}


@pytest.fixture(scope="module")
def simulated() -> Columns:
    truth = {name: jnp.array(value) for name, value in TRUTH.items()}
    effect_basis()  # is kept, so that it cannot be part of a program

    @jax.jit
    def columns():
        model = handlers.seed(handlers.substitute(mechanisms, truth), random.key(1))
        trace = handlers.trace(model).get_trace(STRUCTURE, jnp.zeros((N_ROW, 0)))
        return [trace[f"column_{column}"]["value"] for column in range(3)]

    value = np.stack([np.asarray(column, float) for column in columns()], axis=1)
    return Columns(NAMES, value, STRUCTURE.n_category, np.zeros((N_ROW, 0)))


@pytest.fixture(scope="module")
def posterior(simulated):
    return posterior_of(simulated, STRUCTURE, n_draw=500, n_chain=2, seed=0)


def test_parameters_are_recovered(posterior):
    drawn = posterior["posterior"].dataset
    found = {name: drawn[name].values.ravel() for name in ("noise_level", "sharpness", "noise_scale")}
    truth = {"noise_level": 0.4, "sharpness": 2.0, "noise_scale": 0.5}
    coefficient = np.concatenate([np.ravel(TRUTH[f"coefficient_{column}"]) for column in (1, 2)])
    assert list(drawn["term"].values[[0, 1, 8]]) == ["b: intercept", "a -> b: 0", "b -> c: 0, contrast 0"]
    for term, value in zip(drawn["term"].values, coefficient, strict=True):
        found[term], truth[term] = drawn["coefficient"].sel(term=term).values.ravel(), value
    for name, draws in found.items():
        below = (draws < truth[name]).mean()
        assert 0.0005 < below < 0.9995, name
    assert drawn["noise_scale"].std() < 0.05  # far from the prior
    assert drawn["coefficient"].sel(term="a -> b: 0").std() < 0.1
    assert float(posterior["sample_stats"]["diverging"].mean()) < 0.01
    assert float(arviz_stats.rhat(posterior, var_names=["noise_scale", "strength"]).dataset.to_array().max()) < 1.05


def test_groups(posterior, simulated):
    drawn = posterior["posterior"].dataset
    assert drawn["strength"].sizes == {"chain": 2, "draw": 500, "edge": 2}
    effect = simulated.features[0] @ drawn["coefficient"].sel(term=[f"a -> b: {k}" for k in range(6)]).values[1, 7]
    np.testing.assert_allclose(drawn["strength"].sel(edge="a -> b").values[1, 7], effect.std(), rtol=1e-4)
    likelihood = posterior["log_likelihood"].dataset
    np.testing.assert_allclose(likelihood["a"].values[0, 3], stats.norm.logpdf(simulated.value[:, 0]), rtol=1e-4)
    replicated, observed = posterior["posterior_predictive"].dataset, posterior["observed_data"].dataset
    np.testing.assert_array_equal(observed["c"], simulated.value[:, 2])
    assert abs(float(replicated["c"].mean() - observed["c"].mean())) < 0.1
    assert abs(float(replicated["b"].std() - observed["b"].std())) < 0.1


def test_law_in_plain_loops():
    """All kinds of nodes: sources, a number and a category with causes, parent tables."""
    structure = ColumnGraph((0, 3, 0, 2), ((), (), (0, 1), (2,)), (0, 1, 2, 3), 2)
    rng = np.random.default_rng(0)
    value = np.stack([rng.normal(size=4), [0, 2, 1, 2], rng.normal(size=4), [1, 0, 1, 1]], axis=1)
    foreign = rng.normal(size=(4, 2))
    columns = Columns(("a", "b", "c", "d"), value, structure.n_category, foreign)
    shapes = {0: (1,), 1: (1, 2), 2: (9,), 3: (7, 1)}
    sites: dict = {"noise_level": 0.3, "sharpness": 1.5, "foreign_strength": 0.8, "noise_scale_0": 0.9, "noise_scale_2": 0.2}
    for column, shape in shapes.items():
        sites[f"coefficient_{column}"] = rng.normal(size=shape)
        sites[f"foreign_standard_{column}"] = rng.normal(size=(2, *shape[1:]))
    data = {name: jnp.asarray(site, jnp.float32) for name, site in sites.items()}
    density = jax.jit(lambda data, given: log_density(mechanisms, (structure, *given), {}, data)[0])
    actual = density(data, arguments(columns))

    basis = effect_basis()
    total = -np.log(0.3 * np.log(1 / 0.03)) - np.log(1.5 * np.log(10)) - np.log(1.5)
    for column, n_cause in ((0, 0), (1, 0), (2, 2), (3, 1)):
        coefficient, weight = sites[f"coefficient_{column}"], sites[f"foreign_standard_{column}"]
        total += stats.norm.logpdf(weight).sum()
        gain = 2 * 1.5
        if structure.n_category[column] == 0:
            noise = sites[f"noise_scale_{column}"]
            gain = 1 / np.sqrt(1 + noise**2)
            total += stats.norm.logpdf(np.log(noise), np.log(0.3), np.log(4) / np.sqrt(12)) - np.log(noise)
        total += stats.norm.logpdf(coefficient[0], 0, gain).sum()
        total += stats.norm.logpdf(coefficient[1:], 0, gain / np.sqrt(max(n_cause, 1))).sum()
        for row in range(4):
            x = [1.0]
            for cause in structure.causes[column]:
                if structure.n_category[cause]:
                    x += list(contrasts(3)[int(value[row, cause])])
                else:
                    x += [np.interp(value[row, cause], basis.grid, line) for line in basis.value]
            loc = np.array(x) @ coefficient + gain * 0.8 / np.sqrt(2) * foreign[row] @ weight
            if structure.n_category[column] == 0:
                total += stats.norm.logpdf(value[row, column], loc, gain * sites[f"noise_scale_{column}"])
            else:
                logits = contrasts(structure.n_category[column]) @ loc
                total += logits[int(value[row, column])] - np.log(np.exp(logits).sum())
    np.testing.assert_allclose(actual, total, rtol=1e-4)


def test_graphs_that_do_not_fit():
    table = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 7})
    with pytest.raises(DatabaseError, match="cycle"):
        infer_mechanisms(table, np.array([[0, 1], [1, 0]]))
    with pytest.raises(DatabaseError, match=r"shape \(3, 3\)"):
        infer_mechanisms(table, np.zeros((3, 3)))
    with pytest.raises(DatabaseError, match="node x is no column; there are a, b"):
        infer_mechanisms(table, nx.DiGraph([("a", "x")]))


def test_a_networkx_graph_is_its_matrix():
    edge = edges_of(nx.DiGraph([("c", "a"), ("a", "b")]), NAMES)
    np.testing.assert_array_equal(edge, [[0, 1, 0], [0, 0, 0], [1, 0, 0]])
    assert topological_order(edge) == [2, 0, 1]
    columns = Columns(NAMES, np.zeros((2, 3)), (0, 0, 2), np.zeros((2, 0)))
    assert structure_of(columns, edge) == ColumnGraph((0, 0, 2), ((2,), (0,), ()), (2, 0, 1), 0)


@pytest.fixture
def folder(simulated, tmp_path):
    frame = pd.DataFrame(simulated.value, columns=list(NAMES)).assign(c=simulated.value[:, 2] == 1, row=np.arange(N_ROW))
    (tmp_path / "db").mkdir()
    frame.to_parquet(tmp_path / "db" / "events.parquet")
    spec = {"events": TableSpec(pkey="row", time_col=None, fkeys={})}
    manifest = DatasetManifest(name="small", description="", val_timestamp="2020-01-01", test_timestamp="2021-01-01", tables=spec)
    manifest.save(tmp_path / "manifest.yaml")
    return tmp_path


def test_command(folder, posterior, capsys):
    out = folder / "inferred.nc"
    infer_features.features(str(folder), table="events", draws=50, out=out)
    printed = capsys.readouterr().out
    assert "a -> b" in printed and "strength[a -> b]" in printed and str(out.name) in printed.replace("\n", "")
    assert sorted(path.name for path in folder.iterdir()) == ["db", "inferred.nc", "manifest.yaml"]
    with xr.open_datatree(out) as tree:
        assert tree["posterior/edge"].sizes["draw"] == 50
        assert float(tree["sample_stats/edge_prob"].sel(cause="a", effect="b")) > 0.9
        assert tree["mechanisms/posterior/noise_scale"].sizes["chain"] == 2
    [tree] = [read_posterior(out)]
    frame = pd.read_parquet(folder / "db" / "events.parquet")
    found = columns_log_prob(frame, tree["mechanisms"])
    for name in NAMES:
        kept = tree[f"mechanisms/log_likelihood/{name}"].sum("row").values.ravel()
        np.testing.assert_allclose(found[name], kept, rtol=1e-4)
    score = observed_log_density(observe(folder), get_prior("plurel"), [tree])
    assert score.by("stage")["features"] == pytest.approx(found.mean().sum())
    assert list(score.parts["site"][-3:]) == list(NAMES)
    with pytest.raises(DatabaseError, match="those of a column c, which the table does not have"):
        columns_log_prob(frame.drop(columns="c"), tree["mechanisms"])


def test_sites_are_found_again_from_the_posterior():
    """With sources, numbers, categories and parent tables."""
    structure, rng, shape = ColumnGraph((0, 3, 0, 2), ((), (), (0, 1), (2,)), (0, 1, 2, 3), 2), np.random.default_rng(0), (2, 5)
    sites = {name: rng.uniform(0.1, 1, shape) for name in ("noise_level", "sharpness", "foreign_strength")}
    sites |= {f"noise_scale_{column}": rng.uniform(0.1, 1, shape) for column in (0, 2)}
    gain = {column: (1 + sites[f"noise_scale_{column}"] ** 2) ** -0.5 for column in (0, 2)}
    gain |= dict.fromkeys((1, 3), 2 * sites["sharpness"])
    for column, of in {0: (1,), 1: (1, 2), 2: (9,), 3: (7, 1)}.items():
        sites[f"coefficient_{column}"] = rng.normal(size=shape + of)
        standard = sites[f"foreign_standard_{column}"] = rng.normal(size=(*shape, 2, *of[1:]))
        scale = gain[column] * sites["foreign_strength"] / np.sqrt(2)
        sites[f"foreign_{column}"] = scale.reshape(*shape, *(1,) * len(of)) * standard
    columns = Columns(("a", "b", "c", "d"), rng.normal(size=(20, 4)), structure.n_category, rng.normal(size=(20, 2)))
    variables, coords = _posterior(columns, structure, sites)
    dataset = xr.Dataset({name: (("chain", "draw", *dims), value) for name, (dims, value) in variables.items()}, coords=coords)
    found = sites_of(xr.DataTree.from_dict({"posterior": dataset}), structure)
    assert found.keys() == {name for name in sites if name not in [f"foreign_{column}" for column in range(4)]}
    for name, value in found.items():
        np.testing.assert_allclose(value, sites[name].reshape(-1, *sites[name].shape[2:]), rtol=1e-10)


def test_command_asks_to_choose(folder):
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 9)), columns=list("abcdefghi"))
    wide.assign(row=np.arange(30)).to_parquet(folder / "db" / "events.parquet")
    with pytest.raises(DatabaseError, match="2 to 8 columns, not 9; events has a, b, c, d, e, f, g, h, i"):
        infer_features.features(str(folder), table="events")
    with pytest.raises(DatabaseError, match="--columns row: no column"):
        infer_features.features(str(folder), table="events", columns=["a", "row"])
    with pytest.raises(DatabaseError, match="2 to 8 columns, not 1"):
        infer_features.features(str(folder), table="events", columns=["a", "a"])
    with pytest.raises(DatabaseError, match="no table nothing; there are events"):
        infer_features.features(str(folder), table="nothing")


def test_most_frequent_graphs_first(simulated):
    graphs = infer_graph(pd.DataFrame(simulated.value[:, :2], columns=["a", "b"]), n_draw=200)
    found, share = infer_features.distinct_graphs(graphs)
    edge = graphs["posterior"]["edge"].values[0]
    np.testing.assert_allclose(share, [np.all(edge == graph, axis=(1, 2)).mean() for graph in found])
    assert (np.diff(share) <= 0).all() and np.isclose(share.sum(), 1)
