"""Forecasts: what is asked about the child rows that refer to an entity in a window of time, and the answers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features import DAY, Labels, Question, Tables
from plurel_prob.rfm.rows.features.log import Log
from plurel_prob.spill import gathered

Measure = Literal["any", "count", "mean", "sum", "latest", "next"]
OF_COLUMN = ("mean", "sum", "latest")  # measures of a column


@dataclass(frozen=True)
class Forecast:
    """What is asked about an entity at a time: of child rows that refer to it in the window ``(time, time + window]``.

    - ``any``: whether there is one (binary).
    - ``count``: how many there are.
    - ``mean``, ``latest``: of a column's values that are not missing; no label where there is none. The latest of values that
      are all 0 or 1 is binary.
    - ``sum``: of a column's values that are not missing; 0 where there is none.
    - ``next``: days until the first; where none comes in the window, its length in days, so that label says "at least".

    A child row without a time of its own counts from when on all rows are that it refers to.

    Attributes:
        table: that the entities are rows of.
        child: table whose rows refer to them.
        key: foreign key of ``child`` that does.
        measure: what is asked.
        column: numbers or booleans of ``child``, for mean, sum and latest.
        window: its length in microseconds.
    """

    table: str
    child: str
    key: str
    measure: Measure = "any"
    column: str = ""
    window: int = 30 * DAY


def question_of_forecast(tables: Tables, forecast: Forecast) -> Question:
    """The question: a label is known when its window has ended.

    Raises:
        DatabaseError: the tables do not have what it is about.
    """
    check_forecast(tables, forecast)
    is_binary = forecast.measure == "any"
    if forecast.measure == "latest":
        value = tables[forecast.child].value[forecast.column]
        is_binary = bool(np.isin(value[~np.isnan(value)], (0, 1)).all())
    windows = (forecast.window, 4 * forecast.window)
    return Question(forecast.table, "binary" if is_binary else "number", wait=forecast.window, windows=windows)


def check_forecast(tables: Tables, forecast: Forecast) -> None:
    """Refuse a forecast of what is not there.

    Raises:
        DatabaseError: there is no such table, key or column; the message names those that there are.
    """
    if forecast.child not in tables:
        raise DatabaseError(f"there is no table {shown(forecast.child)}; there are {shown(', '.join(tables))}")
    child = tables[forecast.child]
    if child.parents.get(forecast.key, ("",))[0] != forecast.table:
        keys = ", ".join(f"{key} (to {parent})" for key, (parent, _) in child.parents.items()) or "none"
        what = f"{shown(forecast.key)}, which refers to {shown(forecast.table)}"
        raise DatabaseError(f"table {shown(forecast.child)} has no foreign key {what}; it has {shown(keys)}")
    if forecast.measure in OF_COLUMN and forecast.column not in child.value:
        columns = shown(", ".join(map(str, child.value)) or "none")
        what = f"{forecast.measure} wants a column of numbers or booleans of table {shown(forecast.child)}"
        raise DatabaseError(f"{what}, not {shown(forecast.column) or 'none'}; it has {columns}")
    if forecast.window < 1:
        raise DatabaseError(f"a window must be longer than no time, got {forecast.window} microseconds")


def last_time(tables: Tables) -> int:
    """Last time of all rows; STATIC if none has a time."""
    return max((int(numbers.time[numbers.time != NEVER].max(initial=STATIC)) for numbers in tables.values()), default=STATIC)


def forecast_labels(tables: Tables, forecast: Forecast, rows: Labels, until: int | None = None) -> Labels:
    """Answers to a forecast; NaN where there is none.

    There is none for an entity that is not there at the time, and for a window that ends after what is known.

    Args:
        tables: the database.
        forecast: what is asked.
        rows: entities and times; their labels are not looked at.
        until: last time that is known; by default that of all rows.

    Raises:
        DatabaseError: the tables do not have what it is about.
    """
    check_forecast(tables, forecast)
    until = last_time(tables) if until is None else until
    child, end = tables[forecast.child], rows.time + forecast.window
    entity, value = child.parents[forecast.key][1], np.zeros(0)
    if forecast.measure in OF_COLUMN:
        value = child.value[forecast.column]
        entity = np.where(np.isnan(value), -1, entity)
    log = Log(entity, child.time)
    first, last = log.span(rows.entity, rows.time).end, log.span(rows.entity, end).end
    born = np.append(tables[forecast.table].time, NEVER)[rows.entity]
    value = _measured(forecast, rows.time, log.time, gathered(value, log.row) if len(value) else value, first, last)
    return Labels(rows.entity, rows.time, np.where((born <= rows.time) & (end <= until), value, np.nan))


def _measured(
    forecast: Forecast,
    now: Int64[np.ndarray, " query"],
    time: Int64[np.ndarray, " row"],
    value: Float64[np.ndarray, " _"],
    first: Int64[np.ndarray, " query"],
    last: Int64[np.ndarray, " query"],
) -> Float64[np.ndarray, " query"]:
    """Measure of child rows, by entity and in order of time, from place ``first`` to before ``last``."""
    n = (last - first).astype(np.float64)
    if forecast.measure == "any":
        return (n > 0).astype(np.float64)
    if forecast.measure == "count":
        return n
    some: Bool[np.ndarray, " query"] = n > 0
    if forecast.measure == "next":
        days = (np.append(time, 0)[first] - now) / DAY
        return np.where(some, days, forecast.window / DAY)
    if forecast.measure == "latest":
        return np.where(some, np.append(value, np.nan)[last - 1], np.nan)
    pairs = np.stack([first, last], 1).ravel()
    total = np.where(some, np.add.reduceat(np.append(value, 0.0), pairs)[::2], 0.0) if len(pairs) else n
    return total if forecast.measure == "sum" else np.divide(total, n, out=np.full_like(n, np.nan), where=some)
