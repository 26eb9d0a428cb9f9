"""Targets of the tasks that come with a database in RelBench format."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.databases.disk import reading
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts.assembly import assemble, place
from plurel_prob.rfm.cells.contexts.data import RelationalData
from plurel_prob.rfm.cells.contexts.tables import DatabaseView, TimedTable, read_source
from plurel_prob.rfm.cells.contexts.targets import Targets
from plurel_prob.rfm.columns import NEVER, STATIC, microseconds
from plurel_prob.rfm.vocabulary import Vocabulary

KNOWN = {"train": ["train"], "val": ["train"], "test": ["train", "val"]}  # splits whose labels contexts of a split may have


def task_targets(
    folder: Path | str,
    task: str,
    split: str,
    *,
    vocabulary: Vocabulary,
    until: pd.Timestamp | str | None = None,
) -> tuple[RelationalData, Targets]:
    """Make a database ready for contexts of a task, and give the targets of one of its splits, in RelBench's order.

    Labels of a forecast or an external task become a table of their own, named after the task: the label, its timestamp, and a
    foreign key to the entity. An autocomplete task's target is a cell of its entity's table. Columns that a task removes are not
    there at all. A binary label is a boolean, a regression's a number; its mean and deviation are those of the training split.

    Contexts have another row's label only if it was known by then: those of training rows for training and validation targets,
    those of training and validation rows for test targets; and of these only labels of rows whose timestamp, plus the task's
    timedelta, is not after the target's, and whose timestamp is before it. For autocomplete, rows up to the validation timestamp
    count as training rows, rows up to the test timestamp as validation rows.

    Args:
        folder: of the database, with its tasks.
        task: its name.
        split: ``"train"``, ``"val"`` or ``"test"``.
        vocabulary: see :func:`relational_data`.
        until: see :func:`relational_data`; RelBench evaluates forecasts with ``"test"``.

    Returns:
        the database, and the targets, whose database is number 0.

    Raises:
        DatabaseError: there is no such task or split, it is neither binary classification nor regression, its labels do not fit
            that, those of the training split are all alike, or see :func:`relational_data`.
    """
    if split not in KNOWN:
        raise DatabaseError(f"split must be {', '.join(KNOWN)}, got {split!r}")
    from plurel_prob.tasks.load import load_task  # RelBench is slow to import

    source, loaded = read_source(folder, until), load_task(Path(folder), task)
    tables = source.read_tables()
    for name in {name for name, _ in loaded.remove_columns}:
        if name not in source.database.tables:
            raise DatabaseError(f"{folder}: task {task} removes a column of {name}, which is no table")
    removed = [table.without({column for name, column in loaded.remove_columns if name == table.name}) for table in tables]
    if loaded.kind == "autocomplete":
        return _complete(source, removed, loaded, split, vocabulary)
    return _forecast(source, removed, loaded, split, vocabulary)


def _labels(loaded: Any, split: str) -> pd.DataFrame:
    """Labels of a split, with the columns that the manifest names only."""
    path = loaded._task_dir / f"{split}.parquet"
    with reading(path, "has the task this split?"):
        frame = loaded.get_table(split, mask_input_cols=False).df
        frame = frame[[name for name in (loaded.time_col, loaded.entity_col, loaded.target_col) if name]]
        if loaded.time_col is None:
            return frame
        time = microseconds(frame[loaded.time_col], f"{path}: {loaded.time_col}").astype("datetime64[us]")
        return frame.assign(**{loaded.time_col: time})


def _is_binary(loaded: Any) -> bool:
    """Whether a task's labels are booleans."""
    return bool(loaded.task_type.value == "binary_classification")


