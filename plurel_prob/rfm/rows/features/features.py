"""Features of rows as of their times, see :mod:`plurel_prob.rfm.rows.features`."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features.blocks import Calendar, History, Own, Query, Referring, Route, Step
from plurel_prob.rfm.rows.features.labels import Labels
from plurel_prob.rfm.rows.features.question import Question
from plurel_prob.rfm.rows.features.tables import Numbers, Rows, Signal, Tables
from plurel_prob.spill import gathered, kept

MAX_FEATURE = 1_000  # of a question
MAX_RANK = 4  # of a feature
N_ROW = 4_096  # that are worked on together: what they need stays in the processor's memory

Block = Calendar | Own | Referring | History


class RowFeatures(NamedTuple):
    """Features of rows.

    Attributes:
        names: of the columns.
        values: NaN where a row has none.
    """

    names: tuple[str, ...]
    values: Float32[np.ndarray, "row feature"]


class PreparedTables:
    """What features need of tables, whatever the rows: make it once where there are several calls.

    Args:
        tables: the database.
        question: what is asked.

    Attributes:
        names: of the features.
    """

    def __init__(self, tables: Tables, question: Question):
        hidden = question.hidden | {(question.table, question.column)}
        seen = {name: table.without({column for of, column in hidden if of == name}) for name, table in tables.items()}
        self._blocks = list(_blocks(seen, question.table, sorted(set(question.windows))))
        features = [feature for block in self._blocks for feature in block.features]
        rank, self._column = np.array([feature.rank for feature in features]), np.full(len(features), -1)
        order = np.argsort(rank, kind="stable")
        kept = np.sort(order[rank[order] <= MAX_RANK][:MAX_FEATURE])
        self._column[kept] = np.arange(len(kept))
        self.names = tuple(features[i].name for i in kept)

    def features(self, rows: Labels, known: Labels, until: int = NEVER) -> RowFeatures:
        """Features of rows, see :func:`row_features`."""
        blocks = [block.of(known) if isinstance(block, History) else block for block in self._blocks]
        columns = np.split(self._column, np.cumsum([len(block.features) for block in blocks])[:-1])
        values = np.empty((len(rows), len(self.names)), np.float32)
        for first in range(0, len(rows), N_ROW):
            some = slice(first, first + N_ROW)
            entity, time = rows.entity[some], rows.time[some]
            query, out = Query(entity, time, np.minimum(time, until)), np.full((len(self.names), len(time)), np.nan, np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                for block, column in zip(blocks, columns, strict=True):
                    block.write(query, column, out)
            values[some] = out.T
        values[~np.isfinite(values)] = np.nan
        return RowFeatures(self.names, values)


def prepare(tables: Tables, question: Question) -> PreparedTables:
    """Prepare features of a question's rows: what several calls of :meth:`PreparedTables.features` share."""
    return PreparedTables(tables, question)


def row_features(tables: Tables, question: Question, rows: Labels, known: Labels, until: int = NEVER) -> RowFeatures:
    """Features of rows, as of their times.

    Args:
        tables: the database.
        question: what is asked.
        rows: entities and times of the rows; their labels are not looked at.
        known: labels, with the times from when on they are known.
        until: nothing after this time is seen but the entity itself, whatever the row's time.
    """
    return prepare(tables, question).features(rows, known, until)


def _blocks(tables: Tables, table: str, windows: list[int]) -> Iterator[Block]:
    yield Calendar()
    yield from _around(tables, table, table, [], windows, 0)
    yield History("all known", None, windows, 1)
    for key, (parent, row) in tables[table].parents.items():
        route = [Step(row, tables[table].time)]
        yield from _around(tables, f"->{key}", parent, route, windows, 1)
        for further, (grandparent, through) in tables[parent].parents.items():
            longer = [*route, Step(through, tables[parent].time)]
            yield Own(f"->{key}->{further}", tables[grandparent], longer, 2)
            yield History(f"->{key}->{further} known", longer, windows, 2)


def _around(tables: Tables, name: str, table: str, route: Route, windows: list[int], rank: int) -> Iterator[Block]:
    """A row, its labels, rows that refer to it, and those of a task's entity that refer to these."""
    yield Own(name, tables[table], route, rank)
    yield History(f"{name} known" if route else "known", route, windows, rank)
    for path, child, parent in _children(tables, table):
        numbers = tables[child]
        signals = _signals(tables, numbers, path)
        one = f"{name}<-{child}.{path}"
        yield Referring(one, route, parent, numbers.time, numbers.is_timed, signals, windows, rank + 1)
        for further, grandchild, through in _children(tables, child) if not route else ():
            numbers_of = tables[grandchild]
            time = kept(np.maximum(numbers_of.time, np.append(numbers.time, STATIC)[through]))
            is_timed = numbers.is_timed or numbers_of.is_timed
            path_of = f"{one}<-{grandchild}.{further}"
            signals_of = _signals(tables, numbers_of, further)
            yield Referring(path_of, route, kept(np.append(parent, -1)[through]), time, is_timed, signals_of, [], rank + 3)


def _children(tables: Tables, table: str) -> Iterator[tuple[str, str, Int64[np.ndarray, " row"]]]:
    """Name, table and rows of every foreign key that refers to a table."""
    for child, numbers in tables.items():
        for key, (parent, row) in numbers.parents.items():
            if parent == table:
                yield key, child, row


def _signals(tables: Tables, numbers: Numbers, path: str) -> list[tuple[Signal, int]]:
    """Columns of a table, and of what its rows refer to by other keys than the path's; each with its rank."""
    signals = [(signal, int(signal.is_share)) for signal in numbers.signals]
    for key, (parent, row) in numbers.parents.items():
        if key == path or not len(tables[parent].time):
            continue
        seen = kept(np.where((row >= 0) & (tables[parent].time[row] <= numbers.time), row, -1))
        for signal in tables[parent].signals:
            further = Signal(f"{key}.{signal.name}", partial(_through, seen, signal), signal.is_share)
            signals.append((further, 1 + int(signal.is_share)))
    return signals


def _through(parent: Rows, signal: Signal, row: Rows) -> Float64[np.ndarray, " _"]:
    """Numbers of the rows that rows refer to, NaN where there is none."""
    above = gathered(parent, row)
    return np.where(above >= 0, signal.read(above), np.nan)
