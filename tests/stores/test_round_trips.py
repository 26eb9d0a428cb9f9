"""What is written is read again: every value, type, key and constraint."""

import os
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases import observe
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.files import RECORD
from plurel_prob.stores import read_store, write_store
from tests.postgres import postgres_url
from tests.stores.databases import connected, emptied, everything, folder_of_everything, plain

__all__ = ["postgres_url"]  # a fixture
REAL = os.environ.get("PLUREL_PROB_DATA")
FORMATS = ["sqlite", "duckdb", "postgresql", "csv", "parquet"]
SIXTEEN, UNSIGNED = {"bits": 16}, {"bits": 64, "is_unsigned": False, "low": 0.0}
# what a store declares otherwise, for it has no such type
OTHERWISE = {
    "sqlite": {"unsigned": UNSIGNED},
    "duckdb": {"free": {"precision": 38, "scale": 10}},
    "postgresql": {"tiny": SIXTEEN, "unsigned": UNSIGNED},
    "csv": {"tiny": SIXTEEN, "unsigned": UNSIGNED},
    "parquet": {"tiny": SIXTEEN, "unsigned": UNSIGNED},
}


@pytest.fixture
def place(tmp_path, request):
    """Where a store of a format goes; a PostgreSQL database is empty."""

    def of(format):
        return emptied(request.getfixturevalue("postgres_url")) if format == "postgresql" else tmp_path / f"a {format} store"

    return of


@pytest.mark.parametrize("format", FORMATS)
def test_every_kind_of_column(format, place):
    tables, declared = everything()
    seen, store = [], place(format)
    assert write_store(tables, declared, store, format, on_table=seen.append) == []
    assert seen == ["all kinds", "child"]
    read, found = read_store(store)
    for table in declared.tables:
        assert plain(read[table.name]) == kept(plain(tables[table.name]), format)
        for column in table.columns:
            assert found.table(table.name).column(column.name) == replace(column, **OTHERWISE[format].get(column.name, {}))
        assert without_columns(found.table(table.name)) == without_columns(table)
        assert len(found.table(table.name).columns) == len(table.columns)


def without_columns(table):
    return replace(table, columns=(), foreign_keys=tuple(sorted(table.foreign_keys, key=lambda key: key.columns)))


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_in_relbench_format(format, place, tmp_path):
    there_and_back(folder_of_everything(tmp_path / "first"), place(format), format, tmp_path / "again")


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="PLUREL_PROB_DATA names no folder of real databases")
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["rel-f1", "chinook", "lahman"])
def test_real_databases(name, format, place, tmp_path):
    there_and_back(Path(REAL or "") / name, place(format), format, tmp_path / "again")


def there_and_back(first, store, format, again):
    """From RelBench format to a store, and back: rows are those of before, sorted by the times that were found."""
    tables, declared = read_store(first)
    assert write_store(tables, declared, store, format) == []
    write_store(*read_store(store), again, "relbench")
    before, after = observe(first), observe(again)
    assert set(after.tables) == set(before.tables)
    place = {}  # of each row of before
    for name, schema in after.schema.tables.items():
        frame, order = before.tables[name], np.arange(len(before.tables[name]))
        if schema.time_col:
            order = np.array(sorted(order, key=lambda row, times=frame[schema.time_col]: times.iloc[row]), int)
        place[name] = {int(row): new for new, row in enumerate(order)}
    for name, schema in before.schema.tables.items():
        assert (after.schema.tables[name].pkey, after.schema.tables[name].fkeys) == (schema.pkey, schema.fkeys)
        expected = before.tables[name].copy()
        for key, parent in schema.fkeys.items():
            expected[key] = expected[key].astype("Int64").map(place[parent].__getitem__, na_action="ignore").astype("Int64")
        expected = expected.iloc[list(place[name])]
        if schema.pkey:
            expected[schema.pkey] = range(len(expected))
        assert plain(after.tables[name]) == kept(plain(expected), format)


