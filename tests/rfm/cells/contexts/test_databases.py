"""Contexts of a drawn database and of real ones; these have their folder in ``PLUREL_PROB_DATA``."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.databases import observe
from plurel_prob.rfm.cells.contexts import (
    DATETIME,
    ContextSampler,
    Targets,
    Vocabulary,
    pretraining_targets,
    relational_data,
    task_targets,
)
from tests.models.tiny import SEED, tiny
from tests.rfm.cells.contexts.plain import Draws, Plain
from tests.rfm.cells.contexts.test_walk import check_context, local

DATA = os.environ.get("PLUREL_PROB_DATA")
VAL, TEST = pd.Timestamp("2005-01-01"), pd.Timestamp("2010-01-01")
N_TARGET = 200

real = pytest.mark.skipif(not DATA, reason="needs the folder of real databases in the environment variable PLUREL_PROB_DATA")


def check_some(data, plain, vocabulary, n_target):
    targets = pretraining_targets(data)
    idx = np.random.default_rng(0).permutation(len(targets.row))[:n_target]
    batch = ContextSampler([data], 1024).batch(targets, idx, 1)
    for i, target in enumerate(idx):
        row, column = local(data, targets.row[target]), data.columns[targets.column[target]]
        _, rows, cells = plain.context(row, (column.table, column.name), Draws(1, int(target)), 1024)
        check_context(batch, i, plain, data, vocabulary, rows, cells)


@pytest.mark.slow
def test_contexts_of_a_drawn_database_follow_the_law(tmp_path):
    database, vocabulary = plurel_prob.sample(SEED, tiny("compact")), Vocabulary()
    data = relational_data(database, vocabulary=vocabulary)
    plain = Plain(database, database.schema.val_timestamp)
    check_some(data, plain, vocabulary, N_TARGET)
    folder = relational_data(database.save(tmp_path / database.name), vocabulary=Vocabulary())
    assert folder.columns == data.columns and folder.graph.value.tobytes() == data.graph.value.tobytes()


@real
@pytest.mark.slow
def test_contexts_of_a_real_database_follow_the_law():
    vocabulary, folder = Vocabulary(), Path(str(DATA)) / "rel-f1"
    data = relational_data(folder, vocabulary=vocabulary, until="test")
    check_some(data, Plain(observe(folder), VAL, TEST), vocabulary, 40)


def some(targets: Targets) -> Targets:
    idx = np.random.default_rng(0).permutation(len(targets.row))[:N_TARGET]
    return Targets(*(part[idx] for part in targets))


def rows_of(batch, data, i):
    """Rows of a context: of each its table, and its cells by column."""
    rows: dict[int, tuple[str, dict]] = {}
    for token in np.flatnonzero(batch.kind[i] >= 0):
        column = data.columns[batch.column[i, token]]
        value = batch.value[i, token] * column.std + column.mean
        cell = pd.Timestamp(0) + pd.Timedelta(microseconds=float(value)) if column.kind == DATETIME else value
        rows.setdefault(int(batch.row[i, token]), (column.table, {}))[1][column.name] = cell
    return rows


@real
@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize(("task", "label", "days"), [("driver-dnf", "did_not_finish", 30), ("driver-position", "position", 60)])
def test_forecasts_see_nothing_of_the_future(task, label, days, split):
    folder = Path(str(DATA)) / "rel-f1"
    data, targets = task_targets(folder, task, split, vocabulary=Vocabulary())
    stored = {part: pd.read_parquet(folder / "tasks" / task / f"{part}.parquet") for part in ("train", "val", "test")}
    assert len(targets.row) == len(stored[split])
    np.testing.assert_array_equal(np.argsort(targets.row), np.arange(len(targets.row)))
    chosen = some(targets)
    batch = ContextSampler([data]).batch(chosen, np.arange(N_TARGET), 0)
    first = chosen.row - targets.row[0]
    value, now = stored[split][label].to_numpy()[first], stored[split]["date"].iloc[first]
    np.testing.assert_allclose(batch.target * batch.std + batch.mean, value, rtol=1e-4, atol=1e-4)
    allowed = pd.concat([stored[part] for part in (["train", "val"] if split == "test" else ["train"])])
    slack, n_label = pd.Timedelta(hours=12), 0  # datetimes are 32-bit numbers
    for i, time in enumerate(now):
        for number, (table, cells) in rows_of(batch, data, i).items():
            if number and table == task:
                at = cells["date"].round("D")
                known = allowed[label][allowed["date"] == at]
                assert at + pd.Timedelta(days=days) <= time and (label not in cells or np.isclose(known, cells[label]).any())
                n_label += label in cells
            elif "date" in cells:
                assert cells["date"] <= time + slack
    assert n_label > N_TARGET


@real
@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_autocomplete_sees_no_label_of_its_race(split):
    folder = Path(str(DATA)) / "rel-f1"
    data, targets = task_targets(folder, "results-position", split, vocabulary=Vocabulary())
    results = pd.read_parquet(folder / "db" / "results.parquet")
    stored = pd.read_parquet(folder / "tasks" / "results-position" / f"{split}.parquet")
    assert (targets.row - data.table_start["results"]).tolist() == stored["resultId"].tolist()
    chosen = some(targets)
    batch = ContextSampler([data]).batch(chosen, np.arange(N_TARGET), 0)
    own = results.iloc[chosen.row - data.table_start["results"]]
    np.testing.assert_allclose(batch.target * batch.std + batch.mean, own["position"], rtol=1e-4)
    slack, last, n_label = pd.Timedelta(hours=12), TEST if split == "test" else VAL, 0
    for i, time in enumerate(own["date"]):
        for number, (table, cells) in rows_of(batch, data, i).items():
            assert "date" not in cells or cells["date"] <= time + slack
            if table == "results":
                assert {"statusId", "positionOrder", "points", "laps", "milliseconds", "fastestLap", "rank"}.isdisjoint(cells)
                if number and {"position", "date"} <= set(cells):  # the last row can be cut
                    assert cells["date"].round("D") < time and cells["date"].round("D") <= last
                    n_label += 1
    assert n_label > N_TARGET
