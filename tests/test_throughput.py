"""The benchmark's parts work; what they measure is not tested."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

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
    parts = {"plurel": [{"draw": 1.0, "write": 2.0, "score": 3.0}]}
    result = {"paired": {"plurel": rows, "peer": rows}, "scaled": {"1": rows, "3": rows}, "parts": parts}
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


def test_rounds_of_all_loops_are_counted(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    n_round_of = load("throughput", "rounds").n_round_of

    def nested(n):
        """``n`` rounds, in each one scan of three; a loop whose result is not used is left out, as by compilers."""
        lax.fori_loop(0, 7, lambda i, x: x + i, n)
        return lax.fori_loop(0, n, lambda i, x: x + lax.scan(lambda c, _: (c + i, None), 0, length=3)[0], 0)

    def walk(n):
        return lax.while_loop(lambda x: x < n, lambda x: lax.cond(x > 1, lambda: x + 1, lambda: x + 1), 0)

    assert n_round_of(nested)(jnp.int32(5)) == 5 * (1 + 3)
    assert n_round_of(jax.jit(walk))(jnp.int32(4)) == 4
    assert n_round_of(jax.vmap(walk))(jnp.array([2, 6, 3])) == 6  # items wait for the longest


def test_links_are_drawn():
    done = subprocess.run(
        [sys.executable, FOLDER / "block_model.py", "5000", "300"], capture_output=True, text=True, env=os.environ | ENV
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_child"] == 5000


@pytest.mark.slow
def test_a_database_is_drawn_written_and_scored(monkeypatch):
    run = load("throughput", "run")
    monkeypatch.setattr(run, "ENVIRONMENT", run.ENVIRONMENT | ENV)
    worker = run.Worker([sys.executable, FOLDER / "databases.py", "compact"])
    found = worker.draw(1010)
    worker.close()
    assert found["seed"] == 1010 and min(found["draw"], found["write"], found["score"]) > 0


def test_results_are_a_table(tmp_path, capsys):
    """Of two generators, of which one has no corpus."""
    by_name = {"plurel": 0.25, "peer": 5.0}
    start = {"wall_s": 20.0, "peak_mb": 1536.0}
    summary = {name: by_name for name in ("cpu_s", "cells_per_cpu_s", "peak_mb")}
    result = {
        "paired": {"plurel": [], "peer": []},
        "starts": {"plurel, empty cache": start, "plurel, full cache": start},
        "corpora": {"plurel": {"count": 1024, "wall_s": 250.0}},
        "summary": summary | {"parts_cpu_s": {"plurel": {"draw": 0.25, "write": 0.1, "score": 0.02}}},
    }
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result), encoding="utf-8")
    load("throughput", "tables").main(str(path))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| | unit | plurel | peer |" and "| CPU-seconds a database | s | 0.25 | 5 |" in lines
    assert "| its peak memory | GB | 1.5 |  |" in lines and lines[-1] == "| 1,024 databases, two processes | s | 250 |  |"
