import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from plurel_prob.tasks import autocomplete_tasks, split_database
from plurel_prob.tasks.leaks import PILOTS, codes, leaks, telling_pairs
from tests.tasks.small import TEST, VAL, shop


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return split_database(shop(tmp_path_factory.mktemp("out") / "shop"))


def tasks_with(database, table, **columns):
    """Tasks of a table with some of its columns replaced: name of the column to task."""
    frame = database.tables[table].assign(**columns)
    kinds = database.schemas[table].columns | dict.fromkeys(columns, "numerical")
    changed = replace(
        database,
        tables=database.tables | {table: frame},
        schemas=database.schemas | {table: replace(database.schemas[table], columns=kinds)},
    )
    return {task.manifest.target_col: task for task in autocomplete_tasks(changed) if task.manifest.entity_table == table}


def test_columns_of_timed_tables_are_tasks(database):
    tasks = {task.manifest.name: task for task in autocomplete_tasks(database)}
    types = {name: task.manifest.task_type for name, task in tasks.items()}
    assert types == {  # articles have too few rows, users no time, and "odd name" needs quotes
        "order_items-value": "regression",
        "order_items-cents": "regression",
        "order_items-is_large": "binary_classification",
        "order_items-is_gift": "binary_classification",
        "order_items-mood": "multiclass_classification",
    }
    rows = database.tables["order items"]
    time, mood = rows["at"], rows["mood"].notna()
    counts = {"train": time <= VAL, "val": (time > VAL) & (time <= TEST), "test": time > TEST}
    assert tasks["order_items-mood"].n_label == {split: int((mood & inside).sum()) for split, inside in counts.items()}


def test_what_tells_the_target_is_removed(database):
    removed = {
        task.manifest.target_col: {column for _, column in task.manifest.remove_columns} for task in autocomplete_tasks(database)
    }
    assert removed == {
        "value": {"cents", "is_large"},
        "cents": {"value", "is_large"},
        "is_large": {"value", "cents"},
        "is_gift": set(),
        "mood": set(),
    }
    value = database.tables["order items"]["value"]
    noise = np.random.default_rng(1).normal(size=len(value))
    tasks = tasks_with(database, "order items", falling=-(value**3), noisy=value + 0.2 * noise, near=value + 1e-4 * noise)
    assert {column for _, column in tasks["value"].manifest.remove_columns} == {"cents", "is_large", "falling", "near"}


def test_no_task_without_labels_that_vary(database):
    rows = database.tables["order items"]
    is_test, number = rows["at"] > TEST, np.random.default_rng(2).normal(size=len(rows))
    columns = {
        "constant": np.ones(len(rows)),
        "rare": np.where(np.arange(len(rows)) < 4, 2.0, 1.0),
        "infinite": np.where(rows["is_gift"], np.inf, number),
        "untested": np.where(is_test, np.nan, number),
        "month": (rows["at"].dt.year * 12 + rows["at"].dt.month).astype(float),  # the time tells it
        "Value": number,  # SQL takes it for value
    }
    assert set(tasks_with(database, "order items", **columns)) == {"cents", "is_large", "is_gift", "mood"}
    never = {"is_gift": rows["is_gift"] & ~is_test}
    frame = replace(database, tables=database.tables | {"order items": rows.assign(**never)})
    assert "is_gift" not in {task.manifest.target_col for task in autocomplete_tasks(frame)}


def test_leaks():
    rng = np.random.default_rng(0)
    x, group = rng.normal(size=500), rng.integers(0, 5, 500)

    def tells(one, other):
        kinds = ["numerical" if np.asarray(column).dtype.kind in "if" else "categorical" for column in (one, other)]
        pair = [codes(pd.Series(column), kind) for column, kind in zip((one, other), kinds, strict=True)]
        assert leaks(*pair) == leaks(*pair[::-1])
        return leaks(*pair)

    letter = np.array(list("abcde"))[group]
    assert tells(x, np.exp(x)) and tells(x, np.round(x)) and tells(x, x > 0) and tells(-x, x)
    assert not tells(x, x**2) and not tells(x, np.abs(x) > 1) and not tells(x, rng.normal(size=500))
    assert tells(letter, group) and tells(letter, group > 2) and tells(letter, np.array(list("zyxzx"))[group])
    assert not tells(letter, rng.random(500) < 0.5)
    assert not tells(np.array([f"name {i}" for i in range(500)]), group)  # names that come once tell everything
    assert tells(np.where(group == 0, np.nan, x), np.where(group == 1, np.nan, 2 * x))
    assert not tells(np.where(group == 0, x, np.nan), np.where(group == 1, x, np.nan))  # never both


def test_rows_without_keys_are_known_by_their_place(database):
    schema = replace(database.schemas["order items"], pkey=None)
    frame = database.tables["order items"].drop(columns="order_id")
    for rows, is_task in ((frame, True), (frame[::-1], False), (frame.assign(primary_key=1), False), (frame.assign(AT=1), False)):
        changed = replace(database, tables={"order items": rows}, schemas={"order items": schema})
        assert bool(list(autocomplete_tasks(changed))) == is_task


def related(rng, n):
    """A dozen columns, many of which tell each other, or nearly; some have few values, or few rows that do not miss them."""
    base, group = rng.normal(size=n), rng.integers(0, 9, n)
    kinds = [
        ("numerical", rng.choice([-1, 2]) * base),
        ("numerical", np.round(base, 1)),
        ("numerical", base + rng.choice([1e-4, 0.03, 0.05]) * rng.normal(size=n)),
        ("numerical", np.where(np.arange(n) < n - 2, base, rng.normal(size=n))),
        ("numerical", (rng.random(n) < 0.02).astype(float)),
        ("numerical", np.ones(n)),
        ("numerical", base**2),
        ("boolean", base > 0.5),
        ("boolean", rng.random(n) < 0.02),
        ("categorical", np.digitize(base, [-1, 0, 1])),
        ("categorical", group),
        ("categorical", group // 3),
        ("text", np.array([f"name {i}" for i in range(n)], object)),
    ]
    columns = {}
    for i, (kind, values) in enumerate(kinds):
        share = rng.choice([0, 0, 0.1, 0.7, 0.99])
        columns[f"c{i}"] = codes(pd.Series(values).astype(object).mask(rng.random(n) < share).infer_objects(), kind)
    return columns


@pytest.mark.parametrize("n", [0, 1, 5, 40, 300, 1500])
def test_pairs_that_leak_are_found_together(n, monkeypatch):
    monkeypatch.setattr("plurel_prob.tasks.leaks.PILOTS", (PILOTS[0], 128, 1024))
    n_found = 0
    for seed in range(12):
        columns = related(np.random.default_rng(seed), n)
        found = list(telling_pairs(columns))
        assert found == [pair for pair in itertools.combinations(columns, 2) if leaks(columns[pair[0]], columns[pair[1]])]
        n_found += len(found)
    assert n_found > 100 or n < 5


def test_few_pairs_of_many_columns_are_looked_at(monkeypatch):
    rng, looked = np.random.default_rng(0), []
    values = [rng.normal(size=500), rng.random(500) < 0.4, rng.integers(0, 5, 500)]
    kinds = ["numerical", "boolean", "categorical"]
    columns = {
        f"c{i}": codes(pd.Series(rng.permutation(values[i % 3])).astype(object).mask(rng.random(500) < i % 2 * 0.5), kinds[i % 3])
        for i in range(150)
    }
    monkeypatch.setattr("plurel_prob.tasks.leaks.leaks", lambda one, other: bool(looked.append(1)))
    assert list(telling_pairs(columns)) == [] and len(looked) < 150
