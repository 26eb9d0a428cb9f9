"""Tables as numbers: what trees can split on."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.rfm.contexts.batch import DATETIME, TEXT
from plurel_prob.rfm.contexts.columns import MISSING, kind_of, microseconds, read_column, text_of
from plurel_prob.rfm.contexts.kernel import NEVER, STATIC
from plurel_prob.rfm.contexts.vocabulary import Vocabulary

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


def read_numbers(database: Any, val: pd.Timestamp) -> dict[str, Numbers]:
    """Turn the tables of a ``relbench.base.Database`` into numbers.

    A row of a table without times is seen from when on all rows are that it refers to, and always if these are.

    A text column is a category if it has at most :data:`MAX_LEVEL` distinct texts in rows up to ``val``; others are left out.
    """
    last = int(microseconds(pd.Series([val]))[0])
    tables = {name: _numbers(database, name, last) for name in database.table_dict}
    without_time = [name for name, table in database.table_dict.items() if table.time_col is None]
    for _ in without_time:  # as far as a chain of them can be long
        tables |= {name: replace(tables[name], time=_latest(tables, tables[name])) for name in without_time}
    return tables


def _latest(tables: dict[str, Numbers], numbers: Numbers) -> Int64[np.ndarray, " row"]:
    """Latest time of a row and of those that it refers to."""
    times = [np.append(tables[parent].time, STATIC)[row] for parent, row in numbers.parents.values()]
    return np.max([numbers.time, *times], axis=0)


def parent_rows(database: Any, table: str) -> dict[str, Int64[np.ndarray, " row"]]:
    """By foreign key, the row of its table that each row refers to; -1 where there is none."""
    found = {}
    for key, parent in database.table_dict[table].fkey_col_to_pkey_table.items():
        if key in database.table_dict[table].df:  # a task can remove it
            row = database.table_dict[table].df[key].astype("Float64").fillna(-1).to_numpy(np.int64)
            found[key] = np.where((row >= 0) & (row < len(database.table_dict[parent].df)), row, -1)
    return found


def _numbers(database: Any, name: str, last: int) -> Numbers:
    table = database.table_dict[name]
    time = np.full(len(table.df), STATIC)
    if table.time_col is not None:
        stored = microseconds(table.df[table.time_col])
        time = np.where(stored == MISSING, NEVER, stored)
    parents = {key: (table.fkey_col_to_pkey_table[key], row) for key, row in parent_rows(database, name).items()}
    columns = table.df[[column for column in table.df if column not in (table.pkey_col, table.time_col, *parents)]]
    kinds = {column: kind_of(columns[column]) for column in columns}
    read = {column: read_column(columns[column], Vocabulary())[1] for column, kind in kinds.items() if kind != TEXT}
    levels = {column: _levels(columns[column]) for column, kind in kinds.items() if kind == TEXT}
    few = {column: level for column, level in levels.items() if len(np.unique(level[(time <= last) & (level >= 0)])) <= MAX_LEVEL}

    def frame(columns: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame(columns, index=pd.RangeIndex(len(table.df)), dtype=np.float64)

    return Numbers(
        time,
        frame({column: value for column, value in read.items() if kinds[column] != DATETIME}),
        frame(few),
        frame({column: value for column, value in read.items() if kinds[column] == DATETIME}),
        parents,
    )


def _levels(column: pd.Series) -> np.ndarray:
    code = pd.factorize(column.map(text_of, na_action="ignore").to_numpy(object))[0]
    return np.where(code >= 0, code, np.nan)
