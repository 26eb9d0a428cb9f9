"""Schemas and sizes of files of SQLite and DuckDB; the statements that these keep go through the reader of SQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from plurel_prob.declared.ddl import parse_ddl
from plurel_prob.declared.schema import DeclaredSchema, quoted
from plurel_prob.declared.text import Sql
from plurel_prob.errors import DatabaseError

# shadow tables, of full-text search and the like, are no tables of the schema
SQLITE_STATEMENTS = """
    SELECT statement.sql FROM sqlite_master AS statement JOIN pragma_table_list AS listed ON listed.name = statement.tbl_name
    WHERE statement.type IN ('table', 'index') AND statement.sql IS NOT NULL AND listed.type = 'table' AND listed.schema = 'main'
    AND statement.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY statement.rowid
"""
DUCKDB_ENUMS = """
    SELECT type_name, labels FROM duckdb_types()
    WHERE logical_type = 'ENUM' AND NOT internal AND database_name = current_database()
"""
DUCKDB_NAMES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"
DUCKDB_TABLES = """
    SELECT sql FROM duckdb_tables() WHERE NOT internal AND NOT temporary AND database_name = current_database() ORDER BY table_oid
"""
DUCKDB_INDEXES = """
    SELECT sql FROM duckdb_indexes()
    WHERE is_unique AND NOT is_primary AND database_name = current_database() ORDER BY index_oid
"""


def path_of(url: str) -> Path:
    """Path in a URL such as sqlite:///folder/file.db.

    Raises:
        DatabaseError: there is no file there.
    """
    path = Path(url.partition("://")[2].partition("?")[0].removeprefix("/"))
    if not path.is_file():
        raise DatabaseError(f"{url}: there is no file {path}; a URL with an absolute path has four slashes")
    return path


@contextmanager
def open_file(url: str) -> Iterator[Any]:
    """Connection that cannot write to a database that is a file.

    Raises:
        DatabaseError: it cannot be opened or read.
    """
    path = path_of(url)
    if url.startswith("sqlite"):
        errors: type[Exception] = sqlite3.Error
        connect: Any = lambda: sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)  # noqa: E731
    else:
        import duckdb

        errors = duckdb.Error
        connect = lambda: duckdb.connect(str(path), read_only=True)  # noqa: E731
    try:
        with closing(connect()) as connection:
            yield connection
    except errors as error:
        raise DatabaseError(f"{url}: cannot be read: {str(error).splitlines()[0]}") from None


def reflect_file(url: str) -> DeclaredSchema:
    """Schema of a database that is a file, without the constraints that cannot be honoured: it names these.

    Raises:
        DatabaseError: it cannot be read.
    """
    with open_file(url) as connection:
        if url.startswith("sqlite"):
            statements = [sql for (sql,) in connection.execute(SQLITE_STATEMENTS).fetchall()]
        else:
            enums = connection.execute(DUCKDB_ENUMS).fetchall()
            statements = [f"CREATE TYPE {quoted(name)} AS ENUM ({', '.join(map(_string, labels))})" for name, labels in enums]
            for query in (DUCKDB_TABLES, DUCKDB_INDEXES):
                statements += [sql.rstrip().rstrip(";") for (sql,) in connection.execute(query).fetchall()]
    dialect: Any = "sqlite" if url.startswith("sqlite") else "duckdb"
    return parse_ddl(Sql(url, ";\n".join(statements), dialect, None))


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def count_file(url: str, schema: DeclaredSchema) -> dict[str, int]:
    """Number of rows of each table of a database that is a file.

    Raises:
        DatabaseError: it cannot be read, or lacks a table.
    """
    with open_file(url) as connection:
        places = {} if url.startswith("sqlite") else places_of(connection)
        result = {}
        for table in schema.tables:
            name = places.get(table.name, quoted(table.name))
            result[table.name] = int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
        return result


def places_of(connection: Any) -> dict[str, str]:
    """Tables of DuckDB, quoted, with their schemas, by the names that they may have."""
    names = connection.execute(DUCKDB_NAMES).fetchall()
    return {label: f"{quoted(schema)}.{quoted(table)}" for schema, table in names for label in (table, f"{schema}.{table}")}
