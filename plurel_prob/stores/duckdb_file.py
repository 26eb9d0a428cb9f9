"""DuckDB files."""

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey, order_tables
from plurel_prob.declared.arrow_types import arrow_type
from plurel_prob.declared.files import places_of
from plurel_prob.declared.schema import quoted
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.arrow import cast, converted, typed
from plurel_prob.stores.checks import parent_rows
from plurel_prob.stores.ddl import statements_of
from plurel_prob.stores.order import depths
from plurel_prob.stores.places import OnTable, new_database
from plurel_prob.stores.sqlite_file import integer_key
from plurel_prob.stores.text import of_text
from plurel_prob.stores.types import with_types

ROWS = "rows_to_insert"
# of what reads; without the last one DuckDB would keep most of what it has read, in up to four fifths of memory
SETTINGS = ("SET TimeZone = 'UTC'", "SET preserve_insertion_order = true", "SET memory_limit = '512MB'")


def write_duckdb(
    tables: dict[str, pa.Table], declared: DeclaredSchema, target: Path, *, overwrite: bool, on_table: OnTable
) -> list[str]:
    """Write a DuckDB file: parents first, and rows that refer to rows of the same table after those.

    DuckDB checks each row when it comes, so keys of tables, or rows, that refer to each other in a circle cannot be declared.

    Returns:
        The keys that were left out, and types that DuckDB does not have, in words.

    Raises:
        DatabaseError: a row breaks a constraint, or DuckDB cannot keep a value.
    """
    names, waiting = order_tables(declared)
    order, left_out = [declared.table(name) for name in names], [(name, key) for name, key in waiting if name != key.parent]
    levels: dict[str, np.ndarray] = {}
    for table in order:
        own = [key for key in table.foreign_keys if key.parent == table.name]
        if not own:
            continue
        depth = depths([parent_rows(tables, table, key, declared.source) for key in own], tables[table.name].num_rows)
        if depth is None:
            left_out += [(table.name, key) for key in own]
        else:
            levels[table.name] = depth
    with new_database(target, overwrite=overwrite) as path, _talking(target):
        with closing(duckdb.connect(str(path))) as connection:
            ordered, lost = with_types(
                DeclaredSchema(tuple(order), declared.source), "duckdb", lambda name: _has_type(connection, name)
            )
            connection.execute("BEGIN")
            for statement in statements_of(ordered, "duckdb", left_out):
                connection.execute(statement)
            rows = _free(ordered)
            for table in ordered.tables:
                with _talking(target, table.name):
                    _insert(connection, tables[table.name], table, levels.get(table.name), rows)
                on_table(table.name)
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
    return [*(_words(name, key) for name, key in left_out), *lost]


def _has_type(connection: Any, name: str) -> bool:
    """Whether there is a type of a name; none is installed for it."""
    connection.execute("SET autoinstall_known_extensions = false")
    try:
        connection.execute(f"SELECT CAST(NULL AS {name})")
    except duckdb.Error:
        return False
    return True


def _words(name: str, key: ForeignKey) -> str:
    return f"{name}.{', '.join(key.columns)} -> {key.parent}: DuckDB has no foreign keys in a circle; it is left out"


@contextmanager
def _talking(target: Path, table: str = "") -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise DatabaseError(f"{target}: {table + ': ' if table else ''}DuckDB: {' '.join(str(error).split())}") from None


def _free(declared: DeclaredSchema) -> str:
    """Name of no table: DuckDB takes what is registered under one for the table."""
    name, taken = ROWS, {table.name.lower() for table in declared.tables}
    while name in taken:
        name += "_"
    return name


