"""What is not as declared is found, before anything is written and by each store, and leaves nothing behind."""

import datetime
import sqlite3
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.errors import DatabaseError
from plurel_prob.files import RECORD
from plurel_prob.stores import read_store, store, write_store
from tests.postgres import postgres_url
from tests.stores.databases import emptied, everything, plain

__all__ = ["postgres_url"]  # a fixture
FORMATS = ["sqlite", "duckdb", "postgresql"]


def put(table, column, row, value):
    def change(tables):
        values = tables[table][column].astype(object)
        values[row] = value
        tables[table][column] = values

    return change


def swapped(tables):
    tables["child"].loc[3, ["low", "high"]] = [2.0, 1.0]


def repeated(tables):
    tables["child"].loc[9, ["low", "high"]] = tables["child"].loc[4, ["low", "high"]]


BROKEN = {
    "missing": (put("all kinds", "code", 4, None), "all kinds.code, row 4: None is missing"),
    "below": (put("child", "low", 2, -1.0), "child.low, row 2: -1.0 is below the range"),
    "above": (put("child", "one", 2, 100), "child.one, row 2: 100 is above the range"),
    "long": (put("all kinds", "code", 3, "c-0000"), "all kinds.code, row 3: 'c-0000' is longer than 5"),
    "repeated": (put("all kinds", "code", 3, "c-0"), r"all kinds.\(code\), row 3: c-0 is there already"),
    "repeated key": (put("child", "Key", 30, 29), r"child.\(Key\), row 30: 29 is there already"),
    "together": (repeated, r"child.\(low, high\), row 9: .* unique together"),
    "order": (swapped, "child.low, row 3: 2.0 is not below high, 1.0"),
    "reference": (put("child", "one", 5, -4), "child.one, row 5: there is no -4 in all kinds.Key"),
    "text reference": (put("child", "other", 3, "c-99"), "child.other, row 3: there is no c-99 in all kinds.code"),
    "own reference": (put("child", "above", 7, 99), "child.above, row 7: there is no 99 in child.Key"),
}


def place_of(format, tmp_path, request):
    return emptied(request.getfixturevalue("postgres_url")) if format == "postgresql" else tmp_path / "store"


def assert_nothing_there(format, place, tmp_path):
    assert list(tmp_path.iterdir()) == []
    if format == "postgresql":
        with pytest.raises(DatabaseError, match="no table"):
            read_store(place)


@pytest.mark.parametrize("broken", BROKEN)
def test_rows_are_checked_first(broken, tmp_path):
    tables, declared = everything()
    change, message = BROKEN[broken]
    change(tables)
    with pytest.raises(DatabaseError, match=f"everything: {message}"):
        write_store(tables, declared, tmp_path / "store", "parquet")
    assert list(tmp_path.iterdir()) == []


def each_by_one_store():
    """All by all, of which each by one store in turn is quick."""
    for place, broken in enumerate(BROKEN):
        for turn, format in enumerate(FORMATS):
            yield pytest.param(broken, format, marks=[] if place % 3 == turn else pytest.mark.slow)


@pytest.mark.parametrize(("broken", "format"), list(each_by_one_store()))
def test_stores_find_it_too(broken, format, tmp_path, request, monkeypatch):
    place = place_of(format, tmp_path, request)
    tables, declared = everything()
    BROKEN[broken][0](tables)
    monkeypatch.setattr(store, "check_rows", lambda tables, declared: None)
    monkeypatch.setattr("plurel_prob.stores.duckdb_file.parent_rows", lambda tables, table, key, source: np.full(40, -1))
    if format == "duckdb":  # rows in their order, for it cannot be known what they refer to
        tables["child"]["above"] = tables["child"]["above"].where(tables["child"]["above"] == 99)
    with pytest.raises(DatabaseError):
        write_store(tables, declared, place, format)
    assert_nothing_there(format, place, tmp_path)


