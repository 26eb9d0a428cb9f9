"""Write and read stores, by format."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
import pyarrow as pa

from plurel_prob.databases import observe
from plurel_prob.databases.disk import MANIFEST, index_notes
from plurel_prob.declared import DeclaredSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.files import new_folder, within
from plurel_prob.stores.arrow import ArrowRows, arrow_tables, frame_of
from plurel_prob.stores.checks import check_rows
from plurel_prob.stores.computed import with_computed
from plurel_prob.stores.conditions import lost
from plurel_prob.stores.infer import infer_declared
from plurel_prob.stores.limits import check_schema
from plurel_prob.stores.places import SCHEMA, OnTable

Format = Literal["relbench", "duckdb", "sqlite", "postgresql", "csv", "parquet", "huggingface"]


class _Writer(NamedTuple):
    """Where the function is that writes a format, whose module needs the format's packages.

    That of a folder gets one that nobody reads yet, and the name that it will have.
    """

    module: str
    name: str
    is_folder: bool


WRITERS: dict[str, _Writer] = {
    "relbench": _Writer("relbench_form", "save_relbench", True),
    "duckdb": _Writer("duckdb_file", "write_duckdb", False),
    "sqlite": _Writer("sqlite_file", "write_sqlite", False),
    "postgresql": _Writer("postgresql", "write_postgresql", False),
    "csv": _Writer("folders", "save_csv", True),
    "parquet": _Writer("folders", "save_parquet", True),
    "huggingface": _Writer("huggingface", "save_huggingface", True),
}


def write_store(
    tables: dict[str, pd.DataFrame],
    declared: DeclaredSchema,
    target: Path | str,
    format: Format,
    *,
    overwrite: bool = False,
    on_table: OnTable | None = None,
) -> list[str]:
    """Write tables into a store, complete or not at all.

    Args:
        tables: name to frame; columns as they are declared, missing values NaN, NaT, None or pd.NA.
        declared: types, keys and constraints; rows are checked against all of them first, and by the store again.
        target: path of a file (duckdb, sqlite) or of a folder, or URL (postgresql).
        format: of the store.
        overwrite: replace what exists.
        on_table: called with each table's name when it is written.

    Returns:
        What the store cannot keep, in words: foreign keys in a circle in DuckDB, and constraints that it has no SQL for.

    Raises:
        DatabaseError: a row is not as declared, the store cannot keep a value, or the target exists or cannot be written; the
            message names table, column and row where it is one.
    """
    writer = WRITERS[format]
    is_url = "://" in str(target)
    if is_url != (format == "postgresql"):
        shown = str(target).partition("://")[0] + "://..." if is_url else target  # a URL can have a password
        raise DatabaseError(f"{shown}: {format} needs {'the URL of a database' if not is_url else 'a path'}")
    check_schema(declared, format)
    arrow = arrow_tables(tables, declared)
    check_rows(arrow, declared)
    write: Callable[..., Any] = getattr(import_module(f"plurel_prob.stores.{writer.module}"), writer.name)
    told = on_table or (lambda name: None)
    if not writer.is_folder:
        left_out = lost(declared, format)  # type: ignore[arg-type]
        left_out += write(arrow, declared, str(target) if is_url else Path(target), overwrite=overwrite, on_table=told)
        return left_out
    with new_folder(Path(target), overwrite=overwrite) as folder:
        write(arrow, declared, folder, Path(target).name, told)
    return []


def read_store(source: Path | str) -> tuple[dict[str, pd.DataFrame], DeclaredSchema]:
    """Read all tables of a store, see :func:`open_store`, as data frames."""
    with open_store(source) as (tables, declared):
        return {table.name: frame_of(tables[table.name], table) for table in declared.tables}, declared


@contextmanager
def open_store(source: Path | str) -> Iterator[tuple[Mapping[str, ArrowRows], DeclaredSchema]]:
    """Open a store: a SQLite or DuckDB file, the URL of a PostgreSQL database, a folder in RelBench format, or one of
    comma-separated values or parquet files with ``schema.sql``.

    Rows of databases come by their integer primary keys, or else as they are stored. Columns of a DuckDB file are read when they
    are asked for, until it is closed; tables of others are in memory.

    Returns:
        The tables, and what the store declares of them; of a folder in RelBench format see :func:`infer_declared`.

    Raises:
        DatabaseError: there is no such store, or a value is not as it is declared.
    """
    from plurel_prob.declared.sources import declared_of, is_duckdb

    path = Path(source)
    if "://" in str(source) or not is_duckdb(path):
        yield _read(str(source)) if "://" in str(source) else _read_path(path)
        return
    from plurel_prob.stores.duckdb_file import open_duckdb

    declared = declared_of(path)
    with open_duckdb(path, declared) as tables:
        yield with_computed(path, tables, declared)


def _read(url: str) -> tuple[dict[str, pa.Table], DeclaredSchema]:
    if not url.startswith("postgres"):
        raise DatabaseError(f"{url.partition('://')[0]}://...: of databases by URL, PostgreSQL's can be read")
    from plurel_prob.declared import reflect
    from plurel_prob.stores.postgresql import read_postgresql

    declared = reflect(url, keep_computed=True)
    return read_postgresql(url, declared), declared


def _read_path(path: Path) -> tuple[dict[str, pa.Table], DeclaredSchema]:
    from plurel_prob.declared.sources import declared_of, is_sqlite

    if (path / MANIFEST).exists():
        observed = observe(path)
        declared = infer_declared(observed.tables, observed.schema.tables, str(path))
        declared = replace(declared, skipped=index_notes(path, observed.tables))
        return arrow_tables(observed.tables, declared), declared
    if (path / SCHEMA).exists():
        from plurel_prob.declared import read_ddl
        from plurel_prob.stores.folders import read_folder

        declared = read_ddl(within(path, SCHEMA), "postgresql")
        return read_folder(path, declared), declared
    if not is_sqlite(path):
        what = "is no SQLite or DuckDB file, and no folder with manifest.yaml or schema.sql" if path.exists() else "no such store"
        raise DatabaseError(f"{path}: {what}")
    from plurel_prob.stores.sqlite_file import read_sqlite

    declared = declared_of(path)
    return with_computed(path, read_sqlite(path, declared), declared)