def _insert(connection: Any, rows: pa.Table, table: DeclaredTable, depth: np.ndarray | None, name: str) -> None:
    """Insert rows, which are registered under a name that no table has."""
    rows = typed(rows, table, _kept)
    parts: Collection[pa.Table] = [rows]
    if depth is not None and len(depth):
        by_depth = np.argsort(depth, kind="stable")
        cuts = np.searchsorted(depth[by_depth], np.arange(depth.max() + 2))
        parts = [rows.take(by_depth[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
    values = ", ".join(_to_store(column) for column in table.columns)
    for part in parts:
        connection.register(name, part)
        connection.execute(f"INSERT INTO {quoted(table.name)} SELECT {values} FROM {name}")
        connection.unregister(name)


def _kept(array: pa.Array, column: Column) -> pa.Array:
    """Values as DuckDB keeps them; it would round decimals, and takes those of more than 38 digits as text."""
    if pa.types.is_decimal256(array.type):
        return array.cast(pa.string())
    return array.cast(pa.decimal128(38, 10)) if column.kind == "decimal" and column.precision is None else array


def _to_store(column: Column) -> str:
    name = quoted(column.name)
    if column.kind == "integer" and column.bits is None:
        return f"CAST({name} AS {'U' if column.is_unsigned else ''}HUGEINT)"
    if column.other is not None and column.other.name and column.kind == "text":
        return f"CAST({name} AS {column.other.name})"
    return f"CAST({name} AS TIMETZ)" if column.kind == "time" and column.has_zone else name


class StoredTable:
    """A table of a DuckDB file, whose columns are read when they are asked for, as they are declared.

    Rows come by their integer primary key, or else as they were inserted.

    Args:
        connection: to the file.
        source: the file.
        place: of the table, as SQL names it.
        table: its declaration.
    """

    def __init__(self, connection: Any, source: Path, place: str, table: DeclaredTable):
        self._connection, self._source, self._place, self._table = connection, source, place, table
        self._computed: dict[str, pa.ChunkedArray] = {}

    @cached_property
    def num_rows(self) -> int:
        """Number of rows."""
        with _talking(self._source, self._table.name):
            return int(self._connection.sql(f"SELECT count(*) FROM {self._place}").fetchall()[0][0])

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        if name in self._computed:
            return self._computed[name]
        values = self._read(name)
        return pa.chunked_array([values if self._order is None else values.take(self._order)])

    def append_column(self, name: str, values: pa.Array) -> "StoredTable":
        """Add a column that is computed from others."""
        self._computed[name] = pa.chunked_array([values])
        return self

    @cached_property
    def _order(self) -> pa.Array | None:
        """Which of the rows, as they were inserted, each row is; None: they are as they were inserted."""
        key = integer_key(self._table)
        order = None if key is None else pc.sort_indices(self._read(key))
        return None if order is None or np.array_equal(order, np.arange(len(order))) else order

    def _read(self, name: str) -> pa.Array:
        column = self._table.column(name)
        query = f"SELECT {_from_store(column)} AS {quoted(name)} FROM {self._place}"
        with _talking(self._source, self._table.name):
            rows = self._connection.sql(query).to_arrow_table()
        return converted(rows[name].combine_chunks(), _loaded, self._table.name, column)


@contextmanager
def open_duckdb(source: Path, declared: DeclaredSchema) -> Iterator[dict[str, StoredTable]]:
    """Open a DuckDB file; columns of its tables can be read until it is closed.

    Raises:
        DatabaseError: it cannot be read, or a value is not of its column's type.
    """
    with _talking(source):
        connection = duckdb.connect(str(source), read_only=True)
    with closing(connection):
        with _talking(source):
            for setting in SETTINGS:
                connection.execute(setting)
            places = places_of(connection)
        yield {table.name: StoredTable(connection, source, places[table.name], table) for table in declared.tables}


def _from_store(column: Column) -> str:
    name = quoted(column.name)
    if column.kind in ("uuid", "json", "text") or (column.kind == "integer" and column.bits is None):
        return f"CAST({name} AS VARCHAR)"
    if column.kind == "interval":
        return f"epoch_us({name})"
    return f"CAST({name} AS TIME)" if column.kind == "time" and column.has_zone else name


def _loaded(array: pa.Array, column: Column) -> pa.Array:
    if column.kind == "integer" and column.bits is None:
        return of_text(array, column)
    return array.cast(pa.int64()).cast(arrow_type(column)) if column.kind == "interval" else cast(array, column)
