import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from plurel_prob.declared import Column, DeclaredSchema, ForeignKey, Order, count_rows, read_ddl, reflect
from plurel_prob.errors import DatabaseError
from tests.declared.writer import Writer, normal, random_schema
from tests.postgres import postgres_url

__all__ = ["postgres_url"]
N_SCHEMA = 4
POSTGRES = """
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN year AS integer CHECK (VALUE >= 1901 AND VALUE <= 2155);
    CREATE SCHEMA other;
    CREATE TABLE parent (a int, b varchar(20), born year NOT NULL, PRIMARY KEY (a, b));
    CREATE TABLE other.child (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b varchar(20), up bigint REFERENCES other.child,
        state mood DEFAULT 'ok', price numeric(6, 2) NOT NULL DEFAULT 1.50 CHECK (price > 0 AND price <= 99.5),
        size text CHECK (size IN ('S', 'M')), start timestamptz, stop timestamptz, tags text[], flag boolean DEFAULT true,
        twice numeric GENERATED ALWAYS AS (price * 2) STORED, word text UNIQUE, note varchar CHECK (length(note) < 10),
        CHECK (start <= stop), FOREIGN KEY (a, b) REFERENCES public.parent (a, b));
    CREATE UNIQUE INDEX i ON other.child (start, stop);
    CREATE TABLE part (id int NOT NULL, d date NOT NULL) PARTITION BY RANGE (d);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE VIEW v AS SELECT 1 AS one;
    INSERT INTO parent VALUES (1, 'x', 2000), (2, 'y', 2001);
    INSERT INTO other.child (a, b) VALUES (1, 'x');
    INSERT INTO part VALUES (1, '2020-05-05');
"""


@pytest.fixture
def postgres(postgres_url: str):  # noqa: F811
    """A database of the server, and a connection to it; empty before and after."""
    import psycopg

    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield postgres_url, connection
        for (name,) in connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema'"
        ).fetchall():
            connection.execute(f'DROP SCHEMA "{name}" CASCADE')
        connection.execute("CREATE SCHEMA public")


def test_postgresql(postgres) -> None:
    url, connection = postgres
    connection.execute(POSTGRES)
    schema = reflect(url)
    assert [table.name for table in schema.tables] == ["parent", "part", "child"]
    parent, part, child = schema.tables
    assert parent.primary_key == ("a", "b") and part.primary_key == ()
    assert parent.columns[2] == Column("born", "integer", False, bits=32, low=1901.0, high=2155.0)
    assert child.columns == (
        Column("id", "integer", False, bits=64),
        Column("a", "integer", bits=32),
        Column("b", "text", length=20),
        Column("up", "integer", bits=64),
        Column("state", "category", labels=("sad", "ok"), default="ok"),
        Column("price", "decimal", False, precision=6, scale=2, low=0.0, is_low_open=True, high=99.5, default="1.50"),
        Column("size", "category", labels=("S", "M")),
        Column("start", "timestamp", has_zone=True),
        Column("stop", "timestamp", has_zone=True),
        Column("tags", "text"),
        Column("flag", "boolean", default="true"),
        Column("word", "text"),
        Column("note", "text", length=9),
    )
    assert set(child.unique) == {("word",), ("start", "stop")} and child.orders == (Order("start", "stop", False),)
    assert set(child.foreign_keys) == {ForeignKey(("up",), "child", ("id",)), ForeignKey(("a", "b"), "parent", ("a", "b"))}
    assert count_rows(url, schema) == {"parent": 2, "part": 1, "child": 1}
    connection.execute("CREATE TABLE other.parent (id int)")
    again = reflect(url)
    assert [table.name for table in again.tables] == ["public.parent", "part", "child", "other.parent"]
    assert count_rows(url, again) == {"public.parent": 2, "part": 1, "child": 1, "other.parent": 0}


def test_postgresql_refuses(postgres) -> None:
    url, connection = postgres
    with pytest.raises(DatabaseError, match="declares no table"):
        reflect(url)
    connection.execute("CREATE TABLE t (x int CHECK (x <> 5), y text CHECK (md5(y) <> 'a'))")
    with pytest.raises(DatabaseError, match=r"table t: CHECK \(md5\(y\) <> 'a'::text\), column y: MD5 is nothing"):
        reflect(url)
    assert [refusal.table for refusal in reflect(url, ignore_unsupported=True).ignored] == ["t"]
    connection.execute("DROP TABLE t; CREATE TABLE t (x text, y int, UNIQUE NULLS NOT DISTINCT (x))")
    connection.execute("CREATE UNIQUE INDEX i ON t (lower(x), y) WHERE y > 3")
    (table,) = reflect(url).tables
    alike, partial = sorted(table.indexes, key=lambda index: len(index.keys))
    assert (alike.keys, alike.are_missing_alike, partial.are_missing_alike) == (('"x"',), True, False)
    assert (sorted(partial.keys), partial.where.text if partial.where else "") == (['"y"', 'LOWER("x")'], '"y" > 3')
    with pytest.raises(DatabaseError, match="there is no table u"):
        connection.execute("DROP TABLE t; CREATE TABLE u (x int)")
        schema = reflect(url)
        connection.execute("ALTER TABLE u RENAME TO w")
        count_rows(url, schema)