def _typed(label: pd.Series, loaded: Any) -> pd.Series:
    """Labels as booleans or numbers, whatever they are stored as.

    Raises:
        DatabaseError: they are something else.
    """
    what = f"task {loaded.name}: {loaded.target_col}"
    try:
        number = label.astype("Float64")
    except (TypeError, ValueError):
        raise DatabaseError(f"{what} has labels that are no numbers, such as {label.dropna().iloc[0]!r}") from None
    if not _is_binary(loaded):
        return number.mask(number.isin([np.inf, -np.inf]))
    if not number.dropna().isin([0, 1]).all():
        raise DatabaseError(f"{what} is to be 0 or 1, but {number[~number.isin([0, 1])].dropna().iloc[0]} occurs")
    return number.astype("boolean")


def _forecast(
    source: DatabaseView, tables: list[TimedTable], loaded: Any, split: str, vocabulary: Vocabulary
) -> tuple[RelationalData, Targets]:
    """Labels as a table beside the others."""
    if loaded.name in source.database.tables:
        raise DatabaseError(f"{source.name}: task {loaded.name} has the name of a table; give it another, in its manifest")
    frames = {part: _labels(loaded, part) for part in dict.fromkeys([*KNOWN[split], split])}
    split_of = np.repeat(list(frames), [len(frame) for frame in frames.values()])
    labels = _label_table(source, loaded, pd.concat(frames.values(), ignore_index=True), split_of, split)
    data = assemble(source.name, [*tables, labels], source.until, vocabulary)
    is_target = (split_of == split) & labels.frame[loaded.target_col].notna().to_numpy(bool)
    row = data.table_start[loaded.name] + np.flatnonzero(is_target)
    return data, _targets(row, data.column(loaded.name, loaded.target_col))


def _label_table(source: DatabaseView, loaded: Any, labels: pd.DataFrame, split_of: np.ndarray, split: str) -> TimedTable:
    """Labels with the times from when on they are known, which is never for those that contexts of this split may not have."""
    frame = labels.assign(**{loaded.target_col: _typed(labels[loaded.target_col], loaded)})
    if frame[loaded.target_col][split_of == "train"].nunique() < 2:
        raise DatabaseError(f"task {loaded.name}: the labels of the training split are all alike; there is nothing to predict")
    schema = TableSchema(len(frame), {}, None, loaded.time_col, {loaded.entity_col: loaded.entity_table})
    table = source.timed(loaded.name, frame, schema)
    wait = max(1, loaded.timedelta // pd.Timedelta(microseconds=1))  # a label of the target's own time is not known
    has_time = (table.time != STATIC) & (table.time != NEVER)
    known = np.where(has_time, np.where(has_time, table.time, 0) + wait, table.time)
    return replace(
        table, time=np.where(np.isin(split_of, KNOWN[split]), known, NEVER), is_train=split_of == "train", is_label=True
    )


def _complete(
    source: DatabaseView, tables: list[TimedTable], loaded: Any, split: str, vocabulary: Vocabulary
) -> tuple[RelationalData, Targets]:
    """Labels as cells of the entity's table."""
    entity = next(table for table in tables if table.name == loaded.entity_table)
    typed = entity.frame.assign(**{loaded.target_col: _typed(entity.frame[loaded.target_col], loaded)})
    tables = [replace(entity, frame=typed) if table is entity else table for table in tables]
    data = assemble(source.name, tables, source.until, vocabulary)
    column, start = data.column(entity.name, loaded.target_col), data.table_start[entity.name]
    label_until = source.test if split == "test" else source.val
    graph = data.graph._replace(label=column, label_until=label_until)
    labels = _labels(loaded, split)
    row = place(f"task {loaded.name}: {loaded.entity_col}", labels[loaded.entity_col], entity)
    has_label = typed[loaded.target_col].notna().to_numpy(bool)
    return replace(data, graph=graph), _targets(start + row[(row >= 0) & has_label[row]], column)


def _targets(row: Int64[np.ndarray, " target"], column: int) -> Targets:
    return Targets(np.zeros(len(row), np.int32), row.astype(np.int32), np.full(len(row), column, np.int32))
