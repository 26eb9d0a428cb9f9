"""The study's parts work; what it finds is not tested."""

import json
import sys

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from plurel_prob.rfm.cells.predict import predict
from plurel_prob.rfm.cells.training import TaskData, TrainingConfig, folder_data, load_model, train
from tests.rfm.rows.features.shop import shop as write_shop
from tests.studies import load


def test_the_table_has_means_of_seeds_and_tasks(tmp_path, capsys):
    lines = [
        {"n_database": n, "n_cell": cell, "seed": seed, "database": "a", "task": task, "loss": loss + 0.1 * seed, "baseline": 1.0}
        | {figure: 0.5}
        for n in (1, 4)
        for cell, loss in ((1_000_000, 1.0), (4_000_000, 0.9 if n == 4 else 1.2))
        for seed in range(2)
        for task, figure in (("x", "AUROC"), ("y", "R2"), ("z", "R2"))
    ]
    (tmp_path / "x.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    load("generalisation", "table").main(str(tmp_path / "x.jsonl"))
    shown = capsys.readouterr().out
    assert "| loss, N | 1 M | 4 M |" in shown and "| 1 | 0.050 | 0.250 |" in shown and "| 4 | 0.050 | -0.050 |" in shown
    assert "| AUROC, N |" in shown and "| R2, N |" in shown
    # all tasks have the same loss: intervals have no width
    assert "| 1 | +0.250 (+0.250 to +0.250), 0 of 3 | +0.200 (+0.200 to +0.200), 0 of 3 |" in shown
    assert "| 4 | -0.050 (-0.050 to -0.050), 3 of 3 | -0.100 (-0.100 to -0.100), 3 of 3 |" in shown


@pytest.mark.slow
def test_figures_are_those_of_all_rows_in_another_order(tmp_path, monkeypatch):
    shop = write_shop(tmp_path / "shop")
    config = TrainingConfig(n_step=3, batch_size=8, context_length=64, learning_rate=1e-2)
    train(folder_data([shop], 64, 8), tmp_path / "runs" / "a", config)
    paths = ["--runs", tmp_path / "runs", "--data", shop, "--out", tmp_path / "x", "--n-row", "10000"]
    monkeypatch.setattr(sys, "argv", ["run.py", *map(str, paths)])
    module = load("generalisation", "run")
    module.main()
    module.main()  # nothing is left to do
    lines = [json.loads(line) for line in (tmp_path / "x").read_text().splitlines()]
    assert len({line["task"] for line in lines}) == len(lines) > 2
    for line in lines:
        assert line["run"] == "a" and line["n_cell"] == 3 * 8 * 64 and line["n_database"] == 1
        data = TaskData(shop, line["task"], 64, split="test")
        batch = data.sampler.batch(data.targets, np.arange(len(data.targets.row)), 0)
        value = predict(load_model(tmp_path / "runs" / "a"), shop, line["task"], "test")
        metric = ("AUROC", roc_auc_score) if "AUROC" in line else ("R2", r2_score)
        # the rows' contexts are drawn with other seeds
        assert abs(metric[1](batch.mean + batch.std * batch.target, value) - line[metric[0]]) < 0.05
        assert line["n_row"] == len(value) and np.isfinite(line["loss"])
    load("generalisation", "figures").main(str(tmp_path / "x"), str(tmp_path / "figure.svg"))
    assert "databases" in (tmp_path / "figure.svg").read_text()
