"""What is asked of a database: a task of its own, a column to complete, or a forecast; each as a task of rows."""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import MISSING, NEVER, STATIC
from plurel_prob.rfm.prediction.source import PredictionSource, named
from plurel_prob.rfm.rows.features import DAY, Labels, Question, Tables, read_tables
from plurel_prob.rfm.rows.learner.samples import latest_fifth
from plurel_prob.rfm.rows.questions import (
    Forecast,
    Measure,
    column_question,
    default_window,
    forecast_labels,
    forecast_rows,
    question_of_forecast,
)
from plurel_prob.rfm.rows.questions.forecasts import OF_COLUMN
from plurel_prob.rfm.rows.tasks import RowTask, read_task

MAX_WINDOW = 100 * 365 * DAY
MAX_HISTORY = 20_000  # pairs of an entity and a time that a forecast learns from
UNITS = {"s": DAY // 86_400, "min": DAY // 1440, "h": DAY // 24, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}  # of windows
UNITS |= {"hour": UNITS["h"], "day": DAY, "week": 7 * DAY, "year": 365 * DAY}


@dataclass(frozen=True)
class Asked:
    """What is asked.

    Attributes:
        what: in words.
        task: whose split ``split`` is asked about.
        split: of the task.
        held: task whose split ``split`` has labels, to compare with: the same, or the same question of rows before.
        held_what: which rows these are, in words.
        names: of the classes; of 0 and 1.
    """

    what: str
    task: RowTask
    split: str
    held: RowTask | None
    held_what: str
    names: tuple[str, ...] = ()


class ForecastOptions(NamedTuple):
    """A forecast as the command line has it: the child table, whose keys, the window, the measure, and the time."""

    child: str
    by: str
    within: str | None
    measure: str
    at: str | None


def ask_task(source: PredictionSource, name: str, split: str) -> Asked:
    """Ask about a split of a task.

    Raises:
        DatabaseError: there is no such task.
    """
    if source.folder is None:
        raise DatabaseError(f"--task {name}: {source.name} has no tasks; ask with --column or --forecast")
    names = sorted(path.parent.name for path in source.folder.glob("tasks/*/manifest.yaml"))
    name = named(name, names, f"--task: {source.name} has no task")
    task = read_task(source.folder, name)
    has_labels = len(task.labels[split].present()) > 0
    return Asked(f"task {name}, split {split}", task, split, task if has_labels else None, f"split {split}", ("0", "1"))


def ask_column(source: PredictionSource, column: str, after: str | None) -> Asked:
    """Ask for the missing cells of a column, or for all after a time.

    Raises:
        DatabaseError: there is no such column, it has no value, or no cell is asked for.
    """
    table, dot, name = column.rpartition(".")
    if not dot:
        having = [f"{name}.{column}" for name, frame in source.frames.items() if column in frame]
        hint = f"did you mean {shown(having[0])}?" if having else "such as customers.churned"
        raise DatabaseError(f"--column {column}: needs a table and its column; {hint}")
    table = source.table(table)
    name = source.column(table, name)
    last, cut = source.last_time(), NEVER if after is None else time_of("--after", after)
    if after is not None and source.schemas[table].time_col is None:
        raise DatabaseError(f"--after {after}: table {shown(table)} has no time; leave it out to fill in missing cells")
    tables = read_tables(source.frames, source.schemas, min(cut, NEVER if last is None else last))
    question, labels, levels = column_question(tables, table, name)
    labels = replace(labels, time=np.where(labels.time == STATIC, 0, labels.time))  # a database without any time
    is_known = ~np.isnan(labels.value)
    is_asked = ~is_known if after is None else labels.time > cut
    if not is_asked.any():
        hint = "has no missing cell; --after DATE predicts those after a time" if after is None else f"has no row after {after}"
        raise DatabaseError(f"--column {column}: {hint}")
    names = _names(source.frames[table][name], labels, len(levels) if question.kind == "classes" else 2, levels)
    what = f"{'missing cells' if after is None else f'rows after {after}'} of {table}.{name}"
    task = _row_task(what, question, tables, labels[is_known & ~is_asked], labels[is_asked], cut)
    if (is_known & is_asked).any():
        return Asked(what, task, "test", task, "those of them that have a value", names)
    held = _held_out(labels[is_known])
    known = labels[is_known]
    return Asked(what, task, "test", _row_task(what, question, tables, known[~held], known[held], NEVER), "cells held out", names)


def ask_forecast(source: PredictionSource, options: ForecastOptions, rng: np.random.Generator) -> Asked:
    """Ask for rows that will refer to others in a window of time.

    Raises:
        DatabaseError: there is no such table, key or column, no row has a time, or the window is none.
    """
    child = source.table(options.child)
    key, parent = _key(source, child, options.by)
    last = source.last_time()
    if last is None:
        raise DatabaseError(
            f"--forecast {options.child}: no table of {source.name} has a time, so there is no past to learn from"
        )
    at = last if options.at is None else time_of("--at", options.at)
    tables = read_tables(source.frames, source.schemas, at)
    measure, column = _measure(source, child, options.measure)
    forecast = Forecast(parent, child, key, measure, column, window_of(options.within, tables, parent, child, key, at))
    question = question_of_forecast(tables, forecast)
    history = forecast_labels(tables, forecast, forecast_rows(tables, forecast, at, MAX_HISTORY, rng), at).present()
    entity = np.flatnonzero(tables[parent].time <= at)
    asked = forecast_labels(tables, forecast, Labels(entity, np.full(len(entity), at), np.full(len(entity), np.nan)))
    if not len(entity):
        raise DatabaseError(f"--at {options.at}: no row of {shown(parent)} is there yet")
    if not len(history):
        days = forecast.window / DAY
        raise DatabaseError(
            f"--forecast {options.child}: no window of {days:g} days has ended by {date_of(at)}; give a shorter --within"
        )
    what = _in_words(forecast, at)
    task = _row_task(what, question, tables, history, asked, at)
    if len(asked.present()):
        return Asked(what, task, "test", task, "what came", ("0", "1"))
    before = int(history.time.max())
    past = history[history.time + forecast.window <= before]
    held = _row_task(what, question, tables, past, history[history.time == before], before) if len(past) else None
    return Asked(what, task, "test", held, f"the same question asked at {date_of(before)}", ("0", "1"))


def time_of(option: str, text: str) -> int:
    """Time in microseconds since 1970.

    Raises:
        DatabaseError: it is none.
    """
    try:
        time = pd.Timestamp(text)
        time = time.tz_convert(None) if time.tzinfo else time
        return int(time.to_datetime64().astype("datetime64[us]").astype(np.int64))
    except (ValueError, TypeError, OverflowError):
        raise DatabaseError(f"{option} {shown(text)}: is no time; write one such as 2024-05-01") from None


def date_of(time: int) -> str:
    """Time as text, without hours if there are none."""
    return str(pd.Timestamp(time, unit="us")).removesuffix(" 00:00:00")


def window_of(within: str | None, tables: Tables, parent: str, child: str, key: str, at: int) -> int:
    """Length of a window such as 30d, 12h or 4w, in microseconds; by default one that suits the data.

    Raises:
        DatabaseError: it is none.
    """
    if within is None:
        return default_window(tables, parent, child, key, at)
    found = re.fullmatch(r"(\d{1,9}) *([a-z]+)", within.strip().lower())
    length = int(found[1]) * UNITS.get(found[2].removesuffix("s") or "s", 0) if found else 0
    if not 1 <= length <= MAX_WINDOW:
        raise DatabaseError(f"--within {shown(within)}: is no length of time up to 100 years; write one such as 30d, 12h or 4w")
    return length


def _key(source: PredictionSource, child: str, by: str) -> tuple[str, str]:
    """Foreign key of a table by its name, or by the table that it refers to."""
    keys = source.schemas[child].fkeys
    if not keys:
        raise DatabaseError(f"--forecast {shown(child)}: the table refers to no other, so its rows are of nobody")
    if not by:
        parents = shown(", ".join(dict.fromkeys(keys.values())))
        raise DatabaseError(f"--forecast {shown(child)}: say with --by which table its rows refer to: {parents}")
    found = named(by, [*dict.fromkeys([*keys, *keys.values()])], f"--by: {shown(child)} refers by no key, and to no table,")
    matching = [key for key, parent in keys.items() if found in (key, parent)]
    if len(matching) > 1 and found not in keys:
        raise DatabaseError(f"--by {by}: {shown(child)} refers to it by {shown(', '.join(matching))}; name one of them")
    key = found if found in keys else matching[0]
    return key, keys[key]


def _measure(source: PredictionSource, child: str, text: str) -> tuple[Measure, str]:
    measure, _, column = text.partition(":")
    if measure not in get_args(Measure) or (measure in OF_COLUMN) != bool(column):
        raise DatabaseError(f"--measure {shown(text)}: write any, count, next, or mean:COLUMN, sum:COLUMN, latest:COLUMN")
    return measure, source.column(child, column) if column else ""  # type: ignore[return-value]


def _in_words(forecast: Forecast, at: int) -> str:
    of = f"{forecast.child}{f'.{forecast.column}' if forecast.column else ''} by {forecast.key}"
    return f"{forecast.measure} of {of} within {forecast.window / DAY:g} days after {date_of(at)}"


def _row_task(what: str, question: Question, tables: Tables, known: Labels, asked: Labels, cut: int) -> RowTask:
    labels = {"train": known, "val": known[np.zeros(0, np.int64)], "test": asked}
    return RowTask(what, question, tables, labels, cut, cut, None)


def _held_out(labels: Labels) -> Bool[np.ndarray, " label"]:
    """Latest fifth of labels; any fifth, if all are of the same time."""
    is_one_time = len(np.unique(labels.time)) == 1
    return latest_fifth(np.random.default_rng(0).permutation(len(labels)).argsort() if is_one_time else labels.time)


def _names(column: pd.Series, labels: Labels, n_class: int, levels: tuple[int, ...]) -> tuple[str, ...]:
    """Value of the column that stands for each class: the first that has it; -1 among the levels: all others."""
    first: Int64[np.ndarray, " class"] = np.array(
        [np.append(np.flatnonzero(labels.value == c), MISSING)[0] for c in range(n_class)]
    )
    known = [str(c) if row == MISSING else str(column.iloc[labels.entity[row]]) for c, row in enumerate(first)]
    return tuple("other" if levels and levels[c] == -1 else name for c, name in enumerate(known))
