"""Autocomplete tasks: predict a column of a row from everything else that is known when the row comes."""

import itertools
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from plurel_prob.tasks.leaks import codes, leaks
from plurel_prob.tasks.split import SplitDatabase, is_alone
from plurel_prob.tasks.task import MIN_LABEL, Task, task_name, vary, with_names_apart

TYPES = {"numerical": "regression", "boolean": "binary_classification", "categorical": "multiclass_classification"}


def autocomplete_tasks(database: SplitDatabase) -> Iterator[Task]:
    """Make a task of every feature column that qualifies, named ``<table>-<column>``: regression of numbers, binary
    classification of booleans, multiclass classification of categories.

    A table needs a time column, since rows are split by time; the target a name that SQL can do without quoting, and ten labels
    in each split. Five labels that are not the most common one are needed, too: of booleans in each split, of numbers, which must
    be finite, and of categories in the training split. What the time of the row tells already is no task.

    ``remove_columns`` has the other features of the table that tell the target, or that it tells (:func:`leaks`), never keys.
    What other tables tell, or several columns together, stays.
    """
    return with_names_apart(task for name in database.schemas if _qualifies(database, name) for task in _tasks_of(database, name))


def _qualifies(database: SplitDatabase, name: str) -> bool:
    schema, frame = database.schemas[name], database.tables[name]
    if schema.time_col is None or pd.isna(database.first) or not _is_plain(schema.time_col, frame):
        return False
    if schema.pkey:
        return _is_plain(schema.pkey, frame)
    known = frame[schema.time_col].iloc[: frame[schema.time_col].count()]  # RelBench numbers the rows, which must be sorted
    return bool(known.notna().all() and known.is_monotonic_increasing and "primary_key" not in frame)


def _is_plain(column: str, frame: pd.DataFrame) -> bool:
    """Whether SQL knows a column by its name without quotes, whatever the case."""
    return is_alone(frame, column) and re.fullmatch(r"[A-Za-z_]\w*", column, flags=re.ASCII) is not None


def _tasks_of(database: SplitDatabase, name: str) -> Iterator[Task]:
    from relbench.manifest import TaskManifest

    frame, schema = database.tables[name], database.schemas[name]
    time = frame[schema.time_col]
    coded = {column: codes(frame[column], kind) for column, kind in schema.columns.items()}
    telling = {pair for pair in itertools.combinations(coded, 2) if leaks(coded[pair[0]], coded[pair[1]])}
    for column, kind in schema.columns.items():
        if kind not in TYPES or not _is_plain(column, frame) or leaks(coded[column], codes(time, "time")):
            continue
        labels = _labels(database, frame[column], time)
        if _are_enough(labels, kind):
            manifest = TaskManifest(
                name=task_name(name, column),
                kind="autocomplete",
                task_type=TYPES[kind],
                description=f"Complete {column} of a row of {name}.",
                entity_table=name,
                target_col=column,
                remove_columns=[[name, other] for other in coded if {(column, other), (other, column)} & telling],
            )
            yield Task(manifest, {split: len(values) for split, values in labels.items()})


def _labels(database: SplitDatabase, column: pd.Series, time: pd.Series) -> dict[str, pd.Series]:
    """Values of a column that are not missing, by split."""
    column, time = column[column.notna() & time.notna()], time[column.notna() & time.notna()]
    is_train, is_test = time <= database.val_timestamp, time > database.test_timestamp
    return {"train": column[is_train], "val": column[~is_train & ~is_test], "test": column[is_test]}


def _are_enough(labels: dict[str, pd.Series], kind: str) -> bool:
    if min(len(values) for values in labels.values()) < MIN_LABEL:
        return False
    if kind == "numerical" and not all(np.isfinite(values.to_numpy(np.float64)).all() for values in labels.values()):
        return False
    return all(vary(values) for split, values in labels.items() if split == "train" or kind == "boolean")
