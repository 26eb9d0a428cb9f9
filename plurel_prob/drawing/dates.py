"""Dates and times of a row in order: after the rows that it refers to, the later ones of a row some days after the first."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from plurel_prob.declared.schema import Column
from plurel_prob.domains.columns import DAY
from plurel_prob.domains.meanings import words
from plurel_prob.domains.numbers import last_place
from plurel_prob.drawing.plan import TablePlan
from plurel_prob.drawing.rows import TableRows

Seconds = Float64[np.ndarray, " row"]  # since 1970

LATER = (  # what comes when in a row's life; other times are its first
    r"paid|approv|confirm|accept|schedule|dispatch|shipp?|sent|process|require|due",
    r"deliver|receive|return|arriv|read|answer|respon",
    r"complete|close|end|cancel|finish|resolv|left|terminat|deactivat|expir|until|to|churn",
    r"update|modif|chang|last|refresh|delete|edit|archive",
)
LEAST_LAG, MOST_LAG = 0.5, 12.0  # days, the mean time from one to the next, log-uniform for each column
FAR = 4  # times as long, where a step between is left out
MOST_SPREAD = 31  # days


def phase(column: Column) -> int:
    """When in a row's life a time is, by its name: 0 first, then up to 4."""
    name = words(column.name)
    return next((k for k in range(len(LATER), 0, -1) if re.search(rf"(?:^| )(?:{LATER[k - 1]})", name)), 0)


def times_of_row(table: TablePlan) -> list[Column]:
    """Columns with the times of a row, but dates of birth, in the order in which they happen."""
    if table.guesses is None:
        return []
    meaning = table.guesses.meaning
    unlike = {name for columns in table.unique if len(columns) == 1 for name in columns} | table.asked
    found = [column for column in table.features if column.kind in ("date", "timestamp") and column.name not in unlike]
    return sorted((column for column in found if meaning[column.name].name != "birth"), key=phase)


def main_time(table: TablePlan) -> Column | None:
    """The column that says when a row came about, the first of its times but for changes; None: there is none."""
    return next((column for column in times_of_row(table) if phase(column) < len(LATER)), None)


def is_event(table: TablePlan) -> bool:
    """Whether rows of a table happen to others: what refers to them follows within days."""
    return main_time(table) is not None and bool(table.linked or table.joined)


class Latest(NamedTuple):
    """Times of the latest rows that each row refers to; minus infinity without any."""

    entity: Seconds
    event: Seconds

    @property
    def any(self) -> Seconds:
        """Of both."""
        return np.maximum(self.entity, self.event)


def latest_of(rows: TableRows, made: Mapping[str, TableRows]) -> Latest:
    """When the rows of earlier tables came about that each row refers to."""
    found = Latest(np.full(rows.n_row, -np.inf), np.full(rows.n_row, -np.inf))
    for i in (*rows.plan.linked, *rows.plan.joined):
        if i in rows.parent_row:
            row, parent = rows.parent_row[i], rows.key(i).parent
            time = np.where(row < 0, -np.inf, made[parent].came[np.maximum(row, 0)])
            which = "event" if is_event(made[parent].plan) else "entity"
            found = found._replace(**{which: np.maximum(getattr(found, which), time)})
    return found


def set_times(rows: TableRows, latest: Latest) -> None:
    """Put the times of the rows of a table in order.

    Rows that refer to none with times have the program's. Rows that refer to events come some days after the latest of these,
    others at any time of the window after what they refer to. Each later time of a row comes some days after the one before;
    days are exponential, with a mean of the column's own. What would be after the window has not happened yet: it is missing,
    where it may be, and at the window's end elsewhere.
    """
    start, end = rows.window[0] * float(DAY), (rows.window[1] + 1) * float(DAY)
    first, columns = main_time(rows.plan), times_of_row(rows.plan)
    time = None if first is None else _first(rows, first, latest)
    if time is None or first is None:
        time, last_phase = np.maximum(latest.any, start), 0
    else:
        last_phase = phase(first)
    for column in columns:
        if column != first:
            time = time + _lag(rows, column) * (FAR if phase(column) - last_phase > 1 else 1)
            last_phase = phase(column)
            _set(rows, column, time, end)


def _set(rows: TableRows, column: Column, time: Seconds, end: float) -> None:
    rows.place[column.name] = _place(rows, column.name, np.minimum(time, end - 1))
    if column.is_nullable:
        rows.missing[column.name] = rows.missing[column.name] | (time >= end)


def _lag(rows: TableRows, column: Column) -> Seconds:
    mean = LEAST_LAG * (MOST_LAG / LEAST_LAG) ** rows.at(column.name)
    return -mean * DAY * np.log1p(-np.minimum(rows.drawn[column.name], 1 - 1e-9))


def _first(rows: TableRows, column: Column, latest: Latest) -> Seconds | None:
    """Set the first time of the rows; None if its domain is elsewhere than the window."""
    domain, start, end = rows.domain[column.name], rows.window[0] * float(DAY), (rows.window[1] + 1) * float(DAY)
    edges = domain.axis(np.array([0, domain.size - 1]))
    if edges[0] > start or edges[1] < end - DAY:
        return None
    least, u = np.maximum(latest.any, start), rows.drawn[column.name]
    time = least + u * (end - 1 - least)
    if rows.time is not None and not np.isfinite(latest.any).any():
        time = np.minimum(rows.time, end - 1)
    else:
        time = np.where(np.isfinite(latest.event), np.minimum(np.maximum(latest.event + _lag(rows, column), least), time), time)
    rows.place[column.name] = _place(rows, column.name, time, least)
    return domain.axis(rows.place[column.name])


def _place(rows: TableRows, name: str, time: Seconds, least: Seconds | None = None) -> np.ndarray:
    """Numbers of the last values that are not after some times, but not before ``least`` if there are others."""
    domain = rows.domain[name]
    place = np.maximum(last_place(domain, lambda axis: axis <= time), 0)
    if least is not None:
        place = np.minimum(place + (domain.axis(place) < least), domain.size - 1)
    return place


def without_ties(time: Seconds, end: float, rng: np.random.Generator) -> Seconds:
    """Ascending times, those of rows at one time anywhere until the next one, or the end."""
    last = np.append(np.flatnonzero(np.diff(time)), len(time) - 1)
    following = np.append(time[last[:-1] + 1], end)
    until = following[np.searchsorted(last, np.arange(len(time)))]
    return np.sort(time + rng.random(len(time)) * np.minimum(until - time, MOST_SPREAD * DAY))


def time_of(rows: TableRows, latest: Latest) -> Seconds:
    """When rows came about, for those that refer to them: their first time, or the latest of what they refer to."""
    column = main_time(rows.plan)
    return latest.any if column is None else rows.domain[column.name].axis(rows.place[column.name])
