"""Rules about tasks and their labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from plurel_prob.databases.manifest import task_manifest_of_content
from plurel_prob.documents import read_yaml
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.files import within
from plurel_prob.validation.folder import CheckedFolder, CheckedTable
from plurel_prob.validation.problem import Violation, rows_where

SPLITS = ("train", "val", "test")
ENTITIES = (("entity_table", "entity_col"), ("src_entity_table", "src_entity_col"), ("dst_entity_table", "dst_entity_col"))


@dataclass
class TaskFolder:
    """A task on disk.

    Attributes:
        path: its folder.
        raw: its manifest, as YAML has it.
        manifest: its ``relbench.manifest.TaskManifest``.
        labels: split to label table, of those that are there.
    """

    path: Path
    raw: dict[str, Any]
    manifest: Any
    labels: dict[str, pd.DataFrame]

    @property
    def name(self) -> str:
        """How problems name it."""
        return f"tasks/{self.path.name}"

    @cached_property
    def length(self) -> pd.Timedelta | None:
        """Length of its windows; None if it has none."""
        try:
            length = pd.Timedelta(self.manifest.timedelta)
        except (ValueError, TypeError, OverflowError):
            return None
        return None if pd.isna(length) or length <= pd.Timedelta(0) else length


TaskRule = Callable[[CheckedFolder, TaskFolder], Iterator[Violation]]


def read_tasks(folder: CheckedFolder) -> tuple[list[TaskFolder], list[Violation]]:
    """Read the tasks of a folder, and say of which ones that is impossible."""
    tasks, problems = list[TaskFolder](), list[Violation]()
    for path in sorted((folder.path / "tasks").glob("*/manifest.yaml")):
        task = _read_task(folder.path, path)
        if isinstance(task, Violation):
            problems.append(task)
        else:
            tasks.append(task)
    return tasks, problems


def _read_task(folder: Path, path: Path) -> TaskFolder | Violation:
    file = path
    try:
        raw = read_yaml(within(folder, path.relative_to(folder).as_posix()))
        manifest = task_manifest_of_content(raw, str(path))
        labels = {}
        for split in SPLITS:
            file = within(folder, f"tasks/{path.parent.name}/{split}.parquet")
            if file.exists():
                labels[split] = pq.read_table(file).to_pandas(ignore_metadata=True)
    except Exception as error:  # of a library, whatever it makes of a broken file
        said = str(error).removeprefix(f"{path}: ") if isinstance(error, DatabaseError) else reason(error)
        what = f"{file.name}: {said}"
        return Violation("task-manifest", f"tasks/{path.parent.name}", None, None, what)
    return TaskFolder(path.parent, raw, manifest, labels)


def entities(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Tables of entities are tables, and what is completed is a column of its table that is no key."""
    for which, _ in ENTITIES:
        table = getattr(task.manifest, which)
        if table is not None and table not in folder.manifest["tables"]:
            yield Violation("task-entity", task.name, None, None, f"{which} is {table}, which is no table of the manifest")
    table = folder.tables.get(task.manifest.entity_table)
    if task.manifest.kind == "autocomplete" and table is not None:
        column = task.manifest.target_col
        if column not in table.rows.column_names or column == table.pkey or column in table.fkeys:
            yield Violation("task-entity", task.name, column, None, f"must be a column of {table.name} that is no key")


