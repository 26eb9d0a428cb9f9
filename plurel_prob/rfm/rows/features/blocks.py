"""Blocks of features: those of a row and of one path from it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64

from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features.encoding import words_of
from plurel_prob.rfm.rows.features.labels import Labels
from plurel_prob.rfm.rows.features.log import Log, Positions
from plurel_prob.rfm.rows.features.question import DAY
from plurel_prob.rfm.rows.features.statistics import Named, of_column, of_rows
from plurel_prob.rfm.rows.features.tables import Numbers, Signal
from plurel_prob.spill import empty

Column = Int64[np.ndarray, " feature"]  # of ``out`` where a block's feature goes; -1: nowhere
Out = Float32[np.ndarray, "column query"]


class Query(NamedTuple):
    """Rows, their times, and the last times of what they see of others."""

    entity: Positions
    time: Positions
    seen: Positions


class Step(NamedTuple):
    """A foreign key: the row that each row of its table refers to, -1: none, and from when on these rows are seen."""

    parent: Int64[np.ndarray, " row"]
    time: Int64[np.ndarray, " row"]


Route = Sequence[Step]  # from an entity to a row that it refers to, or that this refers to, and so on


def follow(route: Route | None, query: Query) -> Positions:
    """Rows at the end of a route; -1 where there is none, or one on the way is not seen. Without a route, all are row 0."""
    if route is None:
        return np.zeros_like(query.entity)
    row, now = query.entity, query.time
    for step in route:
        is_seen = (row >= 0) & (np.append(step.time, NEVER)[row] <= now)
        row, now = np.where(is_seen, np.append(step.parent, -1)[row], -1), query.seen
    return row


def group(route: Route | None, labels: Labels) -> Labels:
    """Labels as those of the rows at the end of a route, from when on all are seen that are on the way."""
    if route is None:
        return replace(labels, entity=np.zeros_like(labels.entity))
    for step in route:
        time = np.maximum(labels.time, np.append(step.time, NEVER)[labels.entity])
        labels = replace(labels.of(step.parent), time=time)
    return labels


class Calendar:
    """What a clock shows but for the year: nothing that goes on past the last row of the context."""

    features = [Named("day of year", 0), Named("month", 1), Named("weekday", 0), Named("hour", 1)]

    def write(self, query: Query, column: Column, out: Out) -> None:
        """Write them, counted from 0."""
        date = query.time.astype("datetime64[us]")
        month, day = date.astype("datetime64[M]"), date.astype("datetime64[D]")
        shown = (
            (date - date.astype("datetime64[Y]")) / np.timedelta64(1, "D"),
            month.astype(int) % 12,
            (day.astype(int) + 3) % 7,  # 1970 began on a Thursday
            (date - day) / np.timedelta64(1, "h"),
        )
        for where, value in zip(column, shown, strict=True):
            if where >= 0:
                out[where] = value


class Own:
    """Columns of a row as they are, once it is seen; of dates and the row itself the age in days.

    Args:
        name: of the path.
        numbers: the table at its end.
        route: to it.
        rank: see :class:`Named`.
    """

    def __init__(self, name: str, numbers: Numbers, route: Route, rank: int):
        self._numbers, self._route = numbers, route
        self._parts: list[tuple[Named, Callable[[Query, Int64[np.ndarray, " query"]], Float64[np.ndarray, " query"]]]] = []
        for column, value in numbers.value.items():
            self._add(f"{name}.{column}", rank, lambda _, row, value=value: value[row])
        for column, level in numbers.level.items():
            n = numbers.n_level[column]
            self._add(f"{name}.{column}", rank, lambda _, row, level=level, n=n: np.minimum(level[row], n))
            for share in numbers.shares:
                if share.column == column and not np.isnan(share.value) and n > 2:
                    read = lambda _, row, level=level, share=share: numbers.has(share, level[row])  # noqa: E731
                    self._add(f"{name}.{share.name}", rank + 1, read)
        for column, date in numbers.date.items():
            self._add(f"{name}.{column}", rank, lambda query, row, date=date: numbers.age(date[row], query.time))
        for column, levels in numbers.texts.items():
            log = Log(levels.code, numbers.time)
            self._add(f"{name}.{column} same", rank + 1, lambda query, row, code=levels.code, log=log: _n(log, code[row], query))
            words = words_of(levels.names) if levels.names else np.zeros((1, 5))
            for i, what in enumerate(("length", *(f"words {i}" for i in range(words.shape[1] - 1)))):
                of_row = np.where(levels.code >= 0, words[levels.code, i], np.nan)
                self._add(f"{name}.{column} {what}", rank + 3, lambda _, row, of_row=of_row: of_row[row])
        if numbers.is_timed:
            born = numbers.time
            self._add(
                f"{name} age",
                rank,
                lambda query, row: np.where(born[row] == STATIC, np.nan, (query.time - born[row].astype(float)) / DAY),
            )

    def _add(self, name: str, rank: int, read: Callable) -> None:
        self._parts.append((Named(name, rank), read))

    @property
    def features(self) -> list[Named]:
        """Names and ranks."""
        return [named for named, _ in self._parts]

    def write(self, query: Query, column: Column, out: Out) -> None:
        """Write them."""
        row = follow(self._route, query)
        if self._route:
            query = query._replace(time=query.seen)
        if not len(self._numbers.time):
            return
        is_seen = (row >= 0) & (self._numbers.time[row] <= query.time)
        for where, (_, read) in zip(column, self._parts, strict=True):
            if where >= 0:
                out[where] = np.where(is_seen, read(query, row), np.nan)


def _n(log: Log, parent: Positions, query: Query) -> Float64[np.ndarray, " query"]:
    """Number of a parent's rows up to the times."""
    span = log.span(parent, np.minimum(query.time, query.seen))
    return np.where(parent >= 0, span.end - span.start, np.nan)


