"""From tables to the arrays that contexts are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int32, Int64

from plurel_prob.databases import Database
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts.data import NormalisedColumn, RelationalData
from plurel_prob.rfm.cells.contexts.kernel import RowGraph
from plurel_prob.rfm.cells.contexts.tables import TimedTable, read_source
from plurel_prob.rfm.columns import DATETIME, NEVER, TEXT, moments, read_column
from plurel_prob.rfm.vocabulary import Vocabulary

MAX_DEVIATION = 1e6  # a cell that is farther from the mean, in standard deviations, counts as that


def relational_data(
    source: Path | str | Database,
    *,
    vocabulary: Vocabulary,
    until: pd.Timestamp | str | None = None,
    val_timestamp: pd.Timestamp | None = None,
) -> RelationalData:
    """Make a database ready for contexts.

    Cells are those of all columns but keys. Integers are numbers, timedeltas too (in seconds); dates are datetimes; strings,
    categories and lists are texts, of which the first 512 characters count. A cell without a value, or with an infinite one, is
    none. Numbers and booleans are normalised by their column's mean and standard deviation, datetimes by those of all datetimes
    of the database; a cell more than a million deviations off counts as that. Only rows up to the validation timestamp (and up to
    ``until``) and tables without times count there; a column that is constant in them is left out. A foreign key that is missing,
    or no row of the table it refers to, is no link.

    Args:
        source: a folder in RelBench format, or a database.
        vocabulary: gets the texts and the names of columns.
        until: contexts see no row after it: a time, ``"val"`` or ``"test"``; by default each sees rows up to its target's time.
        val_timestamp: last time of the training split, needed where the source has none.

    Raises:
        DatabaseError: a file is missing or broken, a key is no number or not unique, or numbers are too large.

    Example:
        >>> from plurel_prob.rfm.cells.contexts import ContextSampler, Vocabulary, relational_data
        >>> data = relational_data("out/plurel-10", vocabulary=Vocabulary())  # doctest: +SKIP
        >>> ContextSampler([data]).pretraining_batch(seed=0, k=0, batch_size=8).value.shape  # doctest: +SKIP
        (8, 1024)
    """
    given = read_source(source, until, val_timestamp)
    return assemble(given.name, given.read_tables(), given.until, vocabulary)


def assemble(name: str, tables: Sequence[TimedTable], until: int, vocabulary: Vocabulary) -> RelationalData:
    """Number rows and columns, normalise cells, and link rows."""
    if not tables:
        raise DatabaseError(f"{name} has no tables")
    end = np.cumsum([len(table.frame) for table in tables])
    table_start = {table.name: int(last) - len(table.frame) for table, last in zip(tables, end, strict=True)}
    read = [_read_columns(table, vocabulary) for table in tables]
    clock = _clock([column for table in read for column in table if not column.is_label] or sum(read, []))
    columns = [_describe(column, clock) for table in read for column in table]
    time = np.concatenate([table.time for table in tables])
    parent = _parents(name, tables, table_start)
    graph = RowGraph(
        time,
        np.concatenate([table.as_of for table in tables]),
        parent,
        *_children(parent, time),
        *_cells(tables, read, columns),
        np.array([column.kind for column in columns], np.int8),
        vocabulary.ids_of(f"{column.name} of {column.table}" for column in columns),
        np.array([column.mean for column in columns], np.float32),
        np.array([column.std for column in columns], np.float32),
        np.array([column.log_odds for column in columns], np.float32),
        label=-1,
        label_until=NEVER,
    )
    return RelationalData(name, tuple(columns), table_start, graph, until)


@dataclass(frozen=True)
class _Read:
    """A column as it is stored: NaN where there is no cell; ``train`` has the cells of the training split."""

    table: str
    name: str
    kind: int
    value: Float64[np.ndarray, " row"]
    train: Float64[np.ndarray, " cell"]
    is_label: bool


def _read_columns(table: TimedTable, vocabulary: Vocabulary) -> list[_Read]:
    """Columns of a table but for keys and constant ones."""
    columns, keys = [], {table.schema.pkey, *table.schema.fkeys}
    for name in table.frame.columns:
        if name not in keys:
            kind, value = read_column(table.frame[name], vocabulary)
            train = value[table.is_train & ~np.isnan(value)]
            if table.is_label or (train != train[:1]).any():
                columns.append(_Read(table.name, name, kind, value, train, table.is_label))
    return columns


def _clock(columns: list[_Read]) -> tuple[float, float]:
    """Mean and standard deviation of all datetimes."""
    times = [column.train for column in columns if column.kind == DATETIME]
    return moments(np.concatenate(times), "datetimes") if times else (0.0, 1.0)


def _describe(column: _Read, clock: tuple[float, float]) -> NormalisedColumn:
    if column.kind == DATETIME:
        mean, std = clock
    else:
        mean, std = (0.0, 1.0) if column.kind == TEXT else moments(column.train, f"{column.table}.{column.name}")
    return NormalisedColumn(column.table, column.name, column.kind, mean, std)


class _Cells(NamedTuple):
    """Cells of all rows, see :class:`RowGraph`."""

    start: Int64[np.ndarray, " start"]
    column: Int32[np.ndarray, " cell"]
    value: Float32[np.ndarray, " cell"]
    text: Int32[np.ndarray, " cell"]


def _cells(tables: Sequence[TimedTable], read: list[list[_Read]], columns: list[NormalisedColumn]) -> _Cells:
    n_cell, number, value, text, first = [np.zeros(1, np.int64)], [], [], [], 0
    for table, stored in zip(tables, read, strict=True):
        values = np.full((len(table.frame), len(stored)), np.nan)
        texts = np.zeros(values.shape, np.int32)
        for i, column in enumerate(stored):
            described = columns[first + i]
            if column.kind == TEXT:
                texts[:, i] = np.nan_to_num(column.value)
                values[:, i] = 0 * column.value
            else:
                values[:, i] = np.clip((column.value - described.mean) / described.std, -MAX_DEVIATION, MAX_DEVIATION)
        has_cell = ~np.isnan(values)
        number.append(np.broadcast_to(np.arange(first, first + len(stored), dtype=np.int32), values.shape)[has_cell])
        value.append(values[has_cell].astype(np.float32))
        text.append(texts[has_cell])
        n_cell.append(has_cell.sum(1))
        first += len(stored)
    return _Cells(np.cumsum(np.concatenate(n_cell)), np.concatenate(number), np.concatenate(value), np.concatenate(text))


def _parents(name: str, tables: Sequence[TimedTable], start: dict[str, int]) -> Int32[np.ndarray, "row slot"]:
    """Row that each row refers to by each of its keys; -1: none."""
    frames = {table.name: table for table in tables}
    parent = np.full((sum(len(table.frame) for table in tables), max(len(table.schema.fkeys) for table in tables)), -1, np.int32)
    for table in tables:
        rows = parent[start[table.name] : start[table.name] + len(table.frame)]
        for slot, (key, refers_to) in enumerate(table.schema.fkeys.items()):
            if refers_to not in frames:
                raise DatabaseError(f"{name}: {table.name}.{key} refers to {refers_to}, which is no table")
            rows_of_key = place(f"{name}: {table.name}.{key}", table.frame[key], frames[refers_to])
            rows[:, slot] = np.where(rows_of_key < 0, -1, start[refers_to] + rows_of_key)
    return parent


def place(what: str, foreign: pd.Series, parent: TimedTable) -> Int64[np.ndarray, " row"]:
    """Row of the parent table that each value of a foreign key means; -1: none.

    Raises:
        DatabaseError: keys of the parent table occur twice, or values are no keys.
    """
    pkey = parent.schema.pkey
    primary = pd.Index(parent.frame[pkey]) if pkey else pd.RangeIndex(len(parent.frame))
    if not primary.is_unique:
        raise DatabaseError(f"{what} refers to {parent.name}.{pkey}, in which a value occurs twice")
    row, has_value = np.full(len(foreign), -1), foreign.notna().to_numpy(bool)
    try:
        row[has_value] = primary.get_indexer(pd.Index(foreign[has_value]))
    except TypeError:
        raise DatabaseError(f"{what} has values that are no keys, such as {foreign[has_value].iloc[0]}") from None
    return row


def _children(
    parent: Int32[np.ndarray, "row slot"], time: Int64[np.ndarray, " row"]
) -> tuple[Int64[np.ndarray, " row+1"], Int32[np.ndarray, " link"]]:
    """Where the children of each row start, and the children, in order of time; one that refers to a row twice is there once."""
    child, slot = np.nonzero(parent >= 0)
    of = parent[child, slot]
    order = np.lexsort((child, time[child], of))
    child, of = child[order], of[order]
    is_first = np.ones(len(child), bool)
    is_first[1:] = (child[1:] != child[:-1]) | (of[1:] != of[:-1])
    n_child = np.bincount(of[is_first], minlength=len(time))
    return np.concatenate([[0], np.cumsum(n_child)]), child[is_first].astype(np.int32)
