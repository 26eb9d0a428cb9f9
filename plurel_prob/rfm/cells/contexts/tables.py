"""Tables with what a context needs to know of their rows: when they are seen, and what they see."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from plurel_prob.databases import Database, observe
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import MISSING, NEVER, STATIC, microsecond, microseconds


@dataclass(frozen=True)
class TimedTable:
    """A table.

    Attributes:
        name: of the table.
        frame: its rows.
        schema: its keys.
        time: from when on a row is seen; STATIC: always, NEVER: by no other.
        as_of: last time that a context of the row sees.
        is_train: whether a row is in the training split, where means and deviations are taken.
        is_label: whether it is a task's labels and no part of the database.
    """

    name: str
    frame: pd.DataFrame
    schema: TableSchema
    time: Int64[np.ndarray, " row"]
    as_of: Int64[np.ndarray, " row"]
    is_train: Bool[np.ndarray, " row"]
    is_label: bool = False

    def without(self, columns: set[str]) -> "TimedTable":
        """Leave columns out, foreign keys too; rows keep their primary key and their times."""
        missing = columns - set(self.frame.columns)
        if missing:
            raise DatabaseError(f"{self.name} has no column {min(missing)}, which a task removes")
        fkeys = {key: parent for key, parent in self.schema.fkeys.items() if key not in columns}
        return replace(
            self, frame=self.frame.drop(columns=sorted(columns - {self.schema.pkey})), schema=replace(self.schema, fkeys=fkeys)
        )


@dataclass(frozen=True)
class DatabaseView:
    """A database as it is seen: validation starts after ``val``, test after ``test``; nothing after ``until`` is there."""

    database: Database
    val: int
    test: int
    until: int

    @property
    def name(self) -> str:
        """Name of the database."""
        return self.database.name

    def read_tables(self) -> list[TimedTable]:
        """All tables."""
        schemas = self.database.schema.tables
        return [self.timed(name, frame, schemas[name]) for name, frame in self.database.tables.items()]

    def timed(self, name: str, frame: pd.DataFrame, schema: TableSchema) -> TimedTable:
        """A table; a row without a time, in a table that has times, is seen by no other."""
        if schema.time_col is None:
            time = np.full(len(frame), STATIC)
            return TimedTable(name, frame, schema, time, np.full(len(frame), self.until), time == STATIC)
        stored = microseconds(frame[schema.time_col], shown(f"{name}.{schema.time_col}"))
        time = np.where(stored == MISSING, NEVER, stored)
        as_of = np.where(stored == MISSING, STATIC, np.minimum(stored, self.until))
        return TimedTable(name, frame, schema, time, as_of, time <= min(self.val, self.until))


def read_source(source: Path | str | Database, until: pd.Timestamp | str | None, val: pd.Timestamp | None = None) -> DatabaseView:
    """See :func:`plurel_prob.rfm.cells.contexts.relational_data`."""
    database = source if isinstance(source, Database) else observe(source)
    splits = database.schema.splits
    if val is not None:
        splits = (val, val if splits is None else splits[1])
    if splits is None:
        raise DatabaseError(f"{database.name}: nothing says where its training split ends: give val_timestamp, or its folder")
    named = {"val": splits[0], "test": splits[1], None: None}
    if isinstance(until, str) and until not in named:
        raise DatabaseError(f"until must be 'val', 'test', a timestamp or None, got {until!r}")
    last = named[until] if until is None or isinstance(until, str) else until
    until_us = NEVER - 1 if last is None else microsecond(last)
    return DatabaseView(database, microsecond(splits[0]), microsecond(splits[1]), until_us)
