"""PostgreSQL databases (extra ``sql``), by URL."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable
from plurel_prob.declared.schema import quoted
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.ddl import enumeration, is_enumeration, key_statements, statements_of
from plurel_prob.stores.places import OnTable
from plurel_prob.stores.sqlite_file import order_of
from plurel_prob.stores.text import csv_parts, read_csv
from plurel_prob.stores.types import with_types

ALL_SCHEMAS = """
    SELECT set_config('search_path', string_agg(quote_ident(nspname), ', ' ORDER BY nspname <> 'public', nspname), true)
    FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


def write_postgresql(
    tables: dict[str, pa.Table], declared: DeclaredSchema, target: str, *, overwrite: bool, on_table: OnTable
) -> list[str]:
    """Write tables into a PostgreSQL database, in one transaction: by COPY, and foreign keys when all rows are there.

    Args:
        tables: their rows.
        declared: their schema.
        target: URL as SQLAlchemy has it, ``postgresql://user@host/database``.
        overwrite: drop tables and types of the same names, and what depends on them.
        on_table: called after each table.

    Returns:
        Types that it does not have, in words.

    Raises:
        DatabaseError: tables exist, a row breaks a constraint, PostgreSQL cannot keep a value, or it cannot be reached.
    """
    with _connected(target) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        declared, lost = with_types(declared, "postgresql", lambda name: _has_type(connection, name))
        if overwrite:
            _drop(cursor, declared)
        else:
            _check_free(cursor, declared, target)
        for statement in statements_of(declared, "postgresql", keys_last=False):
            cursor.execute(statement)
        for table in declared.tables:
            names = ", ".join(quoted(column.name) for column in table.columns)
            with _named(table.name):
                with cursor.copy(f"COPY {quoted(table.name)} ({names}) FROM STDIN (FORMAT csv, HEADER)") as copy:
                    for part in csv_parts(tables[table.name]):
                        copy.write(part)
            on_table(table.name)
        for statement in key_statements(declared):
            cursor.execute(statement)
    return lost


def _has_type(connection: Any, name: str) -> bool:
    """Whether there is a type of a name, which may have arguments."""
    import psycopg

    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT to_regtype(%s)", [name.partition("(")[0].rstrip("[] ")])
            return cursor.fetchone()[0] is not None
    except psycopg.Error:  # it is no name
        return False


@contextmanager
def _named(table: str) -> Iterator[None]:
    """Name the table whose rows PostgreSQL refuses."""
    import psycopg

    try:
        yield
    except (psycopg.Error, UnicodeError) as error:
        raise DatabaseError(f"{table}: PostgreSQL: {' '.join(str(error).split())}") from None


@contextmanager
def _connected(target: str) -> Iterator[Any]:
    """Give a connection, whose transaction is committed when the block ends well."""
    import psycopg
    from sqlalchemy import exc, make_url

    from plurel_prob.declared.live import without_secrets

    try:
        url = make_url(target)
    except (exc.ArgumentError, ValueError):
        raise DatabaseError(f"{target.partition('://')[0]}://...: is no URL of a database") from None
    if url.get_backend_name() != "postgresql":
        raise DatabaseError(f"{url.drivername}://...: is no URL of a PostgreSQL database")
    where, secrets = without_secrets(url)
    arguments = url.translate_connect_args(username="user", database="dbname") | dict(url.query)
    try:
        with psycopg.connect(**arguments) as connection:
            yield connection
    except (psycopg.Error, UnicodeError) as error:
        reason = " ".join(str(error).split())
        for secret in secrets:
            reason = reason.replace(secret, "***")
        raise DatabaseError(f"{where}: PostgreSQL: {reason}") from None
    except DatabaseError as error:
        raise DatabaseError(f"{where}: {error}") from None


def _check_free(cursor: Any, declared: DeclaredSchema, target: str) -> None:
    for table in declared.tables:
        cursor.execute("SELECT to_regclass(%s)", [quoted(table.name)])
        if cursor.fetchone()[0] is not None:
            raise DatabaseError(f"table {table.name} exists; choose another database, or overwrite it")


def _drop(cursor: Any, declared: DeclaredSchema) -> None:
    for table in declared.tables:
        cursor.execute(f"DROP TABLE IF EXISTS {quoted(table.name)} CASCADE")
        for column in table.columns:
            if is_enumeration(table, column, "postgresql"):
                cursor.execute(f"DROP TYPE IF EXISTS {quoted(enumeration(table, column))} CASCADE")


def read_postgresql(source: str, declared: DeclaredSchema) -> dict[str, pa.Table]:
    """Read tables of a PostgreSQL database, by their integer primary keys, or else as they are stored.

    Raises:
        DatabaseError: a value is not of its column's type, or the database cannot be reached.
    """
    with _connected(source) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute("SET DateStyle = 'ISO'")
        cursor.execute(ALL_SCHEMAS)
        return {table.name: _read(cursor, table) for table in declared.tables}


def _read(cursor: Any, table: DeclaredTable) -> pa.Table:
    values = ", ".join(f"{_from_store(column)} AS {quoted(column.name)}" for column in table.columns)
    query = f"SELECT {values} FROM {_place(cursor, table.name)}{order_of(table, ('ctid',))}"
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as copy:
        return read_csv(io.BytesIO(b"".join(bytes(part) for part in copy)), table)


def _place(cursor: Any, name: str) -> str:
    """Table of a name, which begins with that of its schema where two share one."""
    cursor.execute("SELECT to_regclass(%s)", [quoted(name)])
    if cursor.fetchone()[0] is not None:
        return quoted(name)
    return ".".join(quoted(part) for part in name.split(".", 1))


def _from_store(column: Column) -> str:
    name = quoted(column.name)
    if column.kind == "interval":
        return f"extract(epoch FROM {name})::numeric(30, 6)::text"
    if column.kind == "time" and column.has_zone:
        return f"({name} AT TIME ZONE 'UTC')::time"
    return f"CAST({name} AS text)" if column.kind in ("text", "uuid", "json") else name
