"""The study's parts work; what it finds is not tested."""

import json
import sys

import pandas as pd
import pytest

from plurel_prob.rfm.cells.training import load_model
from plurel_prob.rfm.evaluation import task_names
from tests.rfm.cells.training.databases import write_database
from tests.rfm.rows.features.shop import shop as write_shop
from tests.studies import load


def test_the_table_has_means_and_intervals(tmp_path, capsys):
    lines = [
        {"run": f"{arm}-{seed}", "seed": seed, "database": "a", "task": task, figure: start + 0.01 * seed}
        for arm, start in (("real", 0.5), ("synthetic", 0.4), ("both", 0.6))
        for task, figure in (("x", "AUROC"), ("y", "AUROC"), ("z", "R2"))
        for seed in range(3)
    ]
    lines += [{"run": "LightGBM", "database": "a", "task": task, "AUROC": value} for task, value in (("x", 0.8), ("y", 0.7))]
    lines += [{"run": "LightGBM", "database": "a", "task": "z", "R2": 0.3}]
    pd.DataFrame(lines).to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    load("continued_pretraining", "table").main(str(tmp_path / "x.jsonl"))
    shown = capsys.readouterr().out
    # three values a hundredth apart: 4.303 / sqrt(3) hundredths
    assert "| a, y | 51.0 ± 2.5 | 41.0 ± 2.5 | 61.0 ± 2.5 | 70.0 |" in shown
    assert "| mean | 51.0 ± 2.5 | 41.0 ± 2.5 | 61.0 ± 2.5 | 75.0 |" in shown
    assert "| mean | 51.0 ± 2.5 | 41.0 ± 2.5 | 61.0 ± 2.5 | 30.0 |" in shown
    load("continued_pretraining", "figures").main(str(tmp_path / "figure.svg"), str(tmp_path / "x.jsonl"))
    drawn = (tmp_path / "figure.svg").read_text()
    assert all(text in drawn for text in ("a, y", "synthetic, then real", "LightGBM", "R2, per cent"))


@pytest.mark.slow
def test_baselines_have_a_line_a_task(tmp_path, monkeypatch):
    shop, out = write_shop(tmp_path / "shop"), tmp_path / "x.jsonl"
    monkeypatch.setattr(sys, "argv", ["baselines.py", "--data", str(shop), "--out", str(out)])
    module = load("continued_pretraining", "baselines")
    module.main()
    module.main()  # nothing is left to do
    lines = pd.read_json(out, lines=True)
    assert set(lines["run"]) == {"mean", "history", "LightGBM"} and not lines.duplicated(["run", "task"]).any()
    assert set(lines["task"]) == set(task_names(shop)) and len(lines) == 3 * lines["task"].nunique()
    assert (lines.loc[lines["run"] == "mean", "AUROC"].dropna() == 0.5).all()


@pytest.mark.slow
def test_the_third_network_goes_on_from_half_a_run_on_drawn_databases(tmp_path, monkeypatch):
    for seed, name in enumerate(("held", "real", "corpus/plurel-1")):
        write_database(tmp_path / name, seed)
    folders = {"--held-out": "held", "--real": "real", "--corpus": "corpus", "--runs": "runs"}
    paths = [str(part) for option, name in folders.items() for part in (option, tmp_path / name)]
    options = ["--n-seed", "1", "--steps", "4", "--batch-size", "8", "--context-length", "64", "--masked", "8"]
    monkeypatch.setattr(sys, "argv", ["run.py", *paths, *options])
    load("continued_pretraining", "run").main()
    configs = {path.name: load_model(path).config for path in (tmp_path / "runs").iterdir() if path.name != "first"}
    assert set(configs) == {"real-0", "synthetic-0", "both-0"}
    assert [configs[name].n_step for name in ("real-0", "synthetic-0", "both-0")] == [4, 4, 2]
    assert "real" in configs["both-0"].data and "plurel-1" in configs["synthetic-0"].data and configs["both-0"].init
    first = json.loads((tmp_path / "runs" / "first" / "synthetic-0" / "config.json").read_text())
    assert first["n_step"] == 2 and "plurel-1" in first["data"]
    monkeypatch.setattr(sys, "argv", ["run.py", *paths, *options, "--real", str(tmp_path / "held")])
    with pytest.raises(SystemExit, match="left out"):
        load("continued_pretraining", "run").main()
