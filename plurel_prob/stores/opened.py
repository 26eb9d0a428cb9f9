"""Databases of every kind, in the one form that what looks at them takes."""

import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd

from plurel_prob.databases import Database, DatabaseSchema, load, observe
from plurel_prob.databases.disk import PROVENANCE, table_schema
from plurel_prob.databases.manifest import MANIFEST, check_database, known_splits
from plurel_prob.stores.relbench_form import to_relbench
from plurel_prob.stores.store import read_store


def read_database(source: Path | str) -> Database:
    """Read a database of any kind: drawn, with its latents, or real.

    Args:
        source: folder in RelBench format, SQLite or DuckDB file, folder of CSV or parquet files with ``schema.sql``, or the URL
            of a PostgreSQL database. All but the first come in RelBench form, see :func:`plurel_prob.stores.to_relbench`: keys
            are numbers of rows, and tables with a time are sorted by it.

    Raises:
        DatabaseError: there is none, or it cannot be read; the message names the file.
    """
    path = Path(source)
    if "://" not in str(source):
        check_database(path)
        if (path / PROVENANCE).exists() and (path / MANIFEST).exists():
            return load(path)
        if (path / MANIFEST).exists():
            return observe(path)
    frames, manifest = to_relbench(*read_store(source))
    frames = {name: frame.apply(_as_measured) for name, frame in frames.items()}
    schemas = {name: table_schema(frame, manifest.tables[name]) for name, frame in frames.items()}
    has_times = any(schema.time_col for schema in schemas.values())
    return Database(manifest.name, frames, DatabaseSchema(schemas, splits=known_splits(manifest, path) if has_times else None))


def _as_measured(column: pd.Series) -> pd.Series:
    """Decimals as numbers, and dates as times, so that they are measured like those; anything else as it is."""
    there = column.dropna() if column.dtype == object else column.iloc[:0]
    if len(there) and there.map(lambda value: isinstance(value, Decimal)).all():
        return column.astype(float)
    if len(there) and there.map(lambda value: isinstance(value, datetime.date)).all():
        return pd.to_datetime(column, errors="coerce")
    return column
