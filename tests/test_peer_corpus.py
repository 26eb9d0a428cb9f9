"""The study's parts work; what it finds is not tested."""

import json
import sys

import numpy as np
import pytest

from tests.rfm.cells.training.databases import write_database
from tests.studies import load


def test_corpora_are_matched_by_their_rows():
    matched = load("peer_corpus", "run").matched
    rng = np.random.default_rng(0)
    for _ in range(50):
        n_row = rng.integers(100, 10_000, 24).tolist()
        total = 18 * 5_000
        chosen = matched(n_row, 18, total)
        assert len(set(chosen)) == 18 and set(chosen) <= set(range(24))
        assert abs(sum(n_row[i] for i in chosen) - total) <= abs(sum(n_row[:18]) - total)
        # no exchange of two comes nearer
        gap = total - sum(n_row[i] for i in chosen)
        assert all(abs(gap - n_row[j] + n_row[i]) >= abs(gap) for i in chosen for j in set(range(24)) - set(chosen))
    assert matched([5, 5, 1, 9], 2, 10) == [0, 1]


def test_figure_and_table_have_every_network_on_all_that_it_was_measured_on(tmp_path, capsys):
    names = ("plurel", "compact", "peer")
    held_out = {name: {"validation_loss": 0.3, "validation_baseline": 0.4} for name in names}
    losses = [{"corpus": name, "seed": seed, "held_out": held_out} for name in names for seed in range(2)]
    tasks = [
        {"run": f"{name}-{seed}", "seed": seed, "database": "a", "task": task, "loss": loss, "baseline": 1.0, figure: 0.6}
        for name, loss in zip(names, (0.9, 0.9, 0.8), strict=True)
        for seed in range(2)
        for task, figure in (("x", "AUROC"), ("y", "R2"), ("z", "R2"))
    ]
    for name, lines in (("losses", losses), ("real", tasks)):
        (tmp_path / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    figures = load("peer_corpus", "figures")
    drawn, real = figures.drawn(tmp_path / "losses"), figures.real(tmp_path / "real")
    assert len(drawn) == 3 * 2 * 3 and np.allclose(drawn[figures.ABOVE], -0.25)
    assert set(real["corpus"]) == set(names) and np.allclose(real[figures.ABOVE], real["loss"] - 1)
    figures.main(str(tmp_path / "losses"), str(tmp_path / "real"), str(tmp_path / "figure.svg"))
    picture = (tmp_path / "figure.svg").read_text()
    assert picture.count("<use") > 6 * 6 and all(f">{name}</text>" in picture for name in names)
    load("peer_corpus", "table").main(str(tmp_path / "losses"), str(tmp_path / "real"))
    shown = capsys.readouterr().out
    assert "| compact | 0.3000 (0.0000) | 0.3000 (0.0000) | 0.3000 (0.0000) |" in shown
    assert "| peer | -0.200 (0.000) | 0.600 (0.000) | 0.600 (0.000) |" in shown
    assert "| plurel less peer | +0.100 (+0.100 to +0.100), 0 of 3 | +0.000 (-inf to +inf), 0 of 1 |" in shown


@pytest.mark.slow
def test_each_network_is_measured_on_what_each_corpus_holds_out(tmp_path, monkeypatch):
    run = load("peer_corpus", "run")
    for name, first in (("a", 0), ("b", 10)):
        for seed in range(first, first + 3):
            write_database(tmp_path / name / f"plurel-{seed}", seed, n_child=100 * (1 + first))
    corpora = [f"{name}={tmp_path / name}" for name in ("a", "b")]
    paths = ["--runs", tmp_path / "runs", "--out", tmp_path / "x", "--n-database", "2", "--n-held-out", "1", "--n-seed", "1"]
    options = ["--context-length", "64", "--batch-size", "8", "--masked", "8", "--steps", "3"]
    options += ["--n-validation", "16"]
    monkeypatch.setattr(sys, "argv", ["run.py", "--corpora", *corpora, *map(str, paths), *options])
    run.main()
    run.main()  # nothing is left to do
    lines = [json.loads(line) for line in (tmp_path / "x").read_text().splitlines()]
    assert [line["corpus"] for line in lines] == ["a", "b"]
    assert [line["databases"] for line in lines] == [["plurel-0", "plurel-1"], ["plurel-10", "plurel-11"]]
    assert [line["n_row"] for line in lines] == [2 * (20 + 100), 2 * (20 + 1100)]
    baselines = [{name: of["validation_baseline"] for name, of in line["held_out"].items()} for line in lines]
    assert baselines[0] == baselines[1] and set(baselines[0]) == {"a", "b"} and baselines[0]["a"] != baselines[0]["b"]
