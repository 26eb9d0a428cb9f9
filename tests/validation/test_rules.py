"""Every rule has a folder that breaks it and no other; where RelBench refuses, it does so for that folder."""

import shutil
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from plurel_prob.validation import rt, tables, tasks, validate
from tests.validation.broken import (
    AUTO,
    COUNT,
    dangling,
    deleted,
    external,
    fkeys,
    folder,
    in_manifest,
    labels,
    late,
    load,
    load_task,
    lonely,
    orders,
    put,
    rename_time,
    retimed,
    right,
    six_keys,
    swap,
    swap_times,
    without_tasks,
)

__all__ = ["folder", "right"]  # fixtures
# rule: how to break it; where it is found; how RelBench refuses, None where it goes on
BROKEN = {
    "table-file": (deleted("db/users.parquet"), ("users", None, None), load),
    "column-missing": (orders(lambda f: f.drop(columns="buyer")), ("order items", "buyer", None), load),
    "pkey-rows": (put("order_id", 7, 100), ("order items", "order_id", 7), load),
    "time-name": (without_tasks(rename_time), ("order items", "class", None), load),
    "time-type": (orders(retimed), ("order items", "at", None), load),
    "time-missing": (put("at", 5, pd.NaT), ("order items", "at", 5), load),
    "time-sorted": (orders(swap_times), ("order items", "at", 1), load),
    "fkey-parent": (fkeys(article="sales"), ("order items", "article", None), load),
    "fkey-type": (orders(lambda f: f.assign(buyer=[[k, 0] for k in range(len(f))])), ("order items", "buyer", None), load),
    "fkey-range": (put("buyer", 9, -1), ("order items", "buyer", 9), None),
    "fkey-time": (put("before", 100, 799), ("order items", "before", 100), None),
    "split-times": (without_tasks(in_manifest(lambda m: m.update(test_timestamp="2021-06-02"))), (None, None, None), None),
    "task-manifest": (in_manifest(lambda m: m.pop("sql"), COUNT), (f"tasks/{COUNT}", None, None), load_task()),
    "task-entity": (
        in_manifest(lambda m: m.update(target_col="article"), AUTO),
        (f"tasks/{AUTO}", "article", None),
        load_task(AUTO),
    ),
    "task-remove": (
        in_manifest(lambda m: m.update(remove_columns=[["users", "size"]]), COUNT),
        (f"tasks/{COUNT}", "size", None),
        None,
    ),
    "task-time": (
        in_manifest(lambda m: m.update(entity_table="users", target_col="age"), AUTO),
        (f"tasks/{AUTO}", None, None),
        load_task(AUTO),
    ),
    "task-window": (in_manifest(lambda m: m.update(timedelta="70 days"), COUNT), (f"tasks/{COUNT}", None, None), load_task()),
    "task-empty": (labels("val", lambda f: f.iloc[:0]), (f"tasks/{COUNT}", "n_child", None), None),
    "label-file": (external, (f"tasks/{COUNT}", None, None), load_task()),
    "label-column": (labels("test", lambda f: f.drop(columns="date")), (f"tasks/{COUNT}/test", "date", None), load_task()),
    "label-order": (labels("train", swap), (f"tasks/{COUNT}/train", "date", 0), None),
    "label-entity": (labels("val", dangling), (f"tasks/{COUNT}/val", "user key", 29), None),
}
RT = {
    "rt-undeclared": (lambda folder: shutil.copy(folder / "db/users.parquet", folder / "db/more.parquet"), ("more", None, None)),
    "rt-unknown-key": (in_manifest(lambda m: m.update(seed=1)), (None, None, None)),
    "rt-type": (orders(lambda f: f.assign(price=Decimal("0.5"))), ("order items", "price", None)),
    "rt-infinity": (put("odd name", 3, np.inf), ("order items", "odd name", 3)),
    "rt-keys": (six_keys, ("order items", None, 60)),
    "rt-time-range": (without_tasks(late), ("order items", "at", 799)),
    "rt-time-lost": (orders(lonely), ("order items", "at", 4)),
    "rt-train": (deleted(f"tasks/{COUNT}/train.parquet"), (f"tasks/{COUNT}", None, None)),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found(rule, folder):
    change, (table, column, row), refuses = BROKEN[rule]
    change(folder)
    problems = validate(folder)
    assert {problem.rule for problem in problems} == {rule}, problems
    assert (table, column, row) in [(problem.table, problem.column, problem.row) for problem in problems]
    if refuses is None:
        load(folder)
    else:
        with pytest.raises(Exception):  # noqa: B017  whatever RelBench comes to
            refuses(folder)


@pytest.mark.parametrize("rule", RT)
def test_a_broken_rule_of_the_transformers_reader_is_found(rule, folder):
    change, (table, column, row) = RT[rule]
    change(folder)
    assert validate(folder) == []
    load(folder)
    problems = validate(folder, "rt")
    assert {problem.rule for problem in problems} == {rule}, problems
    assert (table, column, row) in [(problem.table, problem.column, problem.row) for problem in problems]


def test_every_rule_is_tried():
    known = {
        *tables.RULES,
        *tasks.RULES,
        "table-file",
        "column-missing",
        "split-times",
        "task-empty",
        "label-file",
        "task-manifest",
    }
    assert known == set(BROKEN)
    assert {*rt.TABLE_RULES, *rt.TASK_RULES, "rt-undeclared", "rt-rows"} - {"rt-label-infinity", "rt-rows"} == set(RT)


def test_infinite_labels_and_too_many_rows(folder, monkeypatch):
    labels("val", lambda f: f.assign(n_child=f["n_child"].where(f.index != 3, np.inf)))(folder)
    (problem,) = validate(folder, "rt")
    assert (problem.rule, problem.table, problem.column, problem.row) == ("rt-infinity", f"tasks/{COUNT}/val", "n_child", 3)
    monkeypatch.setattr(rt, "MAX_ROW", 842)
    assert "rt-rows" in {problem.rule for problem in validate(folder, "rt")}
    monkeypatch.setattr(rt, "MAX_ROW", 843)
    assert "rt-rows" not in {problem.rule for problem in validate(folder, "rt")}


def test_a_right_folder(right):
    assert validate(right) == validate(right, "rt") == []
    load(right)
    load_task(regenerate=True)(right)