class Referring:
    """Statistics of rows that refer to a row at the end of a route.

    Args:
        name: of the path.
        route: to the row that they refer to.
        parent: that every row refers to; negative: none.
        time: from when on they are seen; STATIC: always, NEVER: never.
        is_timed: whether they have times.
        signals: columns, each with its rank.
        windows: lengths of time in microseconds.
        rank: see :class:`Named`.
    """

    def __init__(
        self,
        name: str,
        route: Route | None,
        parent: Int64[np.ndarray, " row"],
        time: Int64[np.ndarray, " row"],
        is_timed: bool,
        signals: list[tuple[Signal, int]],
        windows: Sequence[int],
        rank: int,
    ):
        self._route, self._parent, self._time, self._windows = route, parent, time, windows
        self._signals = [signal for signal, _ in signals]
        named = [(f"{name} ", rank, of_rows(windows, is_timed))]
        named += [(f"{name}.{one.name} ", rank + further, of_column(windows, is_timed, one.is_share)) for one, further in signals]
        self._column = [np.full(len(statistics), -1, np.int32) for _, _, statistics in named]
        self.features: list[Named] = []
        for number, (start, further, statistics) in zip(self._column, named, strict=True):
            for i, statistic in enumerate(statistics):
                if statistic is not None:
                    number[i] = len(self.features)
                    self.features.append(Named(start + statistic.name, further + statistic.rank))

    @cached_property
    def _log(self) -> Log:
        return Log(self._parent, self._time)

    def write(self, query: Query, column: Column, out: Out) -> None:
        """Write them."""
        span = self._log.span(follow(self._route, query), query.seen, self._windows)
        of_rows, *of_columns = (_compose(column, number) for number in self._column)
        self._log.count(span, of_rows, out)
        if self._signals and len(self._log.row):
            self._log.aggregate(self._sorted, span, np.stack(of_columns), out)

    @cached_property
    def _sorted(self) -> Float64[np.ndarray, "signal row"]:
        """Signals in the log's order."""
        values = empty((len(self._signals), len(self._log.row)))
        for value, signal in zip(values, self._signals, strict=True):
            value[:] = signal.read(self._log.row)
        return values


def _compose(column: Column, number: Int32[np.ndarray, " statistic"]) -> Int32[np.ndarray, " statistic"]:
    return np.where(number >= 0, np.append(column, -1)[number], -1).astype(np.int32)


class History:
    """Statistics of labels that are known, of a row at the end of a route, or of all rows.

    Args:
        name: of the path.
        route: to the row; None: all rows are one.
        windows: lengths of time in microseconds.
        rank: see :class:`Named`.
    """

    def __init__(self, name: str, route: Route | None, windows: Sequence[int], rank: int):
        self._name, self._route, self._windows, self._rank = name, route, windows, rank
        self.features = self.of(Labels(*(np.zeros(0, dtype) for dtype in (np.int64, np.int64, np.float64)))).features

    def of(self, known: Labels) -> Referring:
        """The same of some labels."""
        label, at = Signal("label", known.value.__getitem__, is_share=False), group(self._route, known)
        return Referring(self._name, self._route, at.entity, at.time, True, [(label, 0)], self._windows, self._rank)
