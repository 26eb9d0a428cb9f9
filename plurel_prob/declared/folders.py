"""Schemas of folders in RelBench format: what their manifest and their tables declare."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from plurel_prob.databases.disk import index_notes, read_tables, table_file
from plurel_prob.databases.frames import is_index
from plurel_prob.databases.schema import TableSchema
from plurel_prob.declared.schema import Column, DeclaredSchema, DeclaredTable, ForeignKey, Kind
from plurel_prob.errors import DatabaseError

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = Any  # imported where it is used

MAX_LABELS = 50


def declare_relbench(folder: Path) -> DeclaredSchema:
    """Schema of a folder in RelBench format, from its manifest, the types of its columns, and their values.

    Integers have the range of their values, and columns may be missing if a value is. Strings are a category if they have at most
    50 different values, some of which come again, and otherwise texts as long as the longest; these are unique if all differ.

    Raises:
        DatabaseError: a file is missing or broken, or no kind is like a column's type; the message names it.
    """
    import pyarrow.parquet as pq

    _, schemas = read_tables(folder)
    arrow = {name: pq.read_table(table_file(folder, name)) for name in schemas}
    tables = tuple(_table(folder, name, arrow[name], schemas) for name in schemas)
    return DeclaredSchema(tables, str(folder), skipped=index_notes(folder, schemas))


def _table(folder: Path, name: str, table: "pa.Table", schemas: dict[str, TableSchema]) -> DeclaredTable:
    schema = schemas[name]
    keys = {schema.pkey, *schema.fkeys}
    columns = [
        _key_column(column, table[column], is_primary=column == schema.pkey)
        if column in keys
        else _column(f"{folder / 'db' / name}.parquet: column {column}", column, table[column])
        for column in table.column_names
        if not is_index(column)
    ]
    unique = [(column.name,) for column in columns if column.kind == "text" and _all_differ(table[column.name])]
    foreign_keys = [
        ForeignKey((column,), parent, (_primary(folder, name, column, parent, schemas),))
        for column, parent in schema.fkeys.items()
    ]
    primary = (schema.pkey,) if schema.pkey else ()
    return DeclaredTable(name, tuple(columns), primary, tuple(unique), tuple(foreign_keys))


def _primary(folder: Path, child: str, column: str, parent: str, schemas: dict[str, TableSchema]) -> str:
    primary = schemas[parent].pkey if parent in schemas else None
    if primary is None:
        raise DatabaseError(f"{folder}: {child}.{column} refers to {parent}, which has no primary key; mend the manifest")
    return primary


def _key_column(name: str, values: "pa.ChunkedArray", *, is_primary: bool) -> Column:
    return Column(name, "integer", is_nullable=not is_primary and values.null_count > 0, bits=64)


def _column(place: str, name: str, values: "pa.ChunkedArray") -> Column:
    """Column of values that are no keys."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, is_nullable = values.type, values.null_count > 0
    if pa.types.is_dictionary(kind):
        labels = pc.unique(values.combine_chunks().dictionary_decode().drop_null())
        return _category(name, labels.sort().to_pylist(), is_nullable=is_nullable)
    if pa.types.is_integer(kind):
        known = pc.min_max(values).as_py()
        is_unsigned = pa.types.is_unsigned_integer(kind)
        return Column(name, "integer", is_nullable, kind.bit_width, is_unsigned, low=known["min"], high=known["max"])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _strings(name, values)
    if pa.types.is_decimal(kind):
        return Column(name, "decimal", is_nullable, precision=kind.precision, scale=kind.scale)
    if pa.types.is_floating(kind):
        return Column(name, "float", is_nullable or bool(pc.any(pc.is_nan(values)).as_py()))
    if pa.types.is_timestamp(kind):
        return Column(name, "timestamp", is_nullable, has_zone=kind.tz is not None)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return Column(name, "blob", is_nullable, length=pc.max(pc.binary_length(values)).as_py())
    return Column(name, _plain_kind(place, kind), is_nullable)


def _plain_kind(place: str, kind: "pa.DataType") -> Kind:
    import pyarrow as pa

    if pa.types.is_null(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_time(kind):
        return "time"
    if pa.types.is_duration(kind):
        return "interval"
    raise DatabaseError(f"{place} is of type {kind}, which no column of a schema can have; leave it out or write it as text")


def _strings(name: str, values: "pa.ChunkedArray") -> Column:
    import pyarrow.compute as pc

    known = values.drop_null()
    labels = pc.unique(known)
    if 0 < len(labels) <= MAX_LABELS and len(labels) < len(known):
        return _category(name, sorted(labels.to_pylist()), is_nullable=values.null_count > 0)
    length = pc.max(pc.utf8_length(known)).as_py()
    return Column(name, "text", values.null_count > 0, length=max(length, 1) if length is not None else None)


def _category(name: str, labels: list[Any], *, is_nullable: bool) -> Column:
    """Category of strings or numbers; without any, a text."""
    if not labels:
        return Column(name, "text", is_nullable)
    is_plain = all(type(label) is type(labels[0]) and isinstance(label, (str, int, float)) for label in labels)
    texts = labels if is_plain and not isinstance(labels[0], bool) else [str(label) for label in labels]
    return Column(name, "category", is_nullable, labels=tuple(texts))


def _all_differ(values: "pa.ChunkedArray") -> bool:
    import pyarrow.compute as pc

    known = values.drop_null()
    return len(known) > 1 and len(pc.unique(known)) == len(known)
