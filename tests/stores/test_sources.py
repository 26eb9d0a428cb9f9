"""Sources as people have them: several schemas, computed columns, parquet files of pandas and of Arrow, keys that are none."""

import sqlite3

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from plurel_prob import DatabaseError
from plurel_prob.cli.convert import convert
from plurel_prob.databases import observe
from plurel_prob.declared.sources import declared_of
from plurel_prob.stores import read_store, write_store


def test_tables_of_all_schemas_of_duckdb(tmp_path):
    with duckdb.connect(str(tmp_path / "dbt.duckdb")) as connection:
        connection.execute("""
            CREATE SCHEMA staging; CREATE SCHEMA "odd. marts";
            CREATE TABLE staging.users (id INTEGER PRIMARY KEY, "full name" VARCHAR);
            CREATE TABLE "odd. marts".users (id INTEGER PRIMARY KEY, x DOUBLE);
            CREATE TABLE "odd. marts".orders (id INTEGER PRIMARY KEY, by_user INTEGER REFERENCES "odd. marts".users (id));
            CREATE TABLE plain (a INTEGER);
            INSERT INTO staging.users VALUES (3, 'a');
            INSERT INTO "odd. marts".users VALUES (1, 0.5), (2, 1.5);
            INSERT INTO "odd. marts".orders VALUES (7, 2);
            INSERT INTO plain VALUES (9)""")
    tables, declared = read_store(tmp_path / "dbt.duckdb")
    assert {name: frame.iloc[-1].tolist() for name, frame in tables.items()} == {
        "staging.users": [3, "a"],
        "odd. marts.users": [2, 1.5],
        "orders": [7, 2],
        "plain": [9],
    }
    assert declared.table("orders").foreign_keys[0].parent == "odd. marts.users"
    for format in ("csv", "relbench", "sqlite", "duckdb"):
        write_store(tables, declared, tmp_path / format, format)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_computed_columns_are_kept_as_values(kind, tmp_path, capsys):
    path = tmp_path / "shop"
    connection = sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(str(path))
    connection.execute("""CREATE TABLE items (
        name TEXT PRIMARY KEY, price INTEGER, "twice the price" INTEGER GENERATED ALWAYS AS (price * 2),
        label TEXT AS (name || '!'), count INTEGER)""")
    connection.execute("INSERT INTO items (name, price, count) VALUES ('b', 5, 1), ('a', NULL, 2)")
    connection.execute("CREATE TABLE other (x INTEGER)")
    connection.commit()
    connection.close()
    convert(str(path), to="csv", out=str(tmp_path / "out"))
    said = " ".join(capsys.readouterr().out.split())
    for name in ("twice the price", "label"):
        assert f"items.{name} is computed by the database; its values are kept, and not how" in said
    items = pd.read_csv(tmp_path / "out" / "items.csv")
    assert set(items.columns) == {"name", "price", "twice the price", "label", "count"}
    assert items.set_index("name").label.to_dict() == {"a": "a!", "b": "b!"}
    assert items.set_index("name")["twice the price"].fillna(-1).to_dict() == {"a": -1, "b": 10}
    assert read_store(tmp_path / "out")[1].table("items").column("twice the price").kind == "integer"


def test_computed_columns_of_a_table_without_rowid(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY, n INT AS (length(k))) WITHOUT ROWID")
        connection.execute("INSERT INTO t (k) VALUES ('ccc'), ('a'), ('bb')")
    assert read_store(tmp_path / "x.db")[0]["t"].to_dict("list") == {"k": ["a", "bb", "ccc"], "n": [1, 2, 3]}


PARENTS = pd.DataFrame({"id": np.arange(5), "x": np.arange(5.0)})
CHILDREN = pd.DataFrame({"of": [0, 1, 2, 2], "flag": [True, False, True, True]})


def folder_of(tmp_path, parents, children, index=False):
    folder = tmp_path / "given"
    (folder / "db").mkdir(parents=True)
    parents.to_parquet(folder / "db" / "parents.parquet", index=index)
    children.to_parquet(folder / "db" / "children.parquet", index=index)
    tables = {"parents": {"pkey": "id", "fkeys": {}}, "children": {"pkey": None, "fkeys": {"of": "parents"}}}
    manifest = {"name": "given", "val_timestamp": "2020-01-01", "test_timestamp": "2020-06-01", "tables": tables}
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


def test_columns_of_arrow_types(tmp_path):
    typed = pd.DataFrame(
        {
            "id": np.arange(5),
            "small": pd.array([1, None, 3, 4, 5], "Int16"),
            "wide": pd.array([2**40, None, 3, 4, 5], "UInt64"),
            "flag": pd.array([True, None, False, True, True], "boolean"),
            "text": ["a", None, "b", "c", "ü"],
            "at": pd.to_datetime(["2020-01-01", None, "2020-01-03", "2020-01-04", "2020-01-05"]),
            "x": [0.5, None, 1.5, 2.5, 3.5],
        }
    )
    given = read_store(folder_of(tmp_path / "plain", typed, CHILDREN))
    arrow = (frame.convert_dtypes(dtype_backend="pyarrow") for frame in (typed, CHILDREN))
    folder = folder_of(tmp_path / "arrow", *arrow)
    tables, declared = read_store(folder)
    assert declared.tables == given[1].tables
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, given[0][name])
        assert not any(isinstance(dtype, pd.ArrowDtype) for dtype in observe(folder).tables[name].dtypes)
    write_store(tables, declared, tmp_path / "x.sqlite", "sqlite")


@pytest.mark.parametrize("is_marked", [True, False])  # whether the file says that it is pandas' index
def test_pandas_index_is_no_column(is_marked, tmp_path, capsys):
    index = pd.Index([5, 3, 1, 2])
    children = CHILDREN.set_index(index) if is_marked else CHILDREN.assign(__index_level_0__=index)
    folder = folder_of(tmp_path, PARENTS, children, index=None)
    assert list(observe(folder).tables["children"]) == ["of", "flag"]
    assert [column.name for column in declared_of(folder).table("children").columns] == ["of", "flag"]
    convert(str(folder), to="csv", out=str(tmp_path / "out"))
    assert "children: __index_level_0__ is pandas' index; it is left out" in " ".join(capsys.readouterr().out.split())
    assert (tmp_path / "out" / "children.csv").read_text(encoding="utf-8").splitlines()[0] == '"of","flag"'


def test_a_primary_key_that_occurs_twice_is_named(tmp_path):
    folder = folder_of(tmp_path, PARENTS.assign(id=[0, 1, 2, 2, 4]), CHILDREN)
    tables, declared = read_store(folder)
    for format in ("csv", "relbench", "sqlite"):
        with pytest.raises(DatabaseError, match=r"given: parents\.\(id\), row 3: 2 is there already"):
            write_store(tables, declared, tmp_path / "out", format)
    with pytest.raises(DatabaseError, match=r"refers to parents\.id, which is 2 in row 3 and before"):
        observe(folder).parent_row("children", "of")
