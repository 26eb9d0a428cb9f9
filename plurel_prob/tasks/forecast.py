"""Forecast tasks: predict from what is known at a time which child rows come in the window after it."""

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import pandas as pd

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.tasks.labels import Labeller, LabelQuestion, label_sql, labeller, quoted
from plurel_prob.tasks.leaks import codes, leaks
from plurel_prob.tasks.split import SPLITS, SplitDatabase
from plurel_prob.tasks.task import Task, task_name, vary, with_names_apart
from plurel_prob.tasks.windows import best_length, n_entity, n_eval_window, n_with_child, text_of

MAX_LABEL = 10_000  # of the training split of a task, about
BINARY, REGRESSION = "binary_classification", "regression"


def forecast_tasks(database: SplitDatabase) -> Iterator[Task]:
    """Make tasks of every foreign key of a table with a time column, about the child rows of each parent row in the window
    ``(timestamp, timestamp + timedelta]``, named ``<parent>-<child>-<key>-...``:

    - ``any``: whether there is one (binary classification);
    - ``count``: how many there are (regression);
    - ``mean_<column>``: the mean of a number, where a child row has one (regression). The column is the one with the most
      different values up to the start of validation, the first of those; none that is infinite somewhere or told by the time.

    Every parent row that exists, at its time if it has one, is an entity at every timestamp. If that makes more than 10,000
    labels for training, a hash of row and time keeps about so many, and the same share of those for validation and test.

    The window of a key is the length, of an hour to ten years, for which the share of parent rows that have a child row in a
    training window is closest to a half, among those that RelBench allows. Windows for validation and test fill their splits.
    Each split must have ten labels, and five that are not the most common one; otherwise there is no task.

    Raises:
        DatabaseError: names of two tables differ in case only, or one is called ``timestamps``: SQL takes one for the other; or
            a name has ``{timedelta}``, for which RelBench puts a length of time.
    """
    _check_names(database)
    return with_names_apart(_tasks(database))


def _check_names(database: SplitDatabase) -> None:
    seen = {"timestamps": "timestamps, as RelBench calls the times of labels"}
    for name in database.schemas:
        if name.lower() in seen:
            raise DatabaseError(
                f"{database.name}: SQL takes table {name} for {seen[name.lower()]}; rename it, or leave forecasts out"
            )
        seen[name.lower()] = name
        for part in (name, *database.tables[name].columns):
            if "{timedelta}" in str(part):
                what = f"{shown(part)}, of table {shown(name)}, is changed in SQL: RelBench puts a length of time there"
                raise DatabaseError(f"{database.name}: {what}; rename it, or leave forecasts out")


def _tasks(database: SplitDatabase) -> Iterator[Task]:
    number = cache(partial(_most_varying, database))
    with labeller(database) as runs:
        for edge, length in edges(database):
            for question in _questions(database, edge, text_of(length), number(edge[1])):
                task = _task(database, runs, edge, question, length)
                if task is not None:
                    yield task


def edges(database: SplitDatabase) -> Iterator[tuple[tuple[str, str, str], pd.Timedelta]]:
    """Parent, child and key of all that can be asked about, and the length of its windows."""
    for child, schema in database.schemas.items():
        for key, parent in schema.fkeys.items() if schema.time_col else ():
            of_parent = database.schemas[parent]
            is_known = {of_parent.pkey, of_parent.time_col} - {None} <= database.alone[parent]
            if of_parent.pkey and is_known and {schema.time_col, key} <= database.alone[child]:
                length = best_length(database, (parent, child, key))
                if length is not None:
                    yield (parent, child, key), length


def _questions(database: SplitDatabase, edge: tuple[str, str, str], window: str, number: str | None) -> Iterator[LabelQuestion]:
    parent, child, key = edge
    pkey = database.schemas[parent].pkey or ""
    which = f"to a row of {parent} by {key} in the next {window}"
    has_row, n_row = "CAST(later.value IS NOT NULL AS INTEGER)", "coalesce(later.value, 0)"
    text = f"Will a row of {child} refer {which}?"
    yield LabelQuestion("any", text, unlike("has_child", pkey), BINARY, "count(*)", has_row, key, True)
    text = f"How many rows of {child} will refer {which}?"
    yield LabelQuestion("count", text, unlike("n_child", pkey), REGRESSION, "count(*)", n_row, key, True)
    if number:
        name = task_name(f"mean_{number}")
        # a sum of floats depends on their order, and DuckDB's threads keep none
        mean = f"list_avg(list_sort(list(c.{quoted(number)})))"
        text = f"What will be the mean of {number} of the rows of {child} that refer {which}?"
        yield LabelQuestion(name, text, unlike(name, pkey), REGRESSION, mean, "later.value", number, False)


def unlike(name: str, pkey: str) -> str:
    """Name of a label column that is not that of the parent's key."""
    return f"{name}_" if name.lower() == pkey.lower() else name


def _most_varying(database: SplitDatabase, child: str) -> str | None:
    """Finite number of a table, not told by the time, with the most different values up to the start of validation."""
    schema, frame = database.schemas[child], database.tables[child]
    time, is_known = codes(frame[schema.time_col], "time"), frame[schema.time_col] <= database.val_timestamp
    finite = [column for column, kind in schema.columns.items() if kind == "numerical" and _is_finite(frame[column])]
    numbers = [
        column for column in finite if column in database.alone[child] and not leaks(codes(frame[column], "numerical"), time)
    ]
    return max(numbers, key=lambda column: frame[column][is_known].nunique(), default=None)


def _is_finite(column: pd.Series) -> bool:
    return bool(np.isfinite(column.dropna().to_numpy(np.float64)).all())


def _task(
    database: SplitDatabase, runs: Labeller, edge: tuple[str, str, str], question: LabelQuestion, length: pd.Timedelta
) -> Task | None:
    from relbench.manifest import TaskManifest

    parent, pkey = edge[0], database.schemas[edge[0]].pkey or ""
    if question.is_for_all:
        n_train = n_entity(database, parent, length)
    else:
        n_train = n_with_child(database, edge, length, question.column)
    time_col = unlike("date", pkey)
    sql = label_sql(database, edge, question, time_col, min(MAX_LABEL / max(n_train, 1), 1.0))
    labels = {}
    for split in SPLITS:
        labels[split] = runs.labels(sql, length, split, parent)
        if not vary(labels[split][question.target_col]):
            return None
    manifest = TaskManifest(
        name=task_name(*edge, question.name),
        kind="forecast",
        task_type=question.task_type,
        description=question.description,
        entity_table=parent,
        entity_col=pkey,
        target_col=question.target_col,
        time_col=time_col,
        timedelta=text_of(length),
        num_eval_timestamps=n_eval_window(database, length),
        sql=sql,
    )
    return Task(manifest, {split: len(table) for split, table in labels.items()}, labels)