def kept(words, format):
    """SQLite has no -0.0."""
    return {name: [w.replace("-0.0", "0.0") if w == "-0.0" and format == "sqlite" else w for w in words[name]] for name in words}


def test_sqlite_files_of_others(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE, at DATETIME, price DECIMAL(10, 2), ok BOOLEAN, note TEXT)"
        )
        connection.execute("INSERT INTO t VALUES (7, '2020-02-29', '2020-02-29T01:02:03', 1.5, 1, 42)")
        connection.execute("INSERT INTO t VALUES (3, NULL, NULL, '2', 0, NULL)")
    connection.close()
    tables, declared = read_store(path)
    words = {name: values[1] for name, values in plain(tables["t"]).items()}
    assert words == {
        "id": "7",
        "day": "datetime.date(2020, 2, 29)",
        "at": "2020-02-29 01:02:03",
        "price": "1.5",
        "ok": "True",
        "note": "'42'",
    }
    assert declared.tables[0].primary_key == ("id",)


def test_a_csv_file_as_postgresql_has_it(tmp_path):
    tables = {"t": pd.DataFrame({"a": ["", None, 'x"y', "1,2"], "b": [1.5, None, -0.0, np.inf]})}
    _, declared = everything()
    columns = (replace(declared.tables[0].columns[0], name="a", kind="text", is_nullable=True, bits=None),)
    columns += (replace(columns[0], name="b", kind="float"),)
    table = replace(declared.tables[0], name="t", columns=columns, primary_key=(), unique=())
    write_store(tables, replace(declared, tables=(table,)), tmp_path / "t", "csv")
    assert (tmp_path / "t" / "t.csv").read_bytes() == b'"a","b"\r\n"",1.5\r\n,\r\n"x""y",-0\r\n"1,2",inf\r\n'
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == [RECORD, "schema.sql", "t.csv"]


def test_tables_without_row_numbers_and_of_several_schemas(tmp_path, postgres_url):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a TEXT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID")
        connection.execute("INSERT INTO t VALUES ('y', 2), ('x', 3), ('x', 1)")
    connection.close()
    assert read_store(path)[0]["t"].to_numpy().tolist() == [["x", 1], ["x", 3], ["y", 2]]
    with connected(emptied(postgres_url)) as connection:
        connection.execute("CREATE SCHEMA other")
        connection.execute("CREATE TABLE t (a INT)")
        connection.execute("CREATE TABLE other.t (a INT)")
        connection.execute("CREATE TABLE other.u (a INT)")
        connection.execute("INSERT INTO t VALUES (1); INSERT INTO other.t VALUES (2); INSERT INTO other.u VALUES (3)")
    tables, _ = read_store(postgres_url)
    assert {name: frame["a"].tolist() for name, frame in tables.items()} == {"public.t": [1], "other.t": [2], "u": [3]}


def test_wide_keys_and_decimals(tmp_path):
    """Keys of 64 bits and decimals are exact."""
    big = [2**63 - 1, -(2**63), 2**53 + 1]
    columns = (Column("k", "integer", False, bits=64), Column("of", "integer", bits=64), Column("d", "decimal"))
    table = DeclaredTable("t", columns, ("k",), (), (ForeignKey(("of",), "t", ("k",)),))
    frame = pd.DataFrame({"k": big, "of": pd.array([None, 2**63 - 1, -(2**63)], dtype="Int64")})
    frame["d"] = pd.Series([Decimal("0.1"), Decimal("123456789012345"), None], dtype=object)
    for format in ("sqlite", "duckdb", "csv"):
        write_store({"t": frame}, DeclaredSchema((table,), "big"), tmp_path / format, format)
        order = [1, 2, 0] if format != "csv" else [0, 1, 2]  # by the key
        assert plain(read_store(tmp_path / format)[0]["t"]) == plain(frame.iloc[order])
