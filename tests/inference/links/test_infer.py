import numpy as np
import pytest

from plurel_prob.cli.infer_links import write
from plurel_prob.cli.score import read_posterior
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.links import MODELS, infer_links, links_log_prob
from plurel_prob.scoring.observed import mean_log_prob
from tests.inference.links.plain import PRIOR, block_probs

N_PARENT = 60


def blocks_key():
    """2,000 children of 60 parents, from the block model: two levels, drawn in plain numbers."""
    rng = np.random.default_rng(0)
    affinity = np.array([[[0.9, 0.1], [0.2, 0.9]], [[0.9, 0.3], [0.1, 0.9]]])
    probs = block_probs(N_PARENT, 2000, [2, 2], [2, 2], affinity)
    return (rng.random((2000, 1)) > probs.cumsum(1)).sum(1).clip(0, N_PARENT - 1)


def popular_key():
    rng = np.random.default_rng(1)
    return rng.choice(N_PARENT, 600, p=rng.dirichlet(np.full(N_PARENT, 0.5)))


@pytest.fixture(scope="module")
def inferred():
    keys = {"blocks": blocks_key(), "popularity": popular_key(), "uniform": np.random.default_rng(2).integers(0, N_PARENT, 600)}
    keys["blocks"][::50] = -1
    models = dict.fromkeys(keys, MODELS[:3]) | {"popularity": MODELS}
    return {name: (key, infer_links(key, N_PARENT, PRIOR, models=models[name], n_draw=400)) for name, key in keys.items()}


def test_blocks_are_found(inferred):
    table = inferred["blocks"][1].compare()
    assert table.loc["blocks", "elpd"] > table.loc["uniform", "elpd"] + 100
    assert table["log_evidence"].idxmax() == "blocks"
    posterior = inferred["blocks"][1].models["blocks"]["posterior"]
    assert (posterior["n_level"] == 2).all() and (posterior["n_parent_cluster"] == 2).all()
    assert posterior["affinity"].values[..., 0, 0, 1].mean() == pytest.approx(0.1, abs=0.03)
    assert posterior["affinity"].values[..., 1, 0, 1].mean() == pytest.approx(0.3, abs=0.06)


def test_uniform_is_found(inferred):
    table = inferred["uniform"][1].compare()
    assert table["log_evidence"].idxmax() == "uniform"
    assert table.loc["blocks", "elpd"] - table.loc["uniform", "elpd"] < 2


def test_popularity_is_found(inferred):
    table = inferred["popularity"][1].compare()
    assert table["log_evidence"].idxmax() == "popularity"
    assert table.loc["popularity", "elpd"] > max(table.loc["uniform", "elpd"], table.loc["blocks", "elpd"]) + 30
    low, high = np.quantile(inferred["popularity"][1].models["popularity"]["posterior"]["alpha"], (0.001, 0.999))
    assert low < 0.5 < high
    checks = inferred["popularity"][1].predictive_checks().set_index(["model", "statistic"])["p_value"]
    assert checks["uniform", "gini"] < 0.02 < checks["popularity", "gini"]


def test_log_likelihood_of_draws_is_that_of_the_law(inferred):
    parent_row, result = inferred["blocks"]
    tree = result.models["blocks"]
    assert tree["log_likelihood"]["child"].values.tolist() == np.flatnonzero(parent_row >= 0).tolist()
    for draw in (0, 150, 399):
        parameters = (tree["posterior"][name].values[0, draw] for name in ("n_parent_cluster", "n_child_cluster", "affinity"))
        whole = links_log_prob(parent_row, N_PARENT, *parameters)
        assert tree["log_likelihood"]["parent_row"].values[0, draw].sum() == pytest.approx(whole, rel=1e-5)


def test_leave_one_out_of_popularity_is_exact(inferred):
    """PSIS over alpha against refits: the ratio of the evidence with and without a child."""
    parent_row, result = inferred["popularity"]
    from plurel_prob.inference.links.key import ObservedLinks
    from plurel_prob.inference.links.loo import leave_one_out
    from plurel_prob.inference.links.popularity import concentration

    estimate = leave_one_out(result.models["popularity"])
    whole = concentration(ObservedLinks(parent_row, N_PARENT), 1).log_bayes_factor
    for child in (0, 100, 300):
        rest = np.delete(parent_row, child)
        exact = whole - concentration(ObservedLinks(rest, N_PARENT), 1).log_bayes_factor - np.log(N_PARENT)
        assert estimate.elpd_i.values[child] == pytest.approx(exact, abs=0.02)
    assert (estimate.pareto_k <= estimate.good_k).all()


def test_same_seed_same_draws(inferred):
    parent_row, result = inferred["uniform"]
    again = infer_links(parent_row, N_PARENT, PRIOR, models=["popularity"], n_draw=400)
    assert again.models["popularity"]["posterior"].equals(result.models["popularity"]["posterior"])
    other = infer_links(parent_row, N_PARENT, PRIOR, models=["popularity"], n_draw=400, seed=1)
    assert not other.models["popularity"]["posterior"].equals(result.models["popularity"]["posterior"])
    with pytest.raises(DatabaseError, match="two models or more"):
        again.compare()


def test_written_whole_and_read_back(inferred, tmp_path):
    import xarray as xr

    result = inferred["popularity"][1]
    write("child.key", result, tmp_path / "links.nc")
    assert [file.name for file in tmp_path.iterdir()] == ["links.nc"]
    with xr.open_datatree(tmp_path / "links.nc") as tree:
        assert tuple(tree.children) == MODELS
        groups = ["posterior", "log_likelihood", "sample_stats", "posterior_predictive", "observed_data"]
        assert set(tree["blocks"].children) == set(groups)
        evidence = result.models["blocks"]["sample_stats"]["log_evidence"].item()
        assert tree["blocks/sample_stats"]["log_evidence"].item() == evidence
    tree = read_posterior(tmp_path / "links.nc")
    parent_row = inferred["popularity"][0]
    kept = tree["blocks/log_likelihood/parent_row"].sum("child").mean().item()  # the key is short: of all children
    assert mean_log_prob(parent_row, N_PARENT, tree) == pytest.approx(kept, rel=1e-5)
    with pytest.raises(DatabaseError, match="--given .*nothing.nc: cannot be read"):
        read_posterior(tmp_path / "nothing.nc")


def test_errors_say_what_is_wrong():
    rows = np.array([0, 1, 1])
    with pytest.raises(DatabaseError, match="got rings"):
        infer_links(rows, 3, PRIOR, models=["rings"])
    with pytest.raises(DatabaseError, match="50 draws at least"):
        infer_links(rows, 3, PRIOR, n_draw=10)
    with pytest.raises(DatabaseError, match="refers to row 7"):
        infer_links(np.array([0, 7]), 3, PRIOR)