WRONG = {
    "tiny": (128, "128 does not fit"),
    "mood": ("sad", "none of the labels"),
    "stars": (2, "none of the labels"),
    "price": (Decimal("0.00001"), "does not fit"),
    "day": (datetime.datetime(2020, 1, 1, 12), "does not fit"),
    'the "text"': (7, "does not fit"),
    "is it": (2, "does not fit"),
    "at": (pd.Timestamp(1), "does not fit"),
}


@pytest.mark.parametrize("column", WRONG)
def test_values_of_other_types(column, tmp_path):
    tables, declared = everything()
    value, message = WRONG[column]
    put("all kinds", column, 3, value)(tables)
    with pytest.raises(DatabaseError, match=f"all kinds.{column}, row 3: .*{message}"):
        write_store(tables, declared, tmp_path / "store", "parquet")


def one_column(column, values):
    return {"t": pd.DataFrame({column.name: values})}, DeclaredSchema((DeclaredTable("t", (column,)),), "one")


LIMITS = {
    "sqlite": (
        Column("x", "decimal", precision=30, scale=10),
        [Decimal(1), Decimal("12345678901234567890.0123456789")],
        "15 digits",
    ),
    "duckdb": (Column("x", "decimal"), [Decimal(1), Decimal("0.00000000001")], "does not fit"),
    "postgresql": (Column("x", "text"), ["fine", "nul \0"], "NUL|0x00"),
}


def test_the_row_of_a_later_part(tmp_path, monkeypatch):
    monkeypatch.setattr("plurel_prob.stores.sqlite_file.CHUNK", 3)
    column = Column("x", "integer", bits=64, is_unsigned=True)
    with pytest.raises(DatabaseError, match="t.x, row 7: "):
        write_store(*one_column(column, np.array([0] * 7 + [2**63] + [0], np.uint64)), tmp_path / "store", "sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", LIMITS)
def test_what_a_store_cannot_keep(format, tmp_path, request):
    column, values, message = LIMITS[format]
    place = place_of(format, tmp_path, request)
    with pytest.raises(DatabaseError, match=message):
        write_store(*one_column(column, values), place, format)
    assert_nothing_there(format, place, tmp_path)


def circle():
    """Two tables that refer to each other, and a row to itself."""
    columns = (Column("id", "integer", False, bits=64), Column("to", "integer", bits=64))
    first = DeclaredTable("first", columns, ("id",), (), (ForeignKey(("to",), "second", ("id",)),))
    second = DeclaredTable("second", columns, ("id",), (), (ForeignKey(("to",), "first", ("id",)),))
    own = DeclaredTable("own", columns, ("id",), (), (ForeignKey(("to",), "own", ("id",)),))
    frames = {"first": [2, 1], "second": [None, 1], "own": [1, 2]}
    tables = {name: pd.DataFrame({"id": [1, 2], "to": pd.array(to, dtype="Int64")}) for name, to in frames.items()}
    return tables, DeclaredSchema((first, second, own), "circle")


@pytest.mark.parametrize("format", FORMATS)
def test_references_in_a_circle(format, tmp_path, request):
    tables, declared = circle()
    left_out = write_store(tables, declared, place_of(format, tmp_path, request), format)
    read, found = read_store(request.getfixturevalue("postgres_url") if format == "postgresql" else tmp_path / "store")
    assert {name: read[name]["to"].tolist() for name in tables} == {name: tables[name]["to"].tolist() for name in tables}
    n_key = {table.name: len(table.foreign_keys) for table in found.tables}
    if format == "duckdb":
        assert [words.partition(":")[0] for words in left_out] == ["first.to -> second", "own.to -> own"]
        assert n_key == {"first": 0, "second": 1, "own": 0}
    else:
        assert left_out == [] and n_key == {"first": 1, "second": 1, "own": 1}


