"""Sources as people have them: several schemas, computed columns, parquet files of pandas and of Arrow, keys that are none."""

import sqlite3

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from plurel_prob import DatabaseError
from plurel_prob.cli.convert import convert
from plurel_prob.cli.show import show
from plurel_prob.cli.stores import order_of
from plurel_prob.cli.validate import validate
from plurel_prob.databases import observe
from plurel_prob.declared.sources import declared_of
from plurel_prob.priors import get_prior
from plurel_prob.stores import read_store, write_store
from tests.postgres import postgres_url
from tests.stores.databases import emptied

__all__ = ["postgres_url"]  # a fixture


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


def test_computed_columns_of_postgresql(tmp_path, capsys, postgres_url):  # noqa: F811
    """With their types and constraints, in tables of two schemas."""
    import psycopg

    url = emptied(postgres_url)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("""
            DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
            CREATE TABLE items (
                name text PRIMARY KEY, price numeric(6, 2) NOT NULL,
                "twice %" numeric(8, 2) GENERATED ALWAYS AS (price * 2) STORED CHECK ("twice %" > 1),
                label varchar(9) GENERATED ALWAYS AS (name || '!') STORED UNIQUE,
                words tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED, stock int);
            CREATE TABLE shop.items (day date, next date GENERATED ALWAYS AS (day + 1) STORED);
            INSERT INTO items (name, price, stock) VALUES ('b', 5.25, 1), ('a', 1.5, NULL);
            INSERT INTO shop.items (day) VALUES ('2020-02-28'), (NULL)""")
        convert(url, to="duckdb", out=str(tmp_path / "out"))
        connection.execute("DROP SCHEMA shop CASCADE")
    emptied(postgres_url)
    said = " ".join(capsys.readouterr().out.split())
    for name in ("public.items.twice %", "public.items.label", "public.items.words", "shop.items.next"):
        assert f"{name} is computed by the database; its values are kept, and not how" in said
    tables, declared = read_store(tmp_path / "out")
    items = declared.table("public.items")
    assert (items.column("twice %").scale, items.column("label").length, items.unique) == (2, 9, (("label",),))
    assert tables["public.items"]["twice %"].map(str).tolist() == ["10.50", "3.00"]
    assert tables["public.items"]["words"].tolist() == ["'b':1", "'a':1"]
    assert tables["shop.items"]["next"].map(str).tolist() == ["2020-02-29", "None"]


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
    note = "children: __index_level_0__ is pandas' index; it is left out"
    convert(str(folder), to="csv", out=str(tmp_path / "out"))
    assert note in " ".join(capsys.readouterr().out.split())
    validate(folder)
    assert note in " ".join(capsys.readouterr().out.split())
    order_of(str(tmp_path / "drawn"), "csv", str(folder), None, [], get_prior("plurel"), False)
    assert capsys.readouterr().err == f"{folder}: not read: {note}\n"
    assert (tmp_path / "out" / "children.csv").read_text(encoding="utf-8").splitlines()[0] == '"of","flag"'


@pytest.mark.parametrize("to", ["csv", "relbench", "sqlite"])
@pytest.mark.parametrize("times", [{"val_timestamp": None}, {"val_timestamp": None, "test_timestamp": None}])
def test_a_manifest_without_times_of_splits(times, to, tmp_path):
    folder = folder_of(tmp_path, PARENTS, CHILDREN)
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text()) | times
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    convert(str(folder), to=to, out=str(tmp_path / "out"))
    assert read_store(tmp_path / "out")[0]["parents"]["id"].tolist() == [0, 1, 2, 3, 4]
    if to == "relbench":
        assert yaml.safe_load((tmp_path / "out" / "manifest.yaml").read_text()) == manifest


def test_a_primary_key_that_occurs_twice_is_named(tmp_path):
    folder = folder_of(tmp_path, PARENTS.assign(id=[0, 1, 2, 2, 4]), CHILDREN)
    tables, declared = read_store(folder)
    for format in ("csv", "relbench", "sqlite"):
        with pytest.raises(DatabaseError, match=r"given: parents\.\(id\), row 3: 2 is there already"):
            write_store(tables, declared, tmp_path / "out", format)
    with pytest.raises(DatabaseError, match=r"refers to parents\.id, which is 2 in row 3 and before"):
        observe(folder).parent_row("children", "of")
    show(str(folder), out=tmp_path / "page.html", svg=tmp_path / "pictures")  # the command score: tests/scoring/
    assert "given: children.of refers to parents.id, which is 2 in row 3 and before" in (tmp_path / "page.html").read_text()
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"schema.svg"}
