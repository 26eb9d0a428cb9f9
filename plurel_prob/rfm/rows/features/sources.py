"""Databases of any source as numbers."""

from pathlib import Path

import pandas as pd

from plurel_prob.databases import Database
from plurel_prob.databases.manifest import read_manifest, splits_of
from plurel_prob.databases.stored import open_tables
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.columns import microsecond
from plurel_prob.rfm.rows.features.tables import Tables, read_tables


def tables_of(source: Path | str | Database, val: pd.Timestamp | None = None) -> Tables:
    """Turn a database into numbers, see :func:`read_tables`.

    Args:
        source: a folder in RelBench format, or a database.
        val: last time of the training split; by default the source's.

    Raises:
        DatabaseError: a file is missing or broken, a key is not unique, or nothing says where the training split ends.
    """
    if not isinstance(source, Database):
        path = Path(source)
        val = splits_of(read_manifest(path), path)[0] if val is None else val
        return read_tables(*open_tables(path), microsecond(val))
    if val is None and source.schema.splits is None:
        raise DatabaseError(f"{source.name}: nothing says where its training split ends: give val, or its folder")
    return read_tables(source.tables, source.schema.tables, microsecond(source.schema.val_timestamp if val is None else val))