def test_a_store_that_is_there_stays(tmp_path):
    tables, declared = everything()
    for format, name in (("sqlite", "file"), ("csv", "folder")):
        write_store(tables, declared, tmp_path / name, format)
        with pytest.raises(DatabaseError, match=f"{name} exists"):
            write_store(tables, declared, tmp_path / name, format)
        write_store(tables, declared, tmp_path / name, "sqlite" if name == "file" else "parquet", overwrite=True)
    written = [RECORD, "all kinds.parquet", "child.parquet", "schema.sql"]
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == written
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("by hand")
    for format in ("csv", "sqlite", "relbench"):
        with pytest.raises(DatabaseError, match="mine is (no folder of tables|a folder)"):
            write_store(tables, declared, tmp_path / "mine", format, overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "by hand"


def test_names_that_a_store_takes_for_others(tmp_path):
    tables, declared = one_column(Column("x", "integer"), [1])
    table = replace(declared.tables[0], columns=(Column("x", "integer"), Column("X", "integer")))
    tables = {"t": pd.DataFrame({"x": [1], "X": [2]})}
    for format in ("sqlite", "duckdb"):
        with pytest.raises(DatabaseError, match="columns of t x and X for one"):
            write_store(tables, replace(declared, tables=(table,)), tmp_path / "store", format)
    with pytest.raises(DatabaseError, match="cannot be the name of a file"):
        slash = replace(declared, tables=(replace(table, name="a/b"),))
        write_store({"a/b": tables["t"]}, slash, tmp_path / "store", "csv")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_store(tmp_path):
    (tmp_path / "text").write_text("nothing")
    for path, message in ((tmp_path / "nothing", "no such store"), (tmp_path / "text", "is no SQLite or DuckDB file")):
        with pytest.raises(DatabaseError, match=message):
            read_store(path)
    with pytest.raises(DatabaseError, match="PostgreSQL's can be read"):
        read_store("mysql://me:secret@host/database")
    with sqlite3.connect(tmp_path / "odd.db") as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE)")
        connection.execute("INSERT INTO t VALUES (1, '2020-01-01'), (2, 'yesterday')")
    connection.close()
    with pytest.raises(DatabaseError, match="t.day, row 1: 'yesterday'"):
        read_store(tmp_path / "odd.db")


def test_json_that_sqlite_would_take_for_a_number(tmp_path):
    column = Column("x", "json")
    write_store(*one_column(column, ["7", '"1.0"', "[1.0]", " true", None]), tmp_path / "store", "sqlite")
    assert read_store(tmp_path / "store")[0]["t"]["x"].tolist()[:4] == ["7", '"1.0"', "[1.0]", " true"]
    for value in ("1.0", " 7", "1e3", "-0", "123456789012345678901"):
        with pytest.raises(DatabaseError, match="t.x, row 1: .* not its text"):
            write_store(*one_column(column, ["{}", value]), tmp_path / "other", "sqlite")


@pytest.mark.parametrize("format", FORMATS)
def test_keys_of_other_types_than_their_parents(format, tmp_path, request):
    tags = Column("tag", "category", False, labels=("a", "b", "c"))
    columns = (Column("id", "integer", False), tags, Column("price", "decimal", False, precision=6, scale=2))
    parent = DeclaredTable("parent", columns, ("id",), (("tag",), ("price",)))
    columns = (
        Column("of", "integer", bits=16),
        Column("tag", "category", labels=("c", "b")),
        Column("price", "decimal", precision=9, scale=2),
    )
    keys = [ForeignKey((name,), "parent", (other,)) for name, other in (("of", "id"), ("tag", "tag"), ("price", "price"))]
    child = DeclaredTable("child", columns, foreign_keys=tuple(keys))
    prices = pd.Series([Decimal("1.50"), Decimal("2.25")], dtype=object)
    tables = {
        "parent": pd.DataFrame({"id": [1, 2], "tag": ["a", "b"], "price": prices}),
        "child": pd.DataFrame({"of": [2, 1], "tag": ["b", None], "price": prices}),
    }
    place = place_of(format, tmp_path, request)
    assert write_store(tables, DeclaredSchema((child, parent), "keys"), place, format) == []
    read, found = read_store(place)
    assert found.table("child").column("tag").labels == ("c", "b") and len(found.table("child").foreign_keys) == 3
    assert {name: plain(read[name]) for name in tables} == {name: plain(frame) for name, frame in tables.items()}
