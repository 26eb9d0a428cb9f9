"""A prediction task, and names of tasks."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

PARTS = ("manifest.yaml", "train.parquet", "val.parquet", "test.parquet")  # files of a task
MIN_LABEL, MIN_OTHER = 10, 5  # of a split; of those the labels that are not the most common one


@dataclass(frozen=True)
class Task:
    """A prediction task in RelBench's terms.

    Attributes:
        manifest: the ``relbench.manifest.TaskManifest``.
        n_label: number of labels of each split.
        labels: label tables of each split, in RelBench's order; none for a task whose labels are a column of the database.
    """

    manifest: Any
    n_label: dict[str, int]
    labels: dict[str, pd.DataFrame] = field(default_factory=dict)


def vary(labels: pd.Series) -> bool:
    """Whether labels of a split are ten at least, and five of them not the most common one."""
    return len(labels) >= MIN_LABEL and len(labels) - int(labels.value_counts().max()) >= MIN_OTHER


def task_name(*parts: str) -> str:
    """Join names of tables and columns by dashes; what is no letter, digit or underscore becomes an underscore."""
    return "-".join(re.sub(r"\W", "_", part, flags=re.ASCII) for part in parts)


def with_names_apart(tasks: Iterable[Task]) -> Iterator[Task]:
    """Number tasks whose names differ at most in case from an earlier one: ``-2``, ``-3``, ..."""
    n_same: dict[str, int] = {}
    for task in tasks:
        name = task.manifest.name
        n_same[name.lower()] = n_same.get(name.lower(), 0) + 1
        if n_same[name.lower()] > 1:
            task.manifest.name = f"{name}-{n_same[name.lower()]}"
        yield task
