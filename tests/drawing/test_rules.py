"""Rows keep all constraints: real stores, whose tables have them as they were written, take the rows."""

import re

import numpy as np
import pandas as pd
import pytest

from plurel_prob.declared import read_ddl
from plurel_prob.drawing import drawable
from plurel_prob.stores import read_store, write_store
from plurel_prob.stores.arrow import arrow_tables
from plurel_prob.stores.text import csv_parts
from tests.drawing.constrained import FORGE, MUSIC, OTHERS
from tests.drawing.made_up import drawn, parsed
from tests.postgres import postgres_url
from tests.stores.databases import emptied

__all__ = ["postgres_url"]


def copied(url, ddl, tables, schema) -> None:
    """Load rows into PostgreSQL under the statements as somebody wrote them; its checks are at the end of each statement."""
    import psycopg

    emptied(url)
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # keys are checked elsewhere; CHECKs and indexes are on
        cursor.execute(ddl)
        for name, rows in arrow_tables(tables, schema).items():
            with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv, HEADER)') as copy:
                for part in csv_parts(rows):
                    copy.write(part)
    emptied(url)


@pytest.mark.parametrize("name, ddl", [("music", MUSIC), ("forge", FORGE)])
def test_postgresql_takes_the_rows(name, ddl, postgres_url, tmp_path):  # noqa: F811
    schema = parsed(ddl)
    assert sum(len(table.rules) + len(table.indexes) for table in schema.tables) >= 20
    tables = drawn(schema, 1)
    assert min(map(len, tables.values())) > 40
    copied(postgres_url, ddl, tables, schema)
    place = emptied(postgres_url)
    assert write_store(tables, schema, place, "postgresql") == []  # with constraints as we write them
    _, found = read_store(place)
    for table in schema.tables:
        there = found.table(table.name)
        assert len(there.rules) >= len(table.rules), table.name  # PostgreSQL splits BETWEEN
        assert len(there.indexes) == len(table.indexes), table.name
    emptied(postgres_url)
    for format in ("sqlite", "duckdb"):
        lost = write_store(tables, schema, tmp_path / format, format)
        assert any(line.startswith(tuple(tables)) and format in line.lower() for line in lost)
        _, found = read_store(tmp_path / format)
        n_rule = sum(len(table.rules) for table in found.tables)
        assert n_rule + len([line for line in lost if "CHECK" in line]) == sum(len(table.rules) for table in schema.tables)


@pytest.mark.parametrize("dialect", OTHERS)
def test_other_dialects(dialect, tmp_path):
    schema = parsed(OTHERS[dialect], dialect)
    rows = drawn(schema, 2)["t"]
    assert len(rows) > 40
    write_store({"t": rows}, schema, tmp_path / "store", "sqlite")
    if dialect == "sqlite":
        import sqlite3

        with sqlite3.connect(":memory:") as connection:  # as it was written, with GLOB
            connection.executescript(OTHERS[dialect])
            values = [[None if pd.isna(x) else str(x) for x in row] for row in rows.itertuples(index=False)]
            connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows.columns))})", values)
        connection.close()
    if dialect == "mysql":
        assert rows.code.map(lambda code: bool(re.search("^[a-z]{3}[0-9]+$", code, re.I))).all()
        assert rows.name.dropna().str[:4].is_unique


def only(ddl: str, seed: int = 0) -> pd.DataFrame:
    return drawn(parsed(ddl), seed)["t"]


def test_uniqueness_of_some_rows_is_no_uniqueness_of_all():
    ddl = "CREATE TABLE t (k SMALLINT NOT NULL CHECK (k BETWEEN 1 AND 5), is_current BOOLEAN NOT NULL);"
    rows = only(ddl + "CREATE UNIQUE INDEX i ON t (k) WHERE is_current")
    assert len(rows) == 80 and 1 <= rows.is_current.sum() <= 5 and rows[rows.is_current.astype(bool)].k.is_unique


def test_missing_values_that_are_alike():
    rows = only("CREATE TABLE t (x INTEGER, y SMALLINT CHECK (y IN (1, 2)), UNIQUE NULLS NOT DISTINCT (x, y))")
    assert len(rows) > 40 and not rows.duplicated().any()
    assert only("CREATE TABLE t (x INTEGER UNIQUE NULLS NOT DISTINCT, y INTEGER)").x.isna().sum() <= 1


def test_values_follow_patterns_and_their_vocabulary():
    rows = only("CREATE TABLE t (x TEXT NOT NULL CHECK (x ~ '^[A-Z]{3}-[0-9]{2}$'), y TEXT NOT NULL CHECK (y <> 'z'))", 3)
    assert rows.x.map(lambda x: bool(re.fullmatch("[A-Z]{3}-[0-9]{2}", x))).all() and 5 <= rows.x.nunique() < 80
    unchanged = only("CREATE TABLE t (x TEXT NOT NULL CHECK (x ~ '^[A-Z]{3}-[0-9]{2}$'), y TEXT NOT NULL)", 3)
    assert rows.y.tolist() == unchanged.y.tolist()  # which satisfy it as they are


def test_ranges_of_times():
    rows = only("CREATE TABLE t (d DATE CHECK (d > '2050-06-01'), e TIMESTAMP CHECK (e < TIMESTAMP '1970-01-01 12:00:00'))")
    assert str(rows.d.dropna().min()) > "2050-06-01" and rows.e.dropna().max() < pd.Timestamp("1970-01-01 12:00:00")
    assert rows.d.nunique() > 20


def test_keys_with_patterns():
    rows = only("CREATE TABLE t (id CHAR(3) PRIMARY KEY CHECK (id ~ '^[A-Z]{3}$'), n INTEGER UNIQUE NOT NULL CHECK (n % 2 = 0))")
    assert rows.id.is_unique and rows.id.str.fullmatch("[A-Z]{3}").all() and (rows.n % 2 == 0).all() and rows.n.is_unique


def test_rules_that_no_row_satisfies():
    schema = drawable(
        parsed("""CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL,
        CHECK (a = b * 1000003 + 7),
        x TEXT CHECK (x ~ '^(?:a+)$' AND x ~ '^b'), c INTEGER CHECK (c <> 0));""")
    )
    assert [refusal.line for refusal in schema.ignored] == [2, 3, 3]
    assert [rule.text for rule in schema.tables[0].rules] == ['"c" <> 0']
    assert "no row was found" in schema.ignored[0].reason and "no text that can be drawn" in schema.ignored[1].reason
    assert len(drawn(schema, 0)["t"]) > 40


def test_convert_keeps_to_rules(tmp_path):
    from plurel_prob.errors import DatabaseError

    path = tmp_path / "x.sql"
    path.write_text("CREATE TABLE t (a int, b int, c text, CHECK (a <> b)); CREATE UNIQUE INDEX i ON t (lower(c)) WHERE a > 0")
    schema = read_ddl(path, "postgresql")
    good = pd.DataFrame({"a": [1, 0, 0], "b": pd.array([2, None, 1], "Int64"), "c": ["x", "X", "X"]})
    write_store({"t": good}, schema, tmp_path / "good", "csv")
    for change, message in (
        ({"b": [1, 5, 5]}, r'row 0: 1, 1 breaks CHECK \("a" <> "b"\)'),
        ({"a": [1, 1, 0]}, "row 1: X is there"),
    ):
        with pytest.raises(DatabaseError, match=message):
            write_store({"t": good.assign(**change)}, schema, tmp_path / "bad", "csv")
    assert not np.isin(["bad"], [path.name for path in tmp_path.iterdir()]).any()
