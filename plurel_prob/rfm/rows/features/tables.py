"""Tables as numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import DATETIME, MISSING, NEVER, STATIC, TEXT, kind_of, microseconds, read_column
from plurel_prob.rfm.rows.features.encoding import (
    MAX_LEVEL,
    Levels,
    Share,
    levels_of,
    share_of_missing,
    shares_of_levels,
    shares_of_numbers,
)
from plurel_prob.rfm.rows.features.question import DAY
from plurel_prob.rfm.vocabulary import Vocabulary

Rows = Int64[np.ndarray, " _"]


class Signal(NamedTuple):
    """A column that is aggregated: its name, what gives its numbers of some rows, and whether they say if a cell has a value."""

    name: str
    read: Callable[[Rows], Float64[np.ndarray, " _"]]
    is_share: bool


@dataclass(frozen=True)
class Numbers:
    """A table as numbers.

    Attributes:
        time: from when on a row is seen; STATIC: always, NEVER: by no other.
        is_timed: whether rows have times, of their own or of rows that they refer to.
        value: numbers and booleans, as 0 and 1; NaN where there is none.
        level: categories by number, the most common one of training rows first; NaN where there is none.
        date: dates in microseconds since 1970; NaN where there is none.
        texts: texts that are no categories.
        shares: values whose shares are features.
        n_level: levels of a category in training rows; what has a higher number was not among them.
        parents: by foreign key, its table and row there; -1 where there is none.
    """

    time: Int64[np.ndarray, " row"]
    is_timed: bool
    value: pd.DataFrame
    level: pd.DataFrame
    date: pd.DataFrame
    texts: dict[str, Levels]
    shares: tuple[Share, ...]
    n_level: dict[str, int]
    parents: dict[str, tuple[str, Int64[np.ndarray, " row"]]]

    def without(self, columns: set[str]) -> "Numbers":
        """The same without some columns."""
        if not columns:
            return self
        value, level, date = (part.drop(columns=[*columns & set(part)]) for part in (self.value, self.level, self.date))
        parents = {key: parent for key, parent in self.parents.items() if key not in columns}
        texts = {column: levels for column, levels in self.texts.items() if column not in columns}
        shares = tuple(share for share in self.shares if share.column not in columns)
        return replace(self, value=value, level=level, date=date, texts=texts, shares=shares, parents=parents)

    @cached_property
    def signals(self) -> list[Signal]:
        """Columns that are aggregated: numbers, shares of values, and dates by their age at the row's time."""
        columns = {part: dict(self.columns_of(part)) for part in ("value", "level", "date")}
        signals = [Signal(name, value.__getitem__, is_share=False) for name, value in columns["value"].items()]
        for share in self.shares:
            of = next(part[share.column] for part in columns.values() if share.column in part)
            signals.append(Signal(share.name, partial(self._has, share, of), is_share=True))
        if self.is_timed:
            signals += [Signal(name, partial(self._age, date), is_share=False) for name, date in columns["date"].items()]
        return signals

    def _has(self, share: Share, value: Float64[np.ndarray, " row"], row: Rows) -> Float64[np.ndarray, " _"]:
        return self.has(share, value[row])

    def _age(self, date: Float64[np.ndarray, " row"], row: Rows) -> Float64[np.ndarray, " _"]:
        return self.age(date[row], self.time[row])

    def columns_of(self, part: str) -> list[tuple[str, Float64[np.ndarray, " row"]]]:
        """Columns of numbers (``"value"``), categories (``"level"``) or dates (``"date"``)."""
        frame = getattr(self, part)
        return [(column, frame[column].to_numpy()) for column in frame]

    @staticmethod
    def has(share: Share, value: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
        """Whether cells have the value, NaN where they have none."""
        if np.isnan(share.value):
            return np.isnan(value).astype(np.float64)
        return np.where(np.isnan(value), np.nan, value == share.value)

    @staticmethod
    def age(date: Float64[np.ndarray, " row"], time: Int64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
        """Days from a date to a time, NaN if the date is later."""
        return np.where((date <= time) & (time != NEVER) & (time != STATIC), (time - date) / DAY, np.nan)


Tables = dict[str, Numbers]  # of a database


def read_tables(frames: Mapping[str, pd.DataFrame], schemas: Mapping[str, TableSchema], val: int) -> Tables:
    """Turn the tables of a database into numbers.

    A row of a table without times is seen from when on all rows are that it refers to, and always if these are.

    A text column is a category if it has at most :data:`MAX_LEVEL` distinct texts in training rows, those up to ``val``. Training
    rows decide on the order of levels, and on which of them have shares, too.

    Args:
        frames: the tables. Keys are their primary keys' values, or row numbers where there is none.
        schemas: their keys and columns with times.
        val: last time of the training split, in microseconds since 1970.

    Raises:
        DatabaseError: a key refers to no table, or a primary key has a value twice.
    """
    parents = {name: _parents(frames, name, schemas) for name in frames}
    time, is_timed = _times(frames, schemas, parents)
    return {name: _numbers(frames[name], schemas[name], parents[name], time[name], is_timed[name], val) for name in frames}


Parents = dict[str, tuple[str, Int64[np.ndarray, " _"]]]  # by foreign key, its table and row there


def _parents(frames: Mapping[str, pd.DataFrame], name: str, schemas: Mapping[str, TableSchema]) -> Parents:
    parents: Parents = {}
    for key, parent in schemas[name].fkeys.items():
        what = f"{shown(name)}.{shown(key)}"
        if parent not in frames:
            raise DatabaseError(f"{what} refers to {shown(parent)}, which is no table; there are {shown(', '.join(frames))}")
        parents[key] = (parent, _rows_of(what, frames[name][key], frames[parent], schemas[parent].pkey))
    return parents


def _times(
    frames: Mapping[str, pd.DataFrame], schemas: Mapping[str, TableSchema], parents: Mapping[str, Parents]
) -> tuple[dict[str, Int64[np.ndarray, " _"]], dict[str, bool]]:
    """From when on rows are seen, and whether tables have such times, of their own or of rows that theirs refer to."""
    time, is_timed = {}, {name: schema.time_col is not None for name, schema in schemas.items()}
    for name, frame in frames.items():
        time[name], column = np.full(len(frame), STATIC), schemas[name].time_col
        if column is not None:
            stored = microseconds(frame[column], shown(f"{name}.{column}"))
            time[name] = np.where(stored == MISSING, NEVER, stored)
    without_time = [name for name in frames if schemas[name].time_col is None]
    for _ in without_time:  # as far as a chain of them can be long
        for name in without_time:
            above = [np.append(time[parent], STATIC)[row] for parent, row in parents[name].values()]
            time[name] = np.max([time[name], *above], axis=0)
            is_timed[name] = is_timed[name] or any(is_timed[parent] for parent, _ in parents[name].values())
    return time, is_timed


def _numbers(
    frame: pd.DataFrame, schema: TableSchema, parents: Parents, time: Int64[np.ndarray, " row"], is_timed: bool, val: int
) -> Numbers:
    is_train = time <= val
    columns = frame[[column for column in frame if column not in (schema.pkey, schema.time_col, *parents)]]
    kinds = {column: kind_of(columns[column]) for column in columns}
    read = {column: read_column(columns[column], Vocabulary())[1] for column, kind in kinds.items() if kind != TEXT}
    texts = {column: levels_of(columns[column], is_train) for column, kind in kinds.items() if kind == TEXT}
    few = {column: levels for column, levels in texts.items() if levels.n_known <= MAX_LEVEL}
    value = {column: value for column, value in read.items() if kinds[column] != DATETIME}
    code = {column: np.where(levels.code >= 0, levels.code, np.nan) for column, levels in few.items()}
    shares = [share for column, levels in few.items() for share in shares_of_levels(column, levels, is_train)]
    shares += [share for column, numbers in value.items() for share in shares_of_numbers(column, numbers, is_train)]
    shares += [share for column, numbers in (read | code).items() for share in share_of_missing(column, numbers, is_train)]

    def numbers_of(columns: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)), dtype=np.float64)

    return Numbers(
        time,
        is_timed,
        numbers_of(value),
        numbers_of(code),
        numbers_of({column: date for column, date in read.items() if kinds[column] == DATETIME}),
        {column: levels for column, levels in texts.items() if column not in few},
        tuple(shares),
        {column: levels.n_known for column, levels in few.items()},
        parents,
    )


def _rows_of(what: str, key: pd.Series, parent: pd.DataFrame, pkey: str | None) -> Int64[np.ndarray, " row"]:
    """Rows that a foreign key refers to; -1 where there is none."""
    primary = pd.RangeIndex(len(parent)) if pkey is None else pd.Index(parent[pkey])
    if not primary.is_unique:
        raise DatabaseError(f"{what} refers to {pkey}, in which a value occurs twice; leave all but one such row out")
    row, has_value = np.full(len(key), -1), key.notna().to_numpy(bool)
    try:
        row[has_value] = primary.get_indexer(pd.Index(key[has_value]))
    except TypeError:
        raise DatabaseError(f"{what} has values that are no keys, such as {shown(key[has_value].iloc[0])}") from None
    return row
