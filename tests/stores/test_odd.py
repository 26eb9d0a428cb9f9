"""What stores that others wrote, and that were left half done, have in them."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
import yaml

from plurel_prob.cli.convert import hidden, summary
from plurel_prob.cli.output import PlainConsole
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, Order
from plurel_prob.declared.schema import Rule
from plurel_prob.errors import DatabaseError
from plurel_prob.stores import read_store, to_relbench, write_store
from plurel_prob.validation import validate

pytest.importorskip("sqlglot", reason="the extra sql is not installed")


def schema(*columns: Column, **table) -> DeclaredSchema:
    return DeclaredSchema((DeclaredTable("t", columns, **table),), "odd")


NUMBER = schema(Column("id", "integer", False))
ONE = {"t": pd.DataFrame({"id": [1]})}


@pytest.mark.parametrize(("kind", "ending"), [("sqlite", "-wal"), ("sqlite", "-journal"), ("duckdb", ".wal")])
def test_journals_of_others_are_not_replayed(tmp_path, kind, ending):
    path, left = tmp_path / f"x.{kind}", tmp_path / f"x.{kind}{ending}"
    left.write_bytes(b"what a process left")
    with pytest.raises(DatabaseError, match="is left of another database"):
        write_store(ONE, NUMBER, path, kind)
    assert not path.exists()
    with pytest.raises(DatabaseError, match="is left of another database"):
        write_store(ONE, NUMBER, path, kind, overwrite=True)
    assert left.read_bytes() == b"what a process left" and not path.exists()


def test_folders_of_others_are_left_alone(tmp_path):
    for kind in ("csv", "parquet", "relbench"):
        target = tmp_path / kind
        write_store(ONE, NUMBER, target, kind)
        write_store(ONE, NUMBER, target, kind, overwrite=True)
        (target / "thesis.tex").write_text("precious")
        with pytest.raises(DatabaseError, match="no folder of tables"):
            write_store(ONE, NUMBER, target, kind, overwrite=True)
        assert (target / "thesis.tex").exists()


def test_bytes_are_no_text(tmp_path):
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection:
        connection.executescript("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (x'6162');")
    with pytest.raises(DatabaseError, match=r"t\.a, row 0.*bytes, and no text"):
        read_store(tmp_path / "x.sqlite")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_column_called_rowid_is_a_column(tmp_path, kind):
    rows = {"t": pd.DataFrame({"k": ["a", "b", "c"], "rowid": [3, 1, 2]})}
    columns = schema(Column("k", "text", False), Column("rowid", "integer"), primary_key=("k",))
    write_store(rows, columns, tmp_path / "x", kind)
    assert read_store(tmp_path / "x")[0]["t"].k.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "csv", "parquet"])
def test_uuids_are_of_one_form(tmp_path, kind):
    rows = {"t": pd.DataFrame({"u": ["12345678123412341234123456789012", "ABCDEF12-1234-1234-1234-123456789012", None]})}
    write_store(rows, schema(Column("u", "uuid")), tmp_path / "x", kind)
    found = read_store(tmp_path / "x")[0]["t"].u
    assert found[:2].tolist() == ["12345678-1234-1234-1234-123456789012", "abcdef12-1234-1234-1234-123456789012"] and pd.isna(
        found[2]
    )


def test_long_rows_can_be_read(tmp_path):
    text = "long " * 600_000
    write_store({"t": pd.DataFrame({"a": [text]})}, schema(Column("a", "text")), tmp_path / "x", "csv")
    assert read_store(tmp_path / "x")[0]["t"].a.tolist() == [text]


@pytest.mark.parametrize("kind", ["text", "boolean", "date", "float", "uuid", "category"])
def test_a_column_can_be_missing_altogether(tmp_path, kind):
    column = Column("a", kind, labels=("x", "y") if kind == "category" else ())
    for values in (pd.Series([np.nan, np.nan]), pd.Series([None, None], dtype=object), pd.Series([pd.NaT, pd.NaT])):
        write_store({"t": pd.DataFrame({"a": values})}, schema(column), tmp_path / "x.duckdb", "duckdb", overwrite=True)
        assert read_store(tmp_path / "x.duckdb")[0]["t"].a.isna().tolist() == [True, True]


def test_large_decimals_are_compared_exactly(tmp_path):
    from decimal import Decimal

    columns = [Column("a", "decimal", precision=20, scale=2), Column("b", "decimal", precision=20, scale=4)]
    declared = schema(*columns, orders=(Order("a", "b", True),))
    rows = {"t": pd.DataFrame({"a": [Decimal("9007199254740993.00")], "b": [Decimal("9007199254740993.0001")]})}
    write_store(rows, declared, tmp_path / "x", "parquet")
    with pytest.raises(DatabaseError, match="is not below"):
        write_store({"t": rows["t"].assign(b=rows["t"].a)}, declared, tmp_path / "y", "parquet")


def test_one_time_is_no_time():
    tables, manifest = to_relbench(
        {"t": pd.DataFrame({"at": pd.to_datetime(["2020-01-01"] * 2)})}, schema(Column("at", "timestamp", False))
    )
    assert manifest.tables["t"].time_col is None and len(tables["t"]) == 2


@pytest.mark.parametrize(
    ("field", "value"), [("pkey", ["id", "date"]), ("pkey", 5), ("fkeys", {"f": ["p"]}), ("fkeys", None), (None, None)]
)
def test_manifests_that_say_something_else(tmp_path, field, value):
    write_store(ONE, NUMBER, tmp_path / "x", "relbench")
    path = tmp_path / "x" / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text())
    manifest["tables"]["t"] = None if field is None else manifest["tables"]["t"] | {field: value}
    path.write_text(yaml.safe_dump(manifest))
    assert [problem.rule for problem in validate(tmp_path / "x")] == ["manifest"]


def test_times_far_away(tmp_path):
    rows = {"t": pd.DataFrame({"at": np.array(["2020-01-01", "9999-12-31"], "datetime64[us]")})}
    write_store(rows, schema(Column("at", "timestamp", False)), tmp_path / "x", "relbench")
    assert validate(tmp_path / "x") == []


def test_what_is_shown():
    assert "SECRET" not in hidden("postgresql://u:SECRET@h/db?password=SECRET&sslmode=require")
    table = DeclaredTable(r"\[/x]", (Column(r"\[/y]", "integer"),))
    console = PlainConsole()
    with console.capture() as told:
        console.print(summary({table.name: 3}, DeclaredSchema((table,), "odd")))
    assert r"\[/x]" in told.get()


def test_rules_on_decimals_of_more_digits_than_duckdb_has(tmp_path):
    from decimal import Decimal

    columns = [Column(name, "decimal", precision=50, scale=10) for name in "ab"]
    declared = schema(*columns, rules=(Rule('"a" <> "b"', ("a", "b")),))
    rows = {"t": pd.DataFrame({"a": [Decimal("9007199254740993.0000000001"), None], "b": [Decimal("9007199254740993"), None]})}
    write_store(rows, declared, tmp_path / "x", "csv")
    with pytest.raises(DatabaseError, match=r"t.\(a, b\), row 0: .* breaks CHECK"):
        write_store({"t": rows["t"].assign(b=rows["t"].a)}, declared, tmp_path / "y", "csv")
    with pytest.raises(DatabaseError, match=r't.\(a, b\): rows cannot be tested by CHECK \("a" <> "b"\): '):
        write_store({"t": rows["t"].assign(b=[Decimal(10**39), None])}, declared, tmp_path / "y", "csv")