def written(seed: int, dialect: str) -> list[str]:
    """Statements that declare a random schema."""
    rng = Random(f"{dialect} store {seed}")
    schema, writer = random_schema(rng, dialect), Writer(rng, dialect)
    tables = [writer.table(table) for table in schema.tables]
    statements = [*writer.before, *tables, *writer.after]
    return [statement.replace("INDEX i ", f"INDEX i{i} ") for i, statement in enumerate(statements)]


def check_reflected(found: DeclaredSchema, text: str, folder: Path, dialect: str) -> None:
    """A store says of its tables what the SQL that made them says."""
    (folder / "x.sql").write_text(text)
    expected = read_ddl(folder / "x.sql", dialect)
    assert {table.name: normal(table) for table in found.tables} == {table.name: normal(table) for table in expected.tables}


def executed(connection: Any, statements: list[str]) -> bool:
    """Execute statements in an order in which a store takes them; whether there is one."""
    import psycopg

    while statements:
        refused = []
        for statement in statements:
            try:
                connection.execute(statement)
            except psycopg.Error:
                refused.append(statement)
        if len(refused) == len(statements):
            return False
        statements = refused
    return True


def test_postgresql_says_what_it_was_told(postgres, tmp_path: Path) -> None:
    url, connection = postgres
    n_executed = 0
    for seed in range(3 * N_SCHEMA):
        statements = written(seed, "postgresql")
        if executed(connection, statements):  # else a table refers to itself before its key is added
            check_reflected(reflect(url), ";\n".join(statements), tmp_path, "postgresql")
            n_executed += 1
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert n_executed >= N_SCHEMA


def test_sqlite_says_what_it_was_told(tmp_path: Path) -> None:
    for seed in range(N_SCHEMA):
        text, url = ";\n".join(written(seed, "sqlite")) + ";", f"sqlite:///{tmp_path / f'{seed}.db'}"
        connection = sqlite3.connect(tmp_path / f"{seed}.db")
        connection.executescript(text)
        connection.close()
        found = reflect(url)
        assert found.source == url and found.tables[0].line is None
        check_reflected(found, text, tmp_path, "sqlite")
        assert count_rows(url, found) == {table.name: 0 for table in found.tables}


def test_duckdb_says_what_it_was_told(tmp_path: Path) -> None:
    text = """CREATE TYPE mood AS ENUM ('sad', 'it''s');
        CREATE TABLE "a b" (x INTEGER PRIMARY KEY, m mood DEFAULT 'sad', k DECIMAL(5, 2) CHECK (k > 0 AND k <= 10),
          u UUID, l VARCHAR[],
          h HUGEINT, t TIMESTAMPTZ, UNIQUE (k, u));
        CREATE TABLE c (id BIGINT, x INTEGER REFERENCES "a b" (x), d DATE NOT NULL, e DATE, CHECK (d <= e),
          s VARCHAR CHECK (s IN ('a', 'b')),
          b BLOB, i INTERVAL, f FLOAT DEFAULT 1.5, g INTEGER AS (id + 1));
        CREATE UNIQUE INDEX i ON c (d, e);"""
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute(text)
        connection.execute('INSERT INTO "a b" (x) VALUES (1), (2)')
    found = reflect(f"duckdb:///{tmp_path / 'x.duckdb'}")
    check_reflected(found, text, tmp_path, "duckdb")
    assert count_rows(found.source, found) == {"a b": 2, "c": 0}


def test_urls_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 100)
    for url, parts in {
        "oracle://scott:tiger@host/x": ["oracle://...", "no such kind of database", "postgresql"],
        "sqlite:///nothing.db": ["there is no file nothing.db"],
        f"sqlite:///{tmp_path}/x.db": ["x.db", "cannot be read"],
        f"duckdb:///{tmp_path}/x.db": ["x.db", "cannot be read"],
        "postgresql://me:tiger@localhost:1/x?application_name=a": ["postgresql://me@localhost:1/x", "cannot be read", "port 1"],
        "postgresql://me@localhost:1/x?password=tiger": ["postgresql://me@localhost:1/x", "cannot be read"],
        "postgresql://me:tiger:x@@host:port/x": ["postgresql://...", "no URL"],
        "mssql+pyodbc://me:tiger@host/x": ["mssql+pyodbc://me@host/x", "pip install 'pyodbc'"],
    }.items():
        with pytest.raises(DatabaseError) as caught:
            reflect(url)
        message = str(caught.value)
        assert [part for part in parts if part not in message] == [], message
        assert "tiger" not in message
