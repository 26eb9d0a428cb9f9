"""Autocomplete tasks: predict a column of a row from everything else that is known when the row comes."""

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from plurel_prob.tasks.leaks import codes, leaks, telling_pairs
from plurel_prob.tasks.split import SplitDatabase
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
    return with_names_apart(task for name in database.schemas if qualifies(database, name) for task in _tasks_of(database, name))


def qualifies(database: SplitDatabase, name: str) -> bool:
    """Whether a table has a time that splits its rows, and rows that RelBench can tell apart."""
    schema, frame = database.schemas[name], database.tables[name]
    if schema.time_col is None or pd.isna(database.first) or not _is_plain(database, name, schema.time_col):
        return False
    if schema.pkey:
        return _is_plain(database, name, schema.pkey)
    known = frame[schema.time_col].iloc[: frame[schema.time_col].count()]  # RelBench numbers the rows, which must be sorted
    return bool(known.notna().all() and known.is_monotonic_increasing and "primary_key" not in frame)


def _is_plain(database: SplitDatabase, table: str, column: str) -> bool:
    """Whether SQL knows a column by its name without quotes, whatever the case."""
    return column in database.alone[table] and re.fullmatch(r"[A-Za-z_]\w*", column, flags=re.ASCII) is not None


def _tasks_of(database: SplitDatabase, name: str) -> Iterator[Task]:
    from relbench.manifest import TaskManifest

    frame, schema = database.tables[name], database.schemas[name]
    time = codes(frame[schema.time_col], "time")
    coded = {column: codes(frame[column], kind) for column, kind in schema.columns.items()}
    telling: dict[str, set[str]] = defaultdict(set)
    for one, other in telling_pairs(coded):
        telling[one].add(other)
        telling[other].add(one)
    rows = _rows(database, frame[schema.time_col])
    for column, kind in schema.columns.items():
        if kind not in TYPES or not _is_plain(database, name, column) or leaks(coded[column], time):
            continue
        is_known = frame[column].notna().to_numpy(bool)
        labels = {split: frame[column][is_split & is_known] for split, is_split in rows.items()}
        if _are_enough(labels, kind):
            manifest = TaskManifest(
                name=task_name(name, column),
                kind="autocomplete",
                task_type=TYPES[kind],
                description=f"Complete {column} of a row of {name}.",
                entity_table=name,
                target_col=column,
                remove_columns=[[name, other] for other in coded if other in telling[column]],
            )
            yield Task(manifest, {split: len(values) for split, values in labels.items()})


def _rows(database: SplitDatabase, time: pd.Series) -> dict[str, np.ndarray]:
    """Which rows are in which split; those without a time in none."""
    is_train, is_test = (time <= database.val_timestamp).to_numpy(bool), (time > database.test_timestamp).to_numpy(bool)
    return {"train": is_train, "val": ~is_train & ~is_test & time.notna().to_numpy(bool), "test": is_test}


def _are_enough(labels: dict[str, pd.Series], kind: str) -> bool:
    if min(len(values) for values in labels.values()) < MIN_LABEL:
        return False
    if kind == "numerical" and not all(np.isfinite(values.to_numpy(np.float64)).all() for values in labels.values()):
        return False
    return all(vary(values) for split, values in labels.items() if split == "train" or kind == "boolean")
