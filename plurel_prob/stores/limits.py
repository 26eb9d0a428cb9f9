"""What a store cannot keep whatever the rows are: it is refused before rows are drawn, read or written."""

import sqlite3
from contextlib import closing

import pyarrow as pa

from plurel_prob.declared import Column, DeclaredSchema, order_tables
from plurel_prob.declared.arrow_types import MAX_DIGIT, label_type
from plurel_prob.errors import DatabaseError
from plurel_prob.files import check_names
from plurel_prob.stores.ddl import Dialect, ddl_of, statements_of
from plurel_prob.stores.types import with_types

DUCKDB_DIGIT = 38
SUFFIXES = {"csv": ".csv"} | dict.fromkeys(("parquet", "relbench", "huggingface"), ".parquet")  # of a file a table
DIALECTS: dict[str, Dialect] = {"sqlite": "sqlite", "duckdb": "duckdb", "postgresql": "postgresql", "csv": "postgresql"}
DIALECTS |= {"parquet": "postgresql"}


def check_schema(declared: DeclaredSchema, format: str) -> None:
    """Refuse a schema that a format has no names or types for; SQLite and DuckDB declare its tables in memory.

    Raises:
        DatabaseError: there is such a table or column; the message names it.
    """
    if format in SUFFIXES:
        check_names([table.name for table in declared.tables], SUFFIXES[format], declared.source)
    for table in declared.tables:
        for column in table.columns:
            digits = digits_of(column)
            most = DUCKDB_DIGIT if format == "duckdb" else MAX_DIGIT
            if digits > most:
                where = place(declared, table.name, column)
                raise DatabaseError(f"{where} has decimals of {digits} digits, {format} {most} at most; declare fewer of them")
    if format in DIALECTS:
        ddl_of(declared, DIALECTS[format])
        declared, _ = with_types(declared, DIALECTS[format], lambda name: False)
    if format == "sqlite":
        with closing(sqlite3.connect(":memory:")) as connection:
            _declare(connection, statements_of(declared, "sqlite"), sqlite3.Error, f"{declared.source}: SQLite")
    if format == "duckdb":
        import duckdb

        names, waiting = order_tables(declared)
        ordered = DeclaredSchema(tuple(declared.table(name) for name in names), declared.source)
        with closing(duckdb.connect(":memory:")) as connection:
            statements = statements_of(ordered, "duckdb", [(name, key) for name, key in waiting if name != key.parent])
            _declare(connection, statements, duckdb.Error, f"{declared.source}: DuckDB")


def _declare(connection: object, statements: list[str], error: type[Exception], source: str) -> None:
    for statement in statements:
        try:
            connection.execute(statement)  # type: ignore[attr-defined]
        except error as problem:
            raise DatabaseError(f"{source} cannot declare this: {' '.join(str(problem).split())}") from None


def digits_of(column: Column) -> int:
    """Digits of the decimals of a column; 0, where there are none or they are not declared."""
    if column.kind == "decimal":
        return column.precision or 0
    labels = label_type(column) if column.kind == "category" else pa.null()
    return labels.precision if pa.types.is_decimal(labels) else 0


def place(declared: DeclaredSchema, table: str, column: Column) -> str:
    """Where a column is, for messages."""
    line = "" if column.line is None else f", line {column.line}"
    return f"{declared.source}{line}: {table}.{column.name}"
