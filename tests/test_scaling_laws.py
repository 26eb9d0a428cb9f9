"""The study's parts work; what it finds is not tested."""

import json
import sys

import numpy as np
import pytest
from scipy import stats

from tests.rfm.cells.training.databases import write_database
from tests.studies import load


def test_the_grid_has_all_pairs_and_more_seeds_at_its_corners():
    points = load("scaling_laws", "run").grid([1, 4, 16], [1e5, 4e5], 1, 3)
    assert len(points) == len(set(points)) == 6 + 4 * 2
    assert [point.n_cell for point in points] == sorted(point.n_cell for point in points)
    assert {point[:2] for point in points if point.seed} == {(1, 100_000), (16, 100_000), (1, 400_000), (16, 400_000)}


@pytest.mark.slow
@pytest.mark.parametrize("truth", ["flat", "joint", "repetition"])
def test_laws_are_recovered(truth):
    laws = load("scaling_laws", "laws")
    rng, lines = np.random.default_rng(0), []
    for n in (1, 4, 16, 64, 256):
        for s in (1, 4, 16, 64):
            mean = 0.38 if truth == "flat" else 0.3 + 0.05 * n**-0.7 + 0.07 * s**-0.4
            mean += 0.2 * (s / n / 64) ** 0.6 if truth == "repetition" else 0
            lines.append({"n_database": n, "n_seen": s * 500_000, "baseline": 0.45, "loss": mean + 0.001 * rng.normal()})
    found = laws.summary(lines, list(laws.LAWS))
    comparison = found["comparison"]
    if truth == "flat":
        assert comparison["flat"]["elpd"] > comparison["joint"]["elpd"] - 3
        return
    assert comparison[truth]["behind"] == 0 or comparison[truth]["behind"] < comparison[truth]["standard_error"]
    exponents = {"exponent_n": 0.7, "exponent_s": 0.4} | ({"exponent_r": 0.6} if truth == "repetition" else {})
    for name, exponent in exponents.items():
        row = found["posteriors"][truth][name]
        assert abs(row["mean"] - exponent) < 4 * row["sd"] < 1


def test_what_is_left_out_is_not_fitted(monkeypatch):
    """Of a flat law with many runs: the density of each, an outlier too, is nearly that of the other losses' normal law."""
    laws = load("scaling_laws", "laws")
    monkeypatch.setattr(laws, "N_DRAW", 400)
    loss = np.append(0.4 + 0.002 * np.random.default_rng(0).normal(size=30), 0.406)
    lines = [{"n_database": 1, "n_seen": 1, "baseline": 0.6, "loss": x} for x in loss]
    draws, densities = laws.posteriors("flat", lines)
    assert draws["floor"].shape == (laws.N_CHAIN, 400)
    for i in (0, 1, 30):
        others = np.delete(loss, i)
        spread, n = others.std(ddof=1), len(others)
        expected = stats.t(n - 1, others.mean(), spread * np.sqrt(1 + 1 / n)).logpdf(loss[i])  # with flat priors
        assert abs(densities[i] - expected) < (0.15 if i < 30 else 0.5)
    behind = laws.compared({"one": densities, "other": densities - 0.5})
    assert behind["one"]["behind"] == 0 and np.isclose(behind["other"]["behind"], 0.5 * len(loss))
    assert np.isclose(behind["other"]["standard_error"], 0, atol=1e-5)


def test_a_run_is_predicted_from_the_others_alone(monkeypatch):
    predict = load("scaling_laws", "predict")
    monkeypatch.setattr("experiments.scaling_laws.laws.N_DRAW", 400)
    loss = 0.4 + 0.01 * np.random.default_rng(1).normal(size=30)
    lines = [{"n_database": 1, "n_seen": 1, "baseline": 0.6, "loss": x} for x in loss]
    mean, low, high = predict.predicted("flat", lines, lines[0] | {"n_seen": 64, "loss": 9.0})
    spread = loss.std(ddof=1) * np.sqrt(1 + 1 / 30)
    expected = stats.t(29, loss.mean(), spread).ppf(predict.INTERVAL)  # with flat priors
    assert abs(mean - loss.mean()) < spread / 10
    assert np.allclose([low, high], expected, atol=spread / 4)


def test_laws_of_one_number_are_fitted_to_the_best_runs_and_to_those_with_most_databases():
    losses = {(1, 1): 0.5, (1, 4): 0.6, (16, 1): 0.45, (16, 4): 0.4, (64, 1): 0.44, (64, 4): 0.39}
    lines = [{"n_database": n, "n_seen": s, "loss": loss} for (n, s), loss in losses.items()]
    parts = load("scaling_laws", "laws").parts(lines)
    assert [line["loss"] for line in parts["best"][0]] == [0.5, 0.4, 0.39]
    assert {line["n_database"] for line in parts["most"][0]} == {16, 64} and parts["all"][0] == lines


@pytest.mark.slow
def test_runs_go_on_where_they_were(tmp_path, monkeypatch):
    run = load("scaling_laws", "run")
    for seed in range(3):
        write_database(tmp_path / "corpus" / f"plurel-{seed}", seed)
    write_database(tmp_path / "held" / "plurel-9", 9)
    options = ["--context-length", "64", "--batch-size", "8", "--masked", "8", "--n-corner-seed", "1", "--databases", "1", "3"]
    paths = [
        "--corpus",
        tmp_path / "corpus",
        "--held-out",
        tmp_path / "held",
        "--runs",
        tmp_path / "runs",
        "--out",
        tmp_path / "x",
    ]
    for cells in (["1e3"], ["1e3", "2e3"]):
        monkeypatch.setattr(sys, "argv", ["run.py", *map(str, paths), *options, "--cells", *cells])
        run.main()
    lines = [json.loads(line) for line in (tmp_path / "x").read_text().splitlines()]
    assert [(line["n_database"], line["n_cell"]) for line in lines] == [(1, 1000), (3, 1000), (1, 2000), (3, 2000)]
    assert all(0 < line["validation_loss"] < 1 and line["validation_baseline_numbers"] > 0 for line in lines)
