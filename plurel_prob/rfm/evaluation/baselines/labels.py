"""Labels of a task, and from when on they are known."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.contexts.columns import MISSING, microseconds


@dataclass(frozen=True)
class Labels:
    """Labels of a task.

    Attributes:
        entity: row of the entity's table that a label is of; -1 where there is none.
        time: its timestamp, in microseconds since 1970.
        value: the label, a boolean as 0 or 1; NaN where there is none.
    """

    entity: Int64[np.ndarray, " label"]
    time: Int64[np.ndarray, " label"]
    value: Float64[np.ndarray, " label"]

    def __len__(self) -> int:
        return len(self.value)

    def present(self) -> "Labels":
        """Those that have a value."""
        return Labels(*(part[~np.isnan(self.value)] for part in (self.entity, self.time, self.value)))

    def of(self, parent: Int64[np.ndarray, " entity"]) -> "Labels":
        """The same labels, as those of the entities' parents; -1 where there is none."""
        return replace(self, entity=np.append(parent, -1)[self.entity])

    def later(self, wait: int) -> "Labels":
        """The same labels, dated when they are known: ``wait`` microseconds after their timestamp."""
        return replace(self, time=self.time + wait)


def read_labels(task: Any, split: str) -> Labels:
    """Read the labels of a split, in RelBench's order.

    Raises:
        DatabaseError: the task is neither binary classification nor regression, has no times, or labels that are no numbers.
    """
    name = f"{task.dataset.dataset_dir}: task {task.name}"
    if task.task_type.value not in ("binary_classification", "regression"):
        raise DatabaseError(f"{name}: baselines predict binary classification and regression only, not {task.task_type.value}")
    if task.time_col is None:
        raise DatabaseError(f"{name}: its labels have no time column, so it is not known what may be used; name one, time_col")
    frame = task.get_table(split, mask_input_cols=False).df
    time = microseconds(frame[task.time_col])
    if (time == MISSING).any():
        raise DatabaseError(f"{name}: {task.time_col} of the {split} split has rows without a time; leave them out")
    try:
        value = frame[task.target_col].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise DatabaseError(f"{name}: {task.target_col} of the {split} split has labels that are no numbers") from None
    entity = frame[task.entity_col].astype("Float64").fillna(-1).to_numpy(np.int64)
    return Labels(entity, time, np.where(np.isfinite(value), value, np.nan))


def training_labels(task: Any) -> Labels:
    """Labels of the training split that have a value.

    Raises:
        DatabaseError: there are none, or see :func:`read_labels`.
    """
    labels = read_labels(task, "train").present()
    if not len(labels):
        raise DatabaseError(f"{task.dataset.dataset_dir}: task {task.name} has no training labels; give its train split some")
    return labels


def known_labels(task: Any, split: str) -> Labels:
    """Labels that predictions of a split may use: of training rows, for test rows of validation rows, too.

    Raises:
        DatabaseError: there are no training labels, the split is another, or see :func:`read_labels`.
    """
    if split not in ("val", "test"):
        raise DatabaseError(f"split must be val or test, got {split!r}")
    train = training_labels(task)
    return train if split == "val" else concatenate(train, read_labels(task, "val").present())


def concatenate(first: Labels, second: Labels) -> Labels:
    """Labels of two splits."""
    pairs = zip((first.entity, first.time, first.value), (second.entity, second.time, second.value), strict=True)
    return Labels(*(np.concatenate(pair) for pair in pairs))


def wait_of(task: Any) -> int:
    """Microseconds after its timestamp when a label is known; at least one, as a label of the row's own time is not."""
    return max(1, task.timedelta // pd.Timedelta(microseconds=1))
