"""``plurel-prob predict``, on a small shop in each kind of store."""

import json
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from plurel_prob.cli import main
from plurel_prob.rfm.rows.learner import boosting
from tests.rfm.rows.features.shop import read_tables, shop, write_tables

FAST = ["--members", "trees", "--no-baselines"]
needs_sql = pytest.mark.skipif(find_spec("sqlglot") is None, reason="the extra sql is not installed")


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(boosting, "MAX_ROUND", 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The shop; a tenth of the orders has no amount, and those from May on have none."""
    folder = shop(tmp_path_factory.mktemp("predict") / "shop")
    frames = read_tables(folder)
    orders = frames["orders"]
    orders["amount"] = orders["amount"].mask(np.arange(len(orders)) % 10 == 3)
    write_tables(folder, frames)
    return folder


@pytest.fixture(scope="module")
def stores(folder):
    """The same in other stores."""
    for form, name in {"sqlite": "shop.sqlite", "duckdb": "shop.duckdb", "csv": "csv"}.items():
        main_of(["convert", str(folder), "--to", form, "--out", str(folder.parent / name)])
    return {name: folder.parent / name for name in ("shop.sqlite", "shop.duckdb", "csv")}


def main_of(line):
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in line])
    return end.value.code or 0


def predicted(capsys, tmp_path, *line):
    out = tmp_path / "found.csv"
    assert main_of(["predict", *line, *FAST, "--out", out]) == 0
    return pd.read_csv(out), capsys.readouterr().out


def test_a_task(folder, tmp_path, capsys):
    found, said = predicted(capsys, tmp_path, folder, "--task", "buys")
    asked = pd.read_parquet(folder / "tasks" / "buys" / "test.parquet")
    assert list(found) == ["user", "time", "prediction", "probability"] and len(found) == len(asked)
    np.testing.assert_array_equal(found["user"], asked["user"])
    assert (found["prediction"] == (found["probability"] >= 0.5)).all()
    assert f"{asked['buys'].sum()} positive" in said and "AUROC" in said and "trees 100%" in said


def test_baselines_and_what_matters(folder, capsys):
    assert main_of(["predict", folder, "--task", "spend", "--members", "trees", "--explain"]) == 0
    said = capsys.readouterr().out
    for word in ("mean", "history", "ridge", "lightgbm", "this prediction", "NMAE", "R2", "users.income", "(earlier labels)"):
        assert word in said, word


def test_missing_cells_are_filled(folder, tmp_path, capsys):
    found, said = predicted(capsys, tmp_path, folder, "--column", "orders.amount")
    orders = read_tables(folder)["orders"]
    missing = orders[orders["amount"].isna()]
    np.testing.assert_array_equal(found["order"], missing["order"])
    truth = missing["cents"] / 100  # tells the amount, and is hidden
    known = missing["shop"].notna().to_numpy()
    assert np.corrcoef(found["prediction"][known], truth[known])[0, 1] > 0.7
    assert (found["quantile_0.05"] <= found["quantile_0.95"]).all() and "cells held out" in said


def test_a_column_after_a_time(folder, tmp_path, capsys):
    found, said = predicted(capsys, tmp_path, folder, "--column", "Orders.gift", "--after", "2020-05-01")
    orders = read_tables(folder)["orders"]
    later = orders[orders["at"] > "2020-05-01"]
    np.testing.assert_array_equal(found["order"], later["order"])
    assert found["prediction"].isin([True, False]).all() and f"{later['gift'].sum()} positive" in said


@needs_sql
@pytest.mark.parametrize("name", ["shop.sqlite", "shop.duckdb", "csv"])
def test_a_forecast_of_any_store(stores, name, tmp_path, capsys):
    line = ["--forecast", "orders", "--by", "users", "--within", "14d", "--measure", "count"]
    found, said = predicted(capsys, tmp_path, stores[name], *line)
    assert sorted(found["user"]) == list(range(30)) and (found["prediction"] >= 0).all()
    assert found["time"].nunique() == 1 and "within 14 days" in said and "asked at" in said


def test_a_forecast_of_the_past_is_compared_with_what_came(folder, tmp_path, capsys):
    line = ["--forecast", "orders", "--by", "user", "--within", "7d", "--measure", "sum:amount", "--at", "2020-05-01"]
    found, said = predicted(capsys, tmp_path, folder, *line)
    assert len(found) == 30 and "what came: 30 rows" in said
    _, said = predicted(capsys, tmp_path, folder, "--forecast", "orders", "--by", "user")
    assert "any of orders by user within" in said


@pytest.mark.parametrize("suffix", ["parquet", "json"])
def test_forms_of_a_table(folder, tmp_path, suffix):
    out = tmp_path / f"found.{suffix}"
    assert main_of(["predict", folder, "--column", "users.colour", *FAST, "--out", out]) == 0
    found = pd.read_parquet(out) if suffix == "parquet" else pd.DataFrame(json.loads(out.read_text()))
    missing = read_tables(folder)["users"]["colour"].isna()
    assert len(found) == missing.sum() and set(found["prediction"]) <= {"red", "blue"}


@pytest.mark.slow
def test_a_network_from_a_file(folder, tmp_path, capsys):
    import jax

    from plurel_prob.rfm.rows.network import RowNetwork, RowNetworkSize, save_network

    save_network(
        tmp_path / "rows.safetensors", RowNetwork(RowNetworkSize(1, 16, 1, 16, feature=8, n_pool=2), key=jax.random.key(0)), {}
    )
    assert main_of(["predict", folder, "--task", "buys", "--checkpoint", tmp_path, "--members", "network", "--no-baselines"]) == 0
    assert "network 100%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "say one of --task, --column and --forecast, not nothing"),
        (["--task", "buys", "--column", "users.age"], "not --task and --column"),
        (["--task", "buys", "--after", "2020-01-01"], "--after: goes with --column, not with --task"),
        (["--task", "buy"], "has no task buy; do you mean buys?"),
        (["--column", "colour"], "needs a table and its column; did you mean users.colour?"),
        (["--column", "colr"], "needs a table and its column; such as"),
        (["--column", "user.colour"], "there is no table user; do you mean users?"),
        (["--column", "users.color"], "has no column color; do you mean colour?"),
        (["--column", "users.income"], "has no missing cell; --after DATE"),
        (["--column", "users.income", "--after", "2020-01-01"], "users has no time"),
        (["--column", "orders.gift", "--after", "soon"], "--after soon: is no time"),
        (["--column", "orders.gift", "--after", "2030-01-01"], "has no row after 2030-01-01"),
        (["--forecast", "orders"], "say with --by which table its rows refer to: users"),
        (["--forecast", "orders", "--by", "suers"], "do you mean user"),
        (["--forecast", "users", "--by", "shops"], "the table refers to no other"),
        (["--forecast", "orders", "--by", "users", "--within", "often"], "--within often: is no length of time"),
        (["--forecast", "orders", "--by", "users", "--within", "9000d"], "no window of 9000 days has ended"),
        (["--forecast", "orders", "--by", "users", "--measure", "mean"], "write any, count, next, or mean:COLUMN"),
        (["--forecast", "orders", "--by", "users", "--measure", "mean:amuont"], "do you mean amount?"),
        (["--forecast", "orders", "--by", "users", "--at", "1990-01-01", "--within", "7d"], "no window of 7 days has ended"),
        (["--task", "buys", "--out", "{tmp}/found.xlsx"], "ends with .csv, .parquet, .json"),
        (["--task", "buys", "--out", "{tmp}/no/found.csv"], "there is no folder"),
        (["--task", "buys", "--checkpoint", "{tmp}"], "no file of weights, and no run"),
        (["--task", "buys", "--checkpoint", "{tmp}/text"], "text"),
    ],
)
def test_errors(folder, tmp_path, capsys, line, message):
    (tmp_path / "text").write_text("no weights")
    assert main_of(["predict", folder, *(word.format(tmp=tmp_path) for word in line)]) == 2
    said = capsys.readouterr()
    assert message in said.err.splitlines()[-1] and not said.out


def test_places_where_no_database_is(folder, tmp_path, capsys):
    several = tmp_path / "several"
    several.mkdir()
    (several / "shop").symlink_to(folder)
    for place, message in {tmp_path / "none": "no such file or folder", several: f"give one, such as {several / 'shop'}"}.items():
        assert main_of(["predict", place, "--task", "buys", *FAST]) == 2
        assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_database_that_relbench_downloads(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("relbench.load_dataset", lambda name: SimpleNamespace(dataset_dir={"hub/set/shop": folder}[name]))
    found, _ = predicted(capsys, tmp_path, "hub/set/shop", "--column", "orders.amount")
    assert "quantile_0.5" in found


def test_times_that_are_none(tmp_path, capsys):
    folder = shop(tmp_path / "shop")
    frames = read_tables(folder)
    frames["shops"]["opened"] = "soon"
    write_tables(folder, frames)
    for line in (["--column", "users.colour"], ["--task", "buys"], ["--forecast", "orders", "--by", "users"]):
        assert main_of(["predict", folder, *line, *FAST]) == 2
        assert "shops.opened has values that are no times" in capsys.readouterr().err


def test_labels_that_tell_nothing(tmp_path, capsys):
    folder = shop(tmp_path / "shop")
    frames = read_tables(folder)
    frames["users"]["same"] = pd.Series(1.5, frames["users"].index).mask(frames["users"]["user"] > 20)
    frames["users"]["few"] = pd.Series(np.arange(30.0)).mask(frames["users"]["user"] > 4)
    frames["users"]["none"] = pd.Series(np.nan, frames["users"].index)
    write_tables(folder, frames)
    for column, message in {"same": "labels are 1.5", "few": "5 labels are too few", "none": "no value"}.items():
        assert main_of(["predict", folder, "--column", f"users.{column}", *FAST]) == 2
        assert message in capsys.readouterr().err
