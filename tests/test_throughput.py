"""The benchmark's parts work; what they measure is not tested."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from plurel_prob.blocks import BLOCK
from plurel_prob.models.database import Draw
from tests.studies import load
from tests.test_sampling import ENV, ROOT

FOLDER = ROOT / "experiments" / "throughput"


@pytest.mark.slow
def test_a_worker_draws_what_it_is_sent(monkeypatch):
    run = load("throughput", "run")
    monkeypatch.setattr(run, "ENVIRONMENT", run.ENVIRONMENT | ENV)
    worker = run.Worker([sys.executable, FOLDER / "ours.py", "compact", "2"])
    rows = [worker.draw(seed) for seed in (1010, 1010)]
    worker.close()
    assert rows[0]["n_cell"] == rows[1]["n_cell"] > 20_000
    assert rows[0]["first_s"] > 0 == rows[1]["first_s"]
    result = {"paired": {"plurel": rows, "peer": rows}, "scaled": {"1": rows, "3": rows}}
    summary = run.summary(result)
    assert abs(summary["times_fewer_cpu_s_than_peer"] - 1) < 1e-9 and set(summary["cost_of_rows"]) == {"1", "3"}


def test_categories_that_are_shown_are_collected():
    """Of two tables: one with two columns of 3 rows, one with one column of 2."""
    pages = np.arange(3 * BLOCK, dtype=np.float32).reshape(3, BLOCK)
    schema = SimpleNamespace(n_table=2, n_row=np.array([2, 3]), n_column=np.array([1, 2]), order=np.array([1, 0, -1]))
    schema.is_categorical = np.array([[True, True], [False, True]])
    held = SimpleNamespace(n=np.array([1, 1]), skipped=np.array([0, 0]))
    drawn = Draw(SimpleNamespace(schema=schema, held=held, features=SimpleNamespace(column=pages)), {})
    found = load("throughput", "accelerator").categories(drawn)
    assert found.tolist() == [*pages[2, :2], *pages[1, :3]]  # table 1 comes first


def test_links_are_drawn():
    done = subprocess.run(
        [sys.executable, FOLDER / "block_model.py", "5000", "300"], capture_output=True, text=True, env=os.environ | ENV
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_child"] == 5000
