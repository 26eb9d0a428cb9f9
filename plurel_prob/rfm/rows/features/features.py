r"""Features of a task's rows as of their timestamps, from the tables around their entity.

The entity has its own columns, its label history, and aggregates of the tables that refer to it, directly or through one table
between. So has each of its parents, without windows of time. Rows count if they are not later than the timestamp, labels if they
are known then; a date after it, and a parent that is not there yet, have no value.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int64

from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features.labels import Labels
from plurel_prob.rfm.rows.features.log import Log, Positions
from plurel_prob.rfm.rows.features.question import DAY, Question
from plurel_prob.rfm.rows.features.tables import Numbers, Tables

Columns = dict[str, Float64[np.ndarray, " query"]]


class Features(NamedTuple):
    """Features of rows.

    Attributes:
        names: of the columns.
        values: NaN where a row has none.
    """

    names: tuple[str, ...]
    values: Float32[np.ndarray, "row feature"]


def row_features(tables: Tables, question: Question, rows: Labels, known: Labels, until: int = NEVER) -> Features:
    """Features of rows, as of their times.

    Args:
        tables: the database.
        question: what is asked.
        rows: entities and times of the rows; their labels are not looked at.
        known: labels, with the times from when on they are known.
        until: nothing after this time is seen but the entity itself, whatever the row's time.
    """
    hidden = question.hidden | {(question.table, question.column)}
    tables = {name: table.without({column for of, column in hidden if of == name}) for name, table in tables.items()}
    entities, windows = tables[question.table], [*question.windows]
    date = rows.time.astype("datetime64[us]")
    day = (date - date.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    columns: Columns = {"day of year": day}  # without the year: trees do not go on with trends
    columns |= _own(question.table, entities, rows.entity, rows.time)
    seen = replace(rows, time=np.minimum(rows.time, until))
    columns |= _referring(tables, question.table, question.table, seen, windows)
    columns |= _aggregates("known", _log(known), seen, [])
    for key, (parent, row) in entities.parents.items():
        of_parent = seen.of(row)
        columns |= _own(f"->{key}", tables[parent], of_parent.entity, of_parent.time)
        columns |= _referring(tables, f"->{key}", parent, of_parent, [])
        columns |= _aggregates(f"->{key} known", _log(known.of(row)), of_parent, [])
    return Features(tuple(columns), np.stack([*columns.values()], 1).astype(np.float32))


def _log(labels: Labels) -> Log:
    return Log(labels.entity, labels.time, pd.DataFrame({"label": labels.value}))


def _referring(tables: Tables, name: str, table: str, rows: Labels, windows: list[int]) -> Columns:
    """Aggregates of what refers to rows of a table; with windows, of what it refers to, too."""
    columns: Columns = {}
    for path, child, parent in _children(tables, table):
        values = _with_parents(tables, child) if windows else tables[child].value
        columns |= _aggregates(f"{name}<-{path}", Log(parent, tables[child].time, values), rows, windows)
        for further, grandchild, through in _children(tables, child):
            time = np.maximum(tables[grandchild].time, np.append(tables[child].time, STATIC)[through])
            log = Log(np.append(parent, -1)[through], time, tables[grandchild].value)
            columns |= _aggregates(f"{name}<-{path}<-{further}", log, rows, [])
    return columns


def _children(tables: Tables, table: str) -> Iterator[tuple[str, str, Int64[np.ndarray, " row"]]]:
    """Name, table and rows of every foreign key that refers to a table."""
    for child, numbers in tables.items():
        for key, (parent, row) in numbers.parents.items():
            if parent == table:
                yield f"{child}.{key}", child, row


def _seen(numbers: Numbers, row: Positions, time: Positions, values: pd.DataFrame) -> Float64[np.ndarray, "query column"]:
    """Values of rows, NaN where there is no row, or it is later."""
    if not len(values):
        return np.full((len(row), values.shape[1]), np.nan)
    is_seen = (row >= 0) & (numbers.time[row] <= time)
    return np.where(is_seen[:, None], values.to_numpy()[row], np.nan)


def _with_parents(tables: Tables, table: str) -> pd.DataFrame:
    """Numbers of a table beside those of its rows' parents."""
    numbers = tables[table]
    frames = [numbers.value]
    for key, (parent, row) in numbers.parents.items():
        values = _seen(tables[parent], row, numbers.time, tables[parent].value)
        frames.append(pd.DataFrame(values, columns=[f"{key}.{column}" for column in tables[parent].value]))
    return pd.concat(frames, axis=1)


def _own(name: str, numbers: Numbers, row: Positions, time: Positions) -> Columns:
    """Columns of rows as they are, dates by their age in days."""
    columns: Columns = {}
    for values in (numbers.value, numbers.level):
        columns |= {f"{name}.{column}": value for column, value in zip(values, _seen(numbers, row, time, values).T, strict=True)}
    for column, date in zip(numbers.date, _seen(numbers, row, time, numbers.date).T, strict=True):
        columns[f"{name}.{column}"] = np.where(date <= time, (time - date) / DAY, np.nan)
    since = np.where(numbers.time == STATIC, np.nan, numbers.time.astype(np.float64))
    born = _seen(numbers, row, time, pd.DataFrame({"age": since}))[:, 0]
    return columns | {f"{name} age": (time - born) / DAY}


def _aggregates(name: str, log: Log, rows: Labels, windows: list[int]) -> Columns:
    """Counts of rows, and of every column its mean, last, smallest and largest value."""
    start, end = log.start(rows.entity), log.end(rows.entity, rows.time)
    firsts = [start, *(log.end(rows.entity, rows.time - window) for window in windows)]
    names = ["", *(f" in {window / DAY:g} days" for window in windows)]
    columns = {f"{name} n{within}": (end - first).astype(np.float64) for within, first in zip(names, firsts, strict=True)}
    columns[f"{name} days since"] = (rows.time - log.last_time(start, end)) / DAY
    for within, means in zip(names, log.means(start, *((first, end) for first in firsts)), strict=True):
        columns |= {f"{name}.{column} mean{within}": value for column, value in zip(log.columns, means.T, strict=True)}
    for what, found in zip(("last", "min", "max"), log.extremes(start, end), strict=True):
        columns |= {f"{name}.{column} {what}": value for column, value in zip(log.columns, found.T, strict=True)}
    return columns
