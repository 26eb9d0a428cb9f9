"""The study's parts work; what it finds is not tested."""

import json
import sys

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from plurel_prob.rfm.evaluation import predict
from plurel_prob.rfm.training import TaskData, TrainingConfig, folder_data, load_model, train
from tests.rfm.evaluation.shop import shop as write_shop
from tests.studies import load


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
