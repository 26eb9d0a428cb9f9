"""Targets of tasks: their labels, and what contexts must not tell of them."""

import numpy as np
import pandas as pd
import pytest
from relbench.manifest import DatasetManifest, TableSpec, TaskManifest

from plurel_prob import DatabaseError
from plurel_prob.rfm.cells.contexts import BOOLEAN, NUMBER, ContextSampler, Vocabulary, task_targets
from tests.rfm.cells.contexts.databases import DAY, START, TEST, VAL

N_EVENT, N_USER = 300, 6
FORECAST = {
    "kind": "forecast",
    "entity_table": "users",
    "entity_col": "user",
    "time_col": "on",
    "timedelta": "7 days",
    "sql": "-",
}
COMPLETE = {"kind": "autocomplete", "entity_table": "events", "target_col": "number"}
TASKS = {
    "sum": {"task_type": "regression", "target_col": "label", "remove_columns": [["events", "leak"]], **FORECAST},
    "alone": {"task_type": "regression", "target_col": "label", "remove_columns": [["events", "to"]], **FORECAST},
    "sign": {"task_type": "binary_classification", "target_col": "label", **FORECAST},
    "given": {"task_type": "regression", "target_col": "label", **FORECAST, "kind": "external", "timedelta": None},
    "always": {"task_type": "regression", "target_col": "label", **FORECAST, "kind": "external", "time_col": None},
    "number": {"task_type": "regression", "remove_columns": [["events", "leak"]], **COMPLETE},
    "flag": {"task_type": "binary_classification", **COMPLETE, "target_col": "flag"},
    "word": {"task_type": "binary_classification", **COMPLETE, "target_col": "word"},
    "wrong": {"task_type": "binary_classification", **COMPLETE},
    "missing": {"task_type": "regression", "target_col": "label", "remove_columns": [["events", "other"]], **FORECAST},
    "users": {"task_type": "regression", "target_col": "label", **FORECAST},
    "alike": {"task_type": "binary_classification", "target_col": "label", **FORECAST},
    "links": {
        "kind": "external",
        "task_type": "recommendation",
        **{f"{end}_entity_{part}": part for end in ("src", "dst") for part in ("table", "col")},
        "eval_k": 1,
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Users and their events, three a day; the labels of a task tell their user and time: no two are equal."""
    path, rng = tmp_path_factory.mktemp("tasks"), np.random.default_rng(0)
    event = np.arange(N_EVENT)
    events = pd.DataFrame(
        {
            "event": event,
            "user": pd.array(rng.integers(0, N_USER, N_EVENT), "Int64"),
            "to": pd.array(rng.integers(0, N_USER, N_EVENT), "Int64"),
            "at": START + event // 3 * DAY,
            "number": pd.Series(rng.permutation(N_EVENT).astype(float)).mask(event % 17 == 5),
            "flag": rng.integers(0, 2, N_EVENT),
            "word": rng.choice(["a", "b"], N_EVENT),
        }
    )
    events["leak"] = -events["number"] - 10_000
    users = pd.DataFrame({"user": np.arange(N_USER), "x": rng.normal(size=N_USER)})
    (path / "db").mkdir()
    users.to_parquet(path / "db" / "users.parquet")
    events.to_parquet(path / "db" / "events.parquet")
    tables = {
        "users": TableSpec("user", None, {}),
        "events": TableSpec("event", "at", {"user": "users", "to": "users"}),
    }
    DatasetManifest(name="small", val_timestamp=str(VAL), test_timestamp=str(TEST), tables=tables).save(path / "manifest.yaml")
    for name, task in TASKS.items():
        TaskManifest(name=name, **task).save(path / "tasks" / name / "manifest.yaml")
        if task["kind"] != "autocomplete":
            for split, labels in label_tables(name).items():
                labels.to_parquet(path / "tasks" / name / f"{split}.parquet")
    return path


def label_tables(name: str) -> dict[str, pd.DataFrame]:
    """Labels of each user every three days: 10 times its number in a table of all, or whether that is a multiple of three."""
    days = {"train": range(3, 54, 3), "val": range(60, 76, 3), "test": range(80, 93, 3)}
    tables, n = {}, 0
    for split, chosen in days.items():
        rows = [(START + day * DAY, user) for day in chosen for user in range(N_USER)]
        label = 10.0 * np.arange(n, n + len(rows))
        if name == "sign":
            label = (label % 3 == 0) * 1
        if name == "alike":
            label = label * 0
        tables[split] = pd.DataFrame(rows, columns=["on", "user"]).assign(label=label)
        n += len(rows)
    return tables


def shown(batch, data, table, column, i):
    """Values of a column that a context shows, but for its target."""
    k = data.column(table, column)
    place = np.flatnonzero(batch.column[i, 1:] == k) + 1
    return np.rint(batch.value[i, place] * data.columns[k].std + data.columns[k].mean).astype(int).tolist()


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize(("name", "days"), [("sum", 7), ("alone", 7), ("given", 1)])  # RelBench waits a day if nothing is said
def test_contexts_show_labels_that_were_known(folder, name, days, split):
    data, targets = task_targets(folder, name, split, vocabulary=Vocabulary())
    tables = label_tables(name)
    every = pd.concat(tables, names=["split"]).reset_index("split").reset_index(drop=True)
    train = tables["train"].label
    batch = ContextSampler([data], 2000).batch(targets, np.arange(len(targets.row)), 0)
    assert (
        (batch.kind[:, 0] == NUMBER).all() and np.allclose(batch.mean, train.mean()) and np.allclose(batch.std, train.std(ddof=0))
    )
    np.testing.assert_allclose(batch.target * batch.std + batch.mean, tables[split].label, rtol=1e-4, atol=1e-2)
    is_allowed = every.split.isin(["train", "val"] if split == "test" else ["train"])
    for i, (now, user) in enumerate(zip(tables[split].on, tables[split].user, strict=True)):
        known = every[is_allowed & (every.on + days * DAY <= now)]
        own = known.label[known.user == user].tolist()
        found = shown(batch, data, name, "label", i)
        assert len(set(found)) == len(found) and set(own) <= set(found) <= set(known.label)
        assert len(found) == (len(own) if name == "alone" else len(known)) or now < START + 20 * DAY  # few events join few users
    assert found
    assert (("events", "leak") in {(column.table, column.name) for column in data.columns}) == (name != "sum")


@pytest.mark.parametrize("until", [None, "val"])
def test_a_forecast_sees_rows_up_to_its_time_or_until(folder, until):
    data, targets = task_targets(folder, "sum", "test", vocabulary=Vocabulary(), until=until)
    events = pd.read_parquet(folder / "db" / "events.parquet")
    batch = ContextSampler([data], 3000).batch(targets, np.arange(len(targets.row)), 0)
    for i, now in enumerate(label_tables("sum")["test"].on):
        last = VAL if until else now
        assert sorted(shown(batch, data, "events", "number", i)) == sorted(events.number[events["at"] <= last].dropna())


@pytest.mark.parametrize(("split", "known"), [("train", ["train"]), ("val", ["train"]), ("test", ["train", "val"])])
def test_labels_without_times_are_known_by_their_split(folder, split, known):
    data, targets = task_targets(folder, "always", split, vocabulary=Vocabulary())
    tables = label_tables("always")
    batch = ContextSampler([data], 4000).batch(targets, np.arange(len(targets.row)), 0)
    labels = pd.concat([tables[part].label for part in known]).tolist()
    for i, own in enumerate(tables[split].label):
        assert sorted(shown(batch, data, "always", "label", i)) == [label for label in labels if label != own]


def test_binary_labels_are_booleans(folder):
    data, targets = task_targets(folder, "sign", "val", vocabulary=Vocabulary())
    batch = ContextSampler([data], 50).batch(targets, np.arange(len(targets.row)), 0)
    assert (batch.kind[:, 0] == BOOLEAN).all() and not batch.mean.any() and (batch.std == 1).all()
    assert batch.target.tolist() == label_tables("sign")["val"].label.tolist()


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_autocomplete_hides_labels_of_the_same_time_and_of_later_splits(folder, split):
    data, targets = task_targets(folder, "number", split, vocabulary=Vocabulary())
    events = pd.read_parquet(folder / "db" / "events.parquet")
    first, last = {"train": (START - DAY, VAL), "val": (VAL, TEST), "test": (TEST, events["at"].max())}[split]
    is_split = (events["at"] > first) & (events["at"] <= last)
    rows = np.flatnonzero(is_split & events.number.notna())
    assert sorted(targets.row - data.table_start["events"]) == rows.tolist()
    sampler = ContextSampler([data], 3000)
    batch = sampler.batch(targets, np.arange(len(targets.row)), 0)
    for i, row in enumerate(targets.row - data.table_start["events"]):
        assert round(float(batch.target[i] * batch.std[i] + batch.mean[i])) == events.number[row]
        now = events["at"][row]
        is_known = (events["at"] < now) & (events["at"] <= (TEST if split == "test" else VAL)) & events.number.notna()
        assert sorted(shown(batch, data, "events", "number", i)) == sorted(events.number[is_known])
        flags = shown(batch, data, "events", "flag", i)
        assert len(flags) == (events["at"] <= now).sum()  # the rows themselves are there
    assert ("events", "leak") not in {(column.table, column.name) for column in data.columns}


def test_autocomplete_of_numbers_0_and_1_is_of_booleans(folder):
    data, targets = task_targets(folder, "flag", "train", vocabulary=Vocabulary())
    events = pd.read_parquet(folder / "db" / "events.parquet")
    batch = ContextSampler([data], 50).batch(targets, np.arange(len(targets.row)), 0)
    assert (batch.kind[:, 0] == BOOLEAN).all() and set(batch.target) == {0, 1}
    assert batch.target.tolist() == events.flag[targets.row - data.table_start["events"]].tolist()


@pytest.mark.parametrize(
    ("task", "split", "message"),
    [
        ("sum", "all", "split must be train, val, test"),
        ("unknown", "val", "no such file; has .* a task of this name"),
        ("links", "val", "not recommendation"),
        ("word", "val", "labels that are no numbers, such as '[ab]'"),
        ("wrong", "val", "is to be 0 or 1, but"),
        ("missing", "val", "events has no column other, which a task removes"),
        ("users", "val", "has the name of a table"),
        ("alike", "val", "are all alike"),
    ],
)
def test_a_task_that_cannot_be_is_an_error(folder, task, split, message):
    with pytest.raises(DatabaseError, match=message):
        task_targets(folder, task, split, vocabulary=Vocabulary())