def removed_columns(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Columns that a task hides are columns of tables."""
    for pair in task.manifest.remove_columns:
        table, column = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        rows = folder.tables[table].rows.column_names if table in folder.tables else ()
        if column not in rows and table not in set(folder.manifest["tables"]) - set(folder.tables):
            yield Violation("task-remove", task.name, str(column), None, f"remove_columns has {shown(pair)}, which is no column")


def needs_time(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """A table of which a column is completed has a time, which splits its rows; each split has labels."""
    table = folder.tables.get(task.manifest.entity_table)
    if task.manifest.kind != "autocomplete" or table is None or task.manifest.target_col not in table.rows.column_names:
        return
    if table.time_col is None:
        yield Violation("task-time", task.name, None, None, f"{table.name} has no time, which would split its rows")
    elif table.times is not None and folder.stamps is not None:
        known = table.times[table.rows[task.manifest.target_col].is_valid().to_numpy()]
        val, test = folder.stamps
        n_label = {"train": (known <= val).sum(), "val": ((known > val) & (known <= test)).sum(), "test": (known > test).sum()}
        for split, n in n_label.items():
            if n == 0:
                yield Violation("task-empty", task.name, task.manifest.target_col, None, f"the {split} split has no label")


def windows(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Windows of validation and test end before the times do, those of validation before the test starts; three train."""
    if task.manifest.kind != "forecast" or folder.stamps is None or not folder.times:
        return
    length, (val, test) = task.length, folder.stamps
    if length is None:
        yield Violation("task-window", task.name, None, None, f"timedelta is {shown(task.manifest.timedelta)}, no length of time")
        return
    first, last = min(times.min() for times in folder.times), max(times.max() for times in folder.times)
    seen = max((times[times <= test].max() for times in folder.times if (times <= test).any()), default=first)
    for is_wrong, what in (
        (test - val < length, "is longer than the time from validation to test"),
        (val + length > seen, f"after val_timestamp ends after the last time before the test, {seen}"),
        (test + length > last, f"after test_timestamp ends after the last time, {last}"),
        (val - 3 * length < first, f"does not fit three times between the first time, {first}, and val_timestamp"),
    ):
        if is_wrong:
            yield Violation("task-window", task.name, None, None, f"the window of {length} {what}")
            return


def labels_complete(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Label tables have labels, and their columns."""
    if task.manifest.kind == "external":
        for split in SPLITS:
            if split not in task.labels:
                yield Violation(
                    "label-file", task.name, None, None, f"there is no {split}.parquet, and no SQL that could make it"
                )
    for split, labels in task.labels.items():
        if not len(labels):
            yield Violation("task-empty", task.name, task.manifest.target_col, None, f"the {split} split has no label")
        for column in _label_columns(folder, task):
            if column not in labels:
                yield Violation("label-column", f"{task.name}/{split}", column, None, "the manifest names it; the file has none")


def _label_columns(folder: CheckedFolder, task: TaskFolder) -> list[str]:
    """Time, entities and target of a label table."""
    manifest = task.manifest
    table = folder.tables.get(manifest.entity_table)
    is_column = manifest.kind == "autocomplete" and table is not None
    time, entity = (table.time_col, table.pkey) if is_column and table else (manifest.time_col, manifest.entity_col)
    return [name for name in (time, entity, manifest.src_entity_col, manifest.dst_entity_col, manifest.target_col) if name]


def labels_sorted(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Labels are sorted by time, then by entity."""
    for split, labels in task.labels.items():
        names = [name for name in _label_columns(folder, task) if name != task.manifest.target_col]
        by = [name for name in names if name in labels and not _has_lists(labels[name])]
        if by and len(labels) and set(names) <= set(labels):
            order = labels.sort_values(by, kind="stable").index.to_numpy()
            message = f"labels must be sorted by {', then '.join(by)}"
            yield from rows_where(order != labels.index.to_numpy(), "label-order", f"{task.name}/{split}", by[0], message)


def _has_lists(column: pd.Series) -> bool:
    return column.dtype == object and any(isinstance(value, list | np.ndarray) for value in column)


def label_entities(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Labels are about rows of the table of entities."""
    for which, name in ENTITIES:
        table, column = folder.tables.get(getattr(task.manifest, which)), getattr(task.manifest, name)
        for split, labels in task.labels.items():
            if table is not None and column in labels and pd.api.types.is_numeric_dtype(labels[column]):
                yield from _outside(labels[column], table, f"{task.name}/{split}")


def _outside(column: pd.Series, table: CheckedTable, where: str) -> Iterator[Violation]:
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    inside = (numbers >= 0) & (numbers < table.rows.num_rows)
    yield from rows_where(~inside, "label-entity", where, str(column.name), f"must be a row of {table.name}")


RULES: dict[str, TaskRule] = {
    "task-entity": entities,
    "task-remove": removed_columns,
    "task-time": needs_time,
    "task-window": windows,
    "label-column": labels_complete,
    "label-order": labels_sorted,
    "label-entity": label_entities,
}
