"""Tables as numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.databases.schema import TableSchema
from plurel_prob.databases.stored import Frame
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
from plurel_prob.spill import gathered, kept

Rows = Int64[np.ndarray, " _"]
T = TypeVar("T")
Columns = dict[str, Float64[np.ndarray, " row"]]


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
    value: Columns
    level: Columns
    date: Columns
    texts: dict[str, Levels]
    shares: tuple[Share, ...]
    n_level: dict[str, int]
    parents: dict[str, tuple[str, Int64[np.ndarray, " row"]]]

    def without(self, columns: set[str]) -> "Numbers":
        """The same without some columns."""
        if not columns:
            return self
        value, level, date = (_without(part, columns) for part in (self.value, self.level, self.date))
        texts, parents = _without(self.texts, columns), _without(self.parents, columns)
        shares = tuple(share for share in self.shares if share.column not in columns)
        return replace(self, value=value, level=level, date=date, texts=texts, shares=shares, parents=parents)

    @cached_property
    def signals(self) -> list[Signal]:
        """Columns that are aggregated: numbers, shares of values, and dates by their age at the row's time."""
        signals = [Signal(name, partial(gathered, value), is_share=False) for name, value in self.value.items()]
        for share in self.shares:
            of = next(part[share.column] for part in (self.value, self.level, self.date) if share.column in part)
            signals.append(Signal(share.name, partial(self._has, share, of), is_share=True))
        if self.is_timed:
            signals += [Signal(name, partial(self._age, date), is_share=False) for name, date in self.date.items()]
        return signals

    def _has(self, share: Share, value: Float64[np.ndarray, " row"], row: Rows) -> Float64[np.ndarray, " _"]:
        return self.has(share, gathered(value, row))

    def _age(self, date: Float64[np.ndarray, " row"], row: Rows) -> Float64[np.ndarray, " _"]:
        return self.age(gathered(date, row), gathered(self.time, row))

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


def _without(part: dict[str, T], columns: set[str]) -> dict[str, T]:
    return {name: value for name, value in part.items() if name not in columns}


Tables = dict[str, Numbers]  # of a database


def read_tables(frames: Mapping[str, Frame], schemas: Mapping[str, TableSchema], val: int) -> Tables:
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


def _parents(frames: Mapping[str, Frame], name: str, schemas: Mapping[str, TableSchema]) -> Parents:
    parents: Parents = {}
    for key, parent in schemas[name].fkeys.items():
        what = f"{shown(name)}.{shown(key)}"
        if parent not in frames:
            raise DatabaseError(f"{what} refers to {shown(parent)}, which is no table; there are {shown(', '.join(frames))}")
        parents[key] = (parent, kept(_rows_of(what, frames[name][key], frames[parent], schemas[parent].pkey)))
    return parents


def _times(
    frames: Mapping[str, Frame], schemas: Mapping[str, TableSchema], parents: Mapping[str, Parents]
) -> tuple[dict[str, Int64[np.ndarray, " _"]], dict[str, bool]]:
    """From when on rows are seen, and whether tables have such times, of their own or of rows that theirs refer to."""
    time, is_timed = {}, {name: schema.time_col is not None for name, schema in schemas.items()}
    for name, frame in frames.items():
        time[name], column = np.full(len(frame), STATIC), schemas[name].time_col
        if column is not None:
            stored = microseconds(frame[column], shown(f"{name}.{column}"))
            time[name] = kept(np.where(stored == MISSING, NEVER, stored))
    without_time = [name for name in frames if schemas[name].time_col is None]
    for _ in without_time:  # as far as a chain of them can be long
        for name in without_time:
            above = [np.append(time[parent], STATIC)[row] for parent, row in parents[name].values()]
            time[name] = kept(np.max([time[name], *above], axis=0))
            is_timed[name] = is_timed[name] or any(is_timed[parent] for parent, _ in parents[name].values())
    return time, is_timed


def _numbers(
    frame: Frame, schema: TableSchema, parents: Parents, time: Int64[np.ndarray, " row"], is_timed: bool, val: int
) -> Numbers:
    is_train = time <= val
    value, level, date, texts, n_level = Columns(), Columns(), Columns(), dict[str, Levels](), dict[str, int]()
    of_levels, of_numbers, of_missing = list[Share](), list[Share](), {False: list[Share](), True: list[Share]()}
    for name in frame:
        if name in (schema.pkey, schema.time_col, *parents):
            continue
        column = frame[name]
        kind = kind_of(column)
        if kind == TEXT:
            levels = levels_of(column, is_train)
            if levels.n_known > MAX_LEVEL:
                texts[name] = levels._replace(code=kept(levels.code))
                continue
            n_level[name] = levels.n_known
            level[name] = number = kept(np.where(levels.code >= 0, levels.code, np.nan))
            of_levels += shares_of_levels(name, levels, is_train)
        else:
            number = kept(read_column(column, Vocabulary())[1])
            (date if kind == DATETIME else value)[name] = number
            of_numbers += shares_of_numbers(name, number, is_train) if kind != DATETIME else []
        of_missing[kind == TEXT] += share_of_missing(name, number, is_train)
    shares = (*of_levels, *of_numbers, *of_missing[False], *of_missing[True])
    return Numbers(time, is_timed, value, level, date, texts, shares, n_level, parents)


def _rows_of(what: str, key: pd.Series, parent: Frame, pkey: str | None) -> Int64[np.ndarray, " row"]:
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
