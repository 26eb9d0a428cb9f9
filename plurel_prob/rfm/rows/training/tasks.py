"""Tasks of a database: columns to complete, and forecasts of child rows by every measure, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
from jaxtyping import Float32

from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features import Labels, Question, Tables, row_features
from plurel_prob.rfm.rows.questions import (
    Forecast,
    Measure,
    column_question,
    forecast_labels,
    forecast_rows,
    last_time,
    question_of_forecast,
)
from plurel_prob.rfm.rows.questions.forecasts import OF_COLUMN

AUTOCOMPLETE, FORECAST, RELABELLED = SOURCES = ("autocomplete", "forecast", "relabelled")
MIN_ROW, MIN_OTHER = 100, 8  # labels of a task; those that are not the most common one
MAX_KNOWN = 10_000  # labels that features of forecasts can show
N_TRY = 4  # for each task that is wanted
SHARE_FORECAST, SHARE_FROZEN = 0.5, 0.25  # of tasks; of tasks whose queries see nothing after a cut
SPAN = (0.004, 0.2)  # lengths of windows, as shares of the time in which there are child rows


@dataclass(frozen=True)
class TaskRows:
    """Rows of a task, in order of time.

    Attributes:
        source: what kind of task it is, see :data:`SOURCES`.
        kind: of the labels.
        x: features; NaN where a row has none.
        y: labels.
        n_before: rows before the cut, of which contexts are, while the others are queries; 0: any row can be either.
    """

    source: str
    kind: str
    x: Float32[np.ndarray, "row feature"]
    y: Float32[np.ndarray, " row"]
    n_before: int


def tasks_of(tables: Tables, n_task: int, n_row: int, rng: np.random.Generator) -> list[TaskRows]:
    """Draw tasks of a database, fewer if it has not so many that could be learnt.

    Args:
        tables: the database.
        n_task: number of tasks.
        n_row: rows of each at most.
        rng: randomness.
    """
    tasks: list[TaskRows] = []
    columns = {name: [*table.value, *table.level] for name, table in tables.items() if (table.time != NEVER).sum() >= MIN_ROW}
    columns = {name: of for name, of in columns.items() if of}
    edges = [*_edges(tables)]
    for _ in range(N_TRY * n_task if columns or edges else 0):
        if len(tasks) == n_task:
            break
        is_forecast = bool(edges) and (not columns or rng.random() < SHARE_FORECAST)
        task = _forecast(tables, edges, n_row, rng) if is_forecast else _autocomplete(tables, columns, n_row, rng)
        if task is not None:
            tasks.append(task)
    return tasks


def _edges(tables: Tables) -> Iterator[tuple[str, str, str]]:
    """Parent, child and key of what forecasts can be about."""
    for child, numbers in tables.items():
        comes = numbers.time[(numbers.time != STATIC) & (numbers.time != NEVER)]
        if len(comes) >= MIN_ROW and comes.min() < comes.max():
            yield from ((parent, child, key) for key, (parent, _) in numbers.parents.items())


def _autocomplete(tables: Tables, columns: dict[str, list[str]], n_row: int, rng: np.random.Generator) -> TaskRows | None:
    table = [*columns][rng.integers(len(columns))]
    column = columns[table][rng.integers(len(columns[table]))]
    if np.isnan((tables[table].value | tables[table].level)[column]).all():
        return None
    question, labels, _ = column_question(tables, table, column)
    known = labels.present()
    return _rows(tables, question, known, known.later(question.wait), n_row, rng) if _is_task(known) else None


def _forecast(tables: Tables, edges: list[tuple[str, str, str]], n_row: int, rng: np.random.Generator) -> TaskRows | None:
    parent, child, key = edges[rng.integers(len(edges))]
    measures, columns, column = get_args(Measure), [*tables[child].value], ""
    measure: Measure = measures[rng.integers(len(measures))]
    if measure in OF_COLUMN:
        if not columns:
            return None
        column = columns[rng.integers(len(columns))]
    time = tables[child].time
    time = time[(time != STATIC) & (time != NEVER)]
    window = max(1, int((time.max() - time.min()) * np.exp(rng.uniform(*np.log(SPAN)))))
    forecast, until = Forecast(parent, child, key, measure, column, window), last_time(tables)
    asked = forecast_rows(tables, forecast, until, MAX_KNOWN, rng)
    known = forecast_labels(tables, forecast, asked, until).present()
    if not _is_task(known):
        return None
    question = question_of_forecast(tables, forecast)
    return _rows(tables, question, known, known.later(question.wait), n_row, rng)


def _is_task(labels: Labels) -> bool:
    """Whether there is something to learn."""
    if len(labels) < MIN_ROW:
        return False
    return len(labels) - int(np.unique(labels.value, return_counts=True)[1].max()) >= max(MIN_OTHER, len(labels) // 50)


def _rows(
    tables: Tables, question: Question, labels: Labels, known: Labels, n_row: int, rng: np.random.Generator
) -> TaskRows | None:
    """Rows of a task: some of those with labels."""
    if len(labels) > n_row:
        labels = labels[rng.choice(len(labels), n_row, replace=False)]
    labels = labels[np.argsort(labels.time, kind="stable")]
    n_before, until = 0, NEVER
    if rng.random() < SHARE_FROZEN:
        cut = int(labels.time[int(len(labels) * rng.uniform(0.5, 0.8))])
        is_known = labels.time + question.wait <= cut  # the others before the cut are neither context nor query
        if is_known.sum() >= MIN_ROW // 2 and (labels.time > cut).sum() >= MIN_ROW // 4:
            n_before, until, known = int(is_known.sum()), cut, known[known.time <= cut]
            labels = labels[is_known | (labels.time > cut)]
    x = row_features(tables, question, labels, known, until).values
    x = np.where(np.isfinite(x), x, np.float32(np.nan))
    if not varies(x).any():
        return None
    x = x[:, varies(x)]
    return TaskRows(AUTOCOMPLETE if question.column else FORECAST, question.kind, x, labels.value.astype(np.float32), n_before)


def varies(x: Float32[np.ndarray, "row feature"]) -> np.ndarray:
    """Features that have two values at least."""
    low, high = np.where(np.isnan(x), np.inf, x).min(0), np.where(np.isnan(x), -np.inf, x).max(0)
    return low < high
