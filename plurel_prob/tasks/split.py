"""What tasks are made from: tables, and the times at which validation and test start."""

import keyword
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.databases import Database, TableSchema
from plurel_prob.databases.disk import MANIFEST, read_tables
from plurel_prob.databases.manifest import read_manifest, splits_of
from plurel_prob.errors import DatabaseError, shown

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitDatabase:
    """Tables, drawn or real, and the times that split them: rows up to ``val_timestamp`` train, those up to ``test_timestamp``
    validate, later ones test.

    Attributes:
        name: of the database or its folder.
        tables: name to data frame.
        schemas: name to columns and keys.
        val_timestamp: start of the validation split.
        test_timestamp: start of the test split.
    """

    name: str
    tables: dict[str, pd.DataFrame]
    schemas: dict[str, TableSchema]
    val_timestamp: pd.Timestamp
    test_timestamp: pd.Timestamp

    @cached_property
    def seen(self) -> dict[str, pd.DataFrame]:
        """Rows that are known when the test split starts; all those of tables without a time."""
        times = {name: schema.time_col for name, schema in self.schemas.items()}
        return {
            name: frame[frame[times[name]] <= self.test_timestamp] if times[name] else frame
            for name, frame in self.tables.items()
        }

    @cached_property
    def alone(self) -> dict[str, set[str]]:
        """Columns of each table that SQL, which ignores case, knows by their names."""
        counts = {name: Counter(str(column).lower() for column in frame) for name, frame in self.tables.items()}
        return {
            name: {str(column) for column in frame if counts[name][str(column).lower()] == 1}
            for name, frame in self.tables.items()
        }

    # RelBench takes the minimum and maximum in this way, too: without a time if the first table with a time column has no row
    @cached_property
    def first(self) -> pd.Timestamp:
        """Earliest time of all tables; NaT if there is none."""
        return min(self._times(self.seen, "min"), default=pd.NaT)

    @cached_property
    def last_seen(self) -> pd.Timestamp:
        """Latest time up to the start of the test split; NaT if there is none."""
        return max(self._times(self.seen, "max"), default=pd.NaT)

    @cached_property
    def last(self) -> pd.Timestamp:
        """Latest time of all tables; NaT if there is none."""
        return max(self._times(self.tables, "max"), default=pd.NaT)

    def _times(self, tables: dict[str, pd.DataFrame], which: str) -> list[pd.Timestamp]:
        return [tables[name][schema.time_col].agg(which) for name, schema in self.schemas.items() if schema.time_col]


def split_database(source: Database | Path | str) -> SplitDatabase:
    """Take what tasks are made from out of a drawn database, or out of a folder in RelBench format.

    Raises:
        DatabaseError: a file is missing or broken, or RelBench refuses a table; the message names it.
    """
    if isinstance(source, Database):
        schema = source.schema
        stamps = (schema.val_timestamp.isoformat(), schema.test_timestamp.isoformat())
        return SplitDatabase(source.name, source.tables, schema.tables, pd.Timestamp(stamps[0]), pd.Timestamp(stamps[1]))
    path = Path(source)
    tables, schemas = read_tables(path)
    database = SplitDatabase(path.name, tables, schemas, *splits_of(read_manifest(path), path))
    for name in schemas:
        _check_table(database, path, name)
    return database


def check_time(file: Path, time_col: Any) -> None:
    """Refuse a time column whose name is an expression: RelBench has pandas evaluate it.

    Raises:
        DatabaseError: it is; the message names the file.
    """
    if time_col is None or (isinstance(time_col, str) and time_col.isidentifier() and not keyword.iskeyword(time_col)):
        return
    raise DatabaseError(f"{file}: RelBench needs another name for the time column {shown(time_col)!r}: letters, digits, _")


def _check_table(database: SplitDatabase, path: Path, name: str) -> None:
    """Refuse a table that RelBench cannot read."""
    frame, schema = database.tables[name], database.schemas[name]
    file = path / "db" / f"{name}.parquet"
    for key, parent in schema.fkeys.items():
        if parent not in database.schemas:
            raise DatabaseError(f"{path / MANIFEST}: {name}.{key} refers to {parent}, which is no table")
        if not pd.api.types.is_numeric_dtype(frame[key].dtype):
            raise DatabaseError(f"{file}: the foreign key {key} must be of type integer, the number of a row of {parent}")
    if schema.time_col:
        check_time(file, schema.time_col)
        if frame[schema.time_col].dtype.kind != "M" or getattr(frame[schema.time_col].dt, "tz", None) is not None:
            raise DatabaseError(f"{file}: the time column {schema.time_col} must be of type timestamp, without a time zone")
    if schema.pkey:
        rows = frame[schema.pkey].to_numpy()
        if len(rows) and not np.array_equal(rows, np.arange(len(rows))):
            raise DatabaseError(f"{file}: the primary key {schema.pkey} must number the rows 0, 1, 2, ...; number them again")
        if schema.time_col and (np.diff((frame[schema.time_col] <= database.test_timestamp).astype(int)) > 0).any():
            raise DatabaseError(f"{file}: sort the rows by {schema.time_col}, missing times last, and number them again")
