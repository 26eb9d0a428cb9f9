"""Folders with a file a table and ``schema.sql``: comma-separated values, or parquet."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from plurel_prob.declared import DeclaredSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.files import within
from plurel_prob.stores.arrow import cast, typed
from plurel_prob.stores.ddl import ddl_of
from plurel_prob.stores.places import SCHEMA, OnTable, file_of
from plurel_prob.stores.text import csv_parts, read_csv


def save_csv(tables: dict[str, pa.Table], declared: DeclaredSchema, folder: Path, name: str, on_table: OnTable) -> None:
    """Write comma-separated values (RFC 4180), that PostgreSQL's COPY reads into the tables of ``schema.sql``."""

    def write(table: pa.Table, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_parts(table))

    _save(tables, declared, folder, ".csv", write, on_table)


def save_parquet(tables: dict[str, pa.Table], declared: DeclaredSchema, folder: Path, name: str, on_table: OnTable) -> None:
    """Write parquet files, whose columns have exactly the declared types, with ``schema.sql``."""
    _save(tables, declared, folder, ".parquet", pq.write_table, on_table)


def _save(
    tables: dict[str, pa.Table],
    declared: DeclaredSchema,
    folder: Path,
    suffix: str,
    write: Callable[[pa.Table, Path], None],
    on_table: OnTable,
) -> None:
    (folder / SCHEMA).write_text(ddl_of(declared, "postgresql"), encoding="utf-8")
    for name, table in tables.items():
        write(table, file_of(folder, name, suffix))
        on_table(name)


def read_folder(source: Path, declared: DeclaredSchema) -> dict[str, pa.Table]:
    """Read the files of all tables, comma-separated values or parquet.

    Raises:
        DatabaseError: a file is missing, or a value is not of its column's type.
    """
    tables = {}
    for table in declared.tables:
        text, parquet = (within(source, file_of(source, table.name, end).name) for end in (".csv", ".parquet"))
        if text.exists():
            tables[table.name] = read_csv(text, table)
        elif parquet.exists():
            try:
                rows = pq.read_table(parquet)
            except (pa.ArrowException, OSError) as error:
                raise DatabaseError(f"{parquet}: cannot be read: {error}") from None
            names = [column.name for column in table.columns]
            if rows.column_names != names:
                raise DatabaseError(f"{parquet}: has the columns {rows.column_names}, declared are {names}")
            tables[table.name] = typed(rows, table, cast)
        else:
            raise DatabaseError(f"{source}: there is neither {text.name} nor {parquet.name}, which {SCHEMA} declares")
    return tables
