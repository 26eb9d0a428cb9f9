"""Folders with a file a table and ``schema.sql``: comma-separated values, or parquet."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from plurel_prob.declared import DeclaredSchema
from plurel_prob.errors import DatabaseError, reason
from plurel_prob.files import within
from plurel_prob.stores.arrow import cast, typed
from plurel_prob.stores.ddl import key_statements, literal, quoted, statements_of
from plurel_prob.stores.places import SCHEMA, OnTable
from plurel_prob.stores.text import csv_parts, read_csv
from plurel_prob.stores.types import with_types


def save_csv(tables: dict[str, pa.Table], declared: DeclaredSchema, folder: Path, name: str, on_table: OnTable) -> None:
    """Write comma-separated values (RFC 4180), and ``schema.sql``, whose header has psql load them."""

    def write(table: pa.Table, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_parts(table))

    _save(tables, declared, folder, ".csv", write, on_table, _loading(declared))


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
    header: str = "",
) -> None:
    # tables that refer to each other in circles can be filled in any order, as keys are checked when a transaction ends
    declared, _ = with_types(declared, "postgresql", lambda name: False)
    statements = [*statements_of(declared, "postgresql", keys_last=False), *key_statements(declared, are_deferred=True)]
    content = header + "".join(f"{statement};\n\n" for statement in statements)
    (folder / SCHEMA).write_text(content, encoding="utf-8")
    for name, table in tables.items():
        write(table, folder / f"{name}{suffix}")
        on_table(name)


def _loading(declared: DeclaredSchema) -> str:
    """Comment with psql's commands that load comma-separated values; none where a name has no place on a line."""
    names = [table.name for table in declared.tables]
    if not all(name.isprintable() for name in names):
        return ""
    copies = [rf"\copy {quoted(name)} FROM {literal(f'{name}.csv')} WITH (FORMAT csv, HEADER, ENCODING 'UTF8')" for name in names]
    commands = [r"\set ON_ERROR_STOP on", r"\encoding UTF8", "BEGIN;", rf"\i {SCHEMA}", *copies, "COMMIT;"]
    lines = [
        "-- To load this folder into PostgreSQL, run in it:",
        f"-- sed -n '/^$/q; s/^--   //p' {SCHEMA} | psql DATABASE",
        "-- which gives psql these commands; keys are checked at the end:",
        *(f"--   {command}" for command in commands),
    ]
    return "\n".join(lines) + "\n\n"


def read_folder(source: Path, declared: DeclaredSchema) -> dict[str, pa.Table]:
    """Read the files of all tables, comma-separated values or parquet.

    Raises:
        DatabaseError: a file is missing, or a value is not of its column's type.
    """
    tables = {}
    for table in declared.tables:
        text, parquet = (within(source, f"{table.name}{end}") for end in (".csv", ".parquet"))
        if text.exists():
            tables[table.name] = read_csv(text, table)
        elif parquet.exists():
            try:
                rows = pq.read_table(parquet)
            except (pa.ArrowException, OSError) as error:
                raise DatabaseError(f"{parquet}: cannot be read: {reason(error)}") from None
            names = [column.name for column in table.columns]
            if rows.column_names != names:
                raise DatabaseError(f"{parquet}: has the columns {rows.column_names}, declared are {names}")
            tables[table.name] = typed(rows, table, cast)
        else:
            raise DatabaseError(f"{source}: there is neither {text.name} nor {parquet.name}, which {SCHEMA} declares")
    return tables
