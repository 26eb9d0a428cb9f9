"""Tasks of databases in RelBench format, as questions about rows."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from plurel_prob.databases.disk import reading
from plurel_prob.databases.manifest import read_manifest, splits_of
from plurel_prob.databases.stored import open_tables
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.columns import MISSING, NEVER, microsecond, microseconds, row_numbers
from plurel_prob.rfm.rows.features import (
    DAY,
    Labels,
    PreparedTables,
    Question,
    RowFeatures,
    Tables,
    concatenate,
    prepare,
    read_tables,
)
from plurel_prob.tasks.load import load_task

SPLITS = ("train", "val", "test")
Regime = Literal["rolling", "frozen"]


@dataclass(frozen=True)
class RowTask:
    """A task of a database, ready for predictions.

    Attributes:
        name: of the task.
        question: what is asked.
        tables: the database.
        labels: by split, in RelBench's order; NaN where a label is missing.
        val: last time of the training split, in microseconds since 1970.
        test: last time of the validation split.
        loaded: the task as RelBench has it, which evaluates predictions.
    """

    name: str
    question: Question
    tables: Tables
    labels: dict[str, Labels]
    val: int
    test: int
    loaded: Any

    def context(self, split: str) -> Labels:
        """Labels of the splits before: of training rows, for test rows of validation rows, too.

        Raises:
            DatabaseError: the split is neither ``"val"`` nor ``"test"``.
        """
        if split not in ("val", "test"):
            raise DatabaseError(f"split must be val or test, got {split!r}")
        parts = [self.labels[part].present() for part in SPLITS[: SPLITS.index(split)]]
        return parts[0] if len(parts) == 1 else concatenate(*parts)

    def learned(self, split: str) -> Labels:
        """Those of them that are known when the split begins, which predictions of it learn from."""
        labels = self.context(split)
        return labels[labels.time <= self.cut(split) - self.question.wait]

    def known(self, split: str, regime: Regime = "rolling") -> Labels:
        """Labels that features of rows of a split can show, with the times from when on they are known.

        Rolling: all labels up to the split's, as soon as they are known. Frozen: those that are known when the split begins.
        """
        if regime == "frozen":
            return self.learned(split).later(self.question.wait)
        return concatenate(self.context(split), self.labels[split].present()).later(self.question.wait)

    def cut(self, split: str) -> int:
        """Time after which a split begins."""
        return self.val if split == "val" else self.test

    def features(self, rows: Labels, split: str, regime: Regime = "rolling") -> RowFeatures:
        """Features of rows, for predictions of a split."""
        until = NEVER if regime == "rolling" else self.cut(split)
        return self.prepared.features(rows, self.known(split, regime), until)

    @cached_property
    def prepared(self) -> PreparedTables:
        """What features of all rows share."""
        return prepare(self.tables, self.question)


def read_task(folder: Path, name: str) -> RowTask:
    """Read a task of binary classification or regression, and its database.

    Raises:
        DatabaseError: there is none, its labels have no times or are no numbers, or training labels are missing.
    """
    loaded = load_task(folder, name)
    (frames, schemas), splits = open_tables(folder), splits_of(read_manifest(folder), folder)
    val, test = (microsecond(time) for time in splits)
    labels = {split: read_labels(loaded, split) for split in SPLITS}
    if not len(labels["train"].present()):
        raise DatabaseError(f"{folder}: task {name} has no training labels; give its train split some")
    for part in labels.values():
        n_entity = len(frames[loaded.entity_table])
        if len(part) and part.entity.max() >= n_entity:
            what = f"{loaded.entity_col} {part.entity.max()}, but {loaded.entity_table} has {n_entity} rows, counted from 0"
            raise DatabaseError(f"{folder}: task {name} has a label of {what}")
    tables = read_tables(frames, schemas, val)
    return RowTask(name, question_of(loaded), tables, labels, val, test, loaded)


def question_of(loaded: Any) -> Question:
    """What a task asks."""
    is_binary = loaded.task_type.value == "binary_classification"
    wait = max(1, loaded.timedelta // pd.Timedelta(microseconds=1))
    return Question(
        loaded.entity_table,
        "binary" if is_binary else "number",
        loaded.target_col if loaded.kind == "autocomplete" else "",
        wait,
        (wait, 4 * wait) if loaded.kind == "forecast" else (30 * DAY, 365 * DAY),
        frozenset((table, column) for table, column in loaded.remove_columns),
    )


def read_labels(loaded: Any, split: str) -> Labels:
    """Read the labels of a split, in RelBench's order.

    Raises:
        DatabaseError: the split cannot be read, the task has no times, entities that are no rows, or labels that are no numbers.
    """
    name = f"{loaded.dataset.dataset_dir}: task {loaded.name}"
    if loaded.time_col is None:
        raise DatabaseError(f"{name}: its labels have no time column, so it is not known what may be used; name one, time_col")
    with reading(loaded._task_dir / f"{split}.parquet", "has the task this split?"):
        frame = loaded.get_table(split, mask_input_cols=False).df
        time = microseconds(frame[loaded.time_col], f"{name}: {loaded.time_col} of the {split} split")
        entity = row_numbers(frame[loaded.entity_col], f"{name}: {loaded.entity_col} of the {split} split")
        label = frame[loaded.target_col]
    if (time == MISSING).any():
        raise DatabaseError(f"{name}: {loaded.time_col} of the {split} split has rows without a time; leave them out")
    try:
        value = label.astype("Float64").to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise DatabaseError(f"{name}: {loaded.target_col} of the {split} split has labels that are no numbers") from None
    return Labels(entity, time, np.where(np.isfinite(value), value, np.nan))
