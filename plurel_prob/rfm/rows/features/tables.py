"""Tables as numbers: what trees can split on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.databases.schema import TableSchema
from plurel_prob.rfm.columns import DATETIME, MISSING, NEVER, STATIC, TEXT, kind_of, microseconds, read_column, text_of
from plurel_prob.rfm.vocabulary import Vocabulary

MAX_LEVEL = 50  # distinct texts of a column that is a category


@dataclass(frozen=True)
class Numbers:
    """A table as numbers.

    Attributes:
        time: from when on a row is seen; STATIC: always, NEVER: by no other.
        value: numbers and booleans, as 0 and 1; NaN where there is none.
        level: categories by number, in order of their first row; NaN where there is none.
        date: dates in microseconds since 1970; NaN where there is none.
        parents: by foreign key, its table and row there; -1 where there is none.
    """

    time: Int64[np.ndarray, " row"]
    value: pd.DataFrame
    level: pd.DataFrame
    date: pd.DataFrame
    parents: dict[str, tuple[str, Int64[np.ndarray, " row"]]]

    def without(self, columns: set[str]) -> "Numbers":
        """The same without some columns."""
        value, level, date = (part.drop(columns=[*columns & set(part)]) for part in (self.value, self.level, self.date))
        parents = {key: parent for key, parent in self.parents.items() if key not in columns}
        return Numbers(self.time, value, level, date, parents)


Tables = dict[str, Numbers]  # of a database


def read_tables(frames: Mapping[str, pd.DataFrame], schemas: Mapping[str, TableSchema], val: int) -> Tables:
    """Turn the tables of a database into numbers.

    A row of a table without times is seen from when on all rows are that it refers to, and always if these are.

    A text column is a category if it has at most :data:`MAX_LEVEL` distinct texts in rows up to ``val``; others are left out.

    Args:
        frames: the tables; keys are row numbers.
        schemas: their keys and columns with times.
        val: last time of the training split, in microseconds since 1970.
    """
    tables = {name: _numbers(frames, name, schemas[name], val) for name in frames}
    without_time = [name for name in frames if schemas[name].time_col is None]
    for _ in without_time:  # as far as a chain of them can be long
        tables |= {name: replace(tables[name], time=_latest(tables, tables[name])) for name in without_time}
    return tables


def _latest(tables: dict[str, Numbers], numbers: Numbers) -> Int64[np.ndarray, " row"]:
    """Latest time of a row and of those that it refers to."""
    times = [np.append(tables[parent].time, STATIC)[row] for parent, row in numbers.parents.values()]
    return np.max([numbers.time, *times], axis=0)


def _numbers(frames: Mapping[str, pd.DataFrame], name: str, schema: TableSchema, last: int) -> Numbers:
    frame, time = frames[name], np.full(len(frames[name]), STATIC)
    if schema.time_col is not None:
        stored = microseconds(frame[schema.time_col])
        time = np.where(stored == MISSING, NEVER, stored)
    parents = {}
    for key, parent in schema.fkeys.items():
        row = frame[key].astype("Float64").fillna(-1).to_numpy(np.int64)
        parents[key] = (parent, np.where((row >= 0) & (row < len(frames[parent])), row, -1))
    columns = frame[[column for column in frame if column not in (schema.pkey, schema.time_col, *parents)]]
    kinds = {column: kind_of(columns[column]) for column in columns}
    read = {column: read_column(columns[column], Vocabulary())[1] for column, kind in kinds.items() if kind != TEXT}
    levels = {column: _levels(columns[column]) for column, kind in kinds.items() if kind == TEXT}
    few = {column: level for column, level in levels.items() if len(np.unique(level[(time <= last) & (level >= 0)])) <= MAX_LEVEL}

    def numbers(columns: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)), dtype=np.float64)

    return Numbers(
        time,
        numbers({column: value for column, value in read.items() if kinds[column] != DATETIME}),
        numbers(few),
        numbers({column: value for column, value in read.items() if kinds[column] == DATETIME}),
        parents,
    )


def _levels(column: pd.Series) -> np.ndarray:
    code = pd.factorize(column.map(text_of, na_action="ignore").to_numpy(object))[0]
    return np.where(code >= 0, code, np.nan)
