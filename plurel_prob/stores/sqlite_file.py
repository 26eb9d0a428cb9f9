"""SQLite files."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable
from plurel_prob.declared.arrow_types import arrow_type
from plurel_prob.declared.schema import quoted
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.arrow import cast, converted
from plurel_prob.stores.ddl import statements_of
from plurel_prob.stores.places import OnTable, new_database
from plurel_prob.stores.text import CHUNK, of_text, texts_of
from plurel_prob.stores.times import check_years
from plurel_prob.stores.types import with_types


def write_sqlite(
    tables: dict[str, pa.Table], declared: DeclaredSchema, target: Path, *, overwrite: bool, on_table: OnTable
) -> list[str]:
    """Write a SQLite file in one transaction, whose foreign keys are checked at its end.

    SQLite has no type for them: dates, times and timestamps are ISO 8601 text, intervals microseconds, booleans 0 and 1.

    Returns:
        Types that SQLite is not given, in words.

    Raises:
        DatabaseError: a row breaks a constraint, or SQLite cannot keep a value.
    """
    check_years(tables, declared, "SQLite has", ("date", "timestamp"))
    declared, lost = with_types(declared, "sqlite", lambda name: True)
    statements = statements_of(declared, "sqlite")
    with new_database(target, overwrite=overwrite) as path, _talking(target), closing(sqlite3.connect(path)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        for table in declared.tables:
            with _talking(target, table.name):
                _insert(connection, tables[table.name], table)
            on_table(table.name)
        _check(connection, target)
        connection.execute("COMMIT")
    return lost


@contextmanager
def _talking(target: Path, table: str = "") -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseError(f"{target}: {table + ': ' if table else ''}SQLite: {error}") from None


def _insert(connection: sqlite3.Connection, rows: pa.Table, table: DeclaredTable) -> None:
    marks = ", ".join("?" for _ in table.columns)
    for start in range(0, rows.num_rows, CHUNK):
        part = rows.slice(start, CHUNK)
        values = [converted(part[c.name].combine_chunks(), _stored, table.name, c, start) for c in table.columns]
        connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({marks})", zip(*values, strict=True))


def _stored(array: pa.Array, column: Column) -> list[Any]:
    """Values as SQLite keeps them."""
    if column.kind in ("date", "time", "timestamp"):
        return texts_of(array)
    if column.kind == "decimal":
        return [None if value is None else _number(value) for value in array.to_pylist()]
    if column.kind == "json":
        return [_text(value) for value in array.to_pylist()]
    values = array.cast(pa.int64()) if column.kind in ("interval", "integer", "boolean") else array
    return list(values.to_pylist())


def _number(value: Decimal) -> int | float:
    """Decimal as a number that is printed alike: SQLite keeps integers of 64 bits, and 15 digits of others."""
    if value == value.to_integral_value():
        if abs(value) < 2**63:
            return int(value)
    elif Decimal(repr(float(value))) == value:
        return float(value)
    raise ValueError("SQLite keeps 15 digits of a decimal; declare it as text")


def _text(value: str | None) -> str | None:
    """JSON as text; of a number alone SQLite would not keep how it was written."""
    if value is not None and re.fullmatch(r"\s*[-+.\d][-+.\deE]*\s*", value) and not re.fullmatch(r"0|-?[1-9]\d{,17}", value):
        raise ValueError("SQLite would keep a number, and not its text")
    return value


def _check(connection: sqlite3.Connection, target: Path) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken:
        table, row, parent, _ = broken
        raise DatabaseError(f"{target}: {table}, rowid {row}: refers to a row of {parent} that is not there")
    problem = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if problem != "ok":
        raise DatabaseError(f"{target}: {problem}")


def read_sqlite(source: Path, declared: DeclaredSchema) -> dict[str, pa.Table]:
    """Read all tables of a SQLite file, by their integer primary keys, or else as they were inserted.

    Raises:
        DatabaseError: a value is not of its column's type.
    """
    with _talking(source), closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return {table.name: _read(connection, table) for table in declared.tables}


def _read(connection: sqlite3.Connection, table: DeclaredTable) -> pa.Table:
    names = ", ".join(quoted(column.name) for column in table.columns)
    query = f"SELECT {names} FROM {quoted(table.name)}"
    try:
        rows = connection.execute(query + order_of(table, ("rowid", "_rowid_", "oid"))).fetchall()
    except sqlite3.OperationalError as error:
        if "no such column" not in str(error):
            raise
        # it is WITHOUT ROWID, and so has a primary key
        rows = connection.execute(query + " ORDER BY " + ", ".join(map(quoted, table.primary_key))).fetchall()
    values = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
    arrays = [converted(list(x), _loaded, table.name, c) for x, c in zip(values, table.columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=[column.name for column in table.columns])


def integer_key(table: DeclaredTable) -> str | None:
    """Primary key of a table, if it is one column of integers."""
    key = table.primary_key
    return key[0] if len(key) == 1 and table.column(key[0]).kind == "integer" else None


def order_of(table: DeclaredTable, places: tuple[str, ...]) -> str:
    """Clause that orders rows by their integer primary key, or else by their place, by a name that no column has."""
    key = integer_key(table)
    if key is not None:
        return f" ORDER BY {quoted(key)}"
    names = {column.name.lower() for column in table.columns}
    return next((f" ORDER BY {place}" for place in places if place not in names), "")


def _loaded(values: list[Any], column: Column) -> pa.Array:
    """Values of a column from what SQLite keeps, in whatever type it was inserted."""
    if column.kind in ("date", "time", "timestamp", "decimal", "boolean"):
        return of_text(pa.array([None if value is None else str(value) for value in values], pa.string()), column)
    if column.kind == "interval":
        return pa.array(values, pa.int64()).cast(arrow_type(column))
    if column.kind in ("text", "uuid", "json"):
        if any(isinstance(value, bytes) for value in values):
            raise ValueError("it is bytes, and no text")
        return cast(pa.array([value if isinstance(value, str | None) else str(value) for value in values], pa.string()), column)
    if column.kind == "float":
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return cast(pa.array(values), column)
