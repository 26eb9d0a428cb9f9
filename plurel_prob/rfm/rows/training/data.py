"""Batches of tasks: batch k is a function of the databases, the recipe, the seed and k, so that a run can go on anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int8

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import KINDS
from plurel_prob.rfm.rows.network import N_CLASS, RowBatch
from plurel_prob.rfm.rows.training.databases import Databases
from plurel_prob.rfm.rows.training.relabel import cut_up, relabelled
from plurel_prob.rfm.rows.training.tasks import RELABELLED, SOURCES, TaskRows, tasks_of, varies

N_DATABASE = 16  # at hand
N_TASK, N_ROW = 6, 1200  # of a database: tasks, and rows of each
N_TRY = 8  # for each task of a batch
SHARE_LATE, SHARE_CUT, SHARE_MISSING, SHARE_FEW, SHARE_SHOWN = 0.4, 0.2, 0.15, 0.3, 0.5  # of tasks, see below
SHARES, HOW_OFTEN = (0.75, 0.5, 0.25, 0.9), (0.5, 0.2, 0.15, 0.15)  # of the rows that are context; of batches
MIN_FEATURE = 4
MAX_STD = 20.0  # a label that is farther from the context's mean is no query


@dataclass(frozen=True)
class Recipe:
    """What batches are made of.

    Attributes:
        n_row: rows of a task: three quarters context in half of the batches, from a quarter to nine tenths in the others.
        n_feature: features of a task at most.
        relabelled: share of tasks whose labels are random functions of the features.
        classes: share of batches whose tasks have classes.
        tasks_per_database: tasks of all batches for each database that is drawn or read.
    """

    n_row: int = 400
    n_feature: int = 40
    relabelled: float = 0.6
    classes: float = 0.12
    tasks_per_database: int = 32


class Tasks(NamedTuple):
    """A batch, and what kind of task each is.

    Attributes:
        batch: as the network takes it.
        source: place in :data:`plurel_prob.rfm.rows.training.tasks.SOURCES`.
    """

    batch: RowBatch
    source: Int8[np.ndarray, " task"]


class RowData:
    """Batches of tasks of databases: some are at hand at a time, and the oldest makes way for the next as tasks are taken.

    A batch has tasks of classes, or of flags and numbers.

    Args:
        databases: that tasks are made of.
        recipe: what batches are made of.
        make: gives the tasks of a database, by its number and the seed; by default here and now.
    """

    def __init__(self, databases: Databases, recipe: Recipe, make: Callable[[int, int], list[TaskRows]] | None = None):
        self.databases, self.recipe = databases, recipe
        self.description = databases.description
        self._make = make or self.tasks
        self._at_hand: dict[tuple[int, int], list[TaskRows]] = {}

    def tasks(self, seed: int, i: int) -> list[TaskRows]:
        """Tasks of database ``i``."""
        return tasks_of(self.databases.tables(i), N_TASK, N_ROW, np.random.default_rng((seed, i)))

    def n_database(self, n_step: int, batch_size: int) -> int:
        """How many databases a run takes."""
        return (n_step - 1) * batch_size // self.recipe.tasks_per_database + N_DATABASE

    def batch(self, seed: int, k: int, batch_size: int) -> Tasks:
        """Batch ``k``.

        Raises:
            DatabaseError: the databases have no task that could be learnt.
        """
        oldest = k * batch_size // self.recipe.tasks_per_database
        window = [(seed, i) for i in range(oldest, oldest + N_DATABASE)]
        self._at_hand = {key: self._at_hand.get(key) or self._make(*key) for key in window}
        choices = [tasks for tasks in self._at_hand.values() if tasks]
        if not choices:
            raise DatabaseError("the databases have no task with 100 labels that vary; train on others")
        rng = np.random.default_rng((seed, k))
        has_classes = bool(rng.random() < self.recipe.classes)  # of all or none: they take several times as long
        share = SHARES[rng.choice(len(SHARES), p=HOW_OFTEN)]  # one for all, so that few programs are compiled
        parts: list[_Task] = []
        for _ in range(N_TRY * batch_size):
            tasks = choices[rng.integers(len(choices))]
            part = _task(tasks[rng.integers(len(tasks))], self.recipe, share, has_classes, rng)
            parts += [part] if part is not None else []
            if len(parts) == batch_size:
                x, y, is_context, is_query, kind, source = (np.stack(column) for column in zip(*parts, strict=True))
                return Tasks(RowBatch(x, y, is_context, is_query, kind.astype(np.int32)), source.astype(np.int8))
        raise DatabaseError("the databases have hardly a task that could be learnt; train on others")


class _Task(NamedTuple):
    x: Float32[np.ndarray, "row feature"]
    y: Float32[np.ndarray, " row"]
    is_context: Bool[np.ndarray, " row"]
    is_query: Bool[np.ndarray, " row"]
    kind: int
    source: int


def _task(task: TaskRows, recipe: Recipe, share: float, has_classes: bool, rng: np.random.Generator) -> _Task | None:
    """One task of a batch: a sample of rows and features, with labels as they are or new ones; None if they do not vary."""
    row, n_context = _chosen(task, recipe.n_row, share, rng)
    x, y, kind, source = task.x[row], task.y[row], task.kind, task.source
    every, x = x[:, varies(x)], _some_features(x, recipe.n_feature, rng)
    if not x.shape[1]:
        return None
    if rng.random() < recipe.relabelled:
        # in half of the tasks of columns that are not all shown, as what others tell of them is all that real tasks have
        kind, y, added = relabelled(x if rng.random() < SHARE_SHOWN else every, has_classes, rng)
        x, source = np.concatenate([added, x], 1)[:, : recipe.n_feature], RELABELLED
    elif kind == "number" and (has_classes or rng.random() < SHARE_CUT):
        kind, y = cut_up(y, has_classes, rng)
    if (kind == "classes") != has_classes:
        return None
    x = _with_missing(x, rng)
    is_context = np.arange(len(y)) < n_context
    y, is_query = _scaled(y, kind, is_context)
    if len(np.unique(y[is_context])) < 2 or not is_query.any():
        return None
    order = rng.permutation(x.shape[1])
    full_x = np.full((recipe.n_row, recipe.n_feature), np.nan, np.float32)
    full_x[: len(y), : x.shape[1]] = x[:, order]
    missing = (0, recipe.n_row - len(y))
    return _Task(
        full_x,
        np.pad(y, missing),
        np.pad(is_context, missing),
        np.pad(is_query, missing),
        KINDS.index(kind),
        SOURCES.index(source),
    )


def _chosen(task: TaskRows, n_row: int, share: float, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Rows, those of the context first, and how many these are."""
    n = min(n_row, len(task.y))
    if task.n_before:
        before, after = rng.permutation(task.n_before), task.n_before + rng.permutation(len(task.y) - task.n_before)
        n_context = min(round(share * n), len(before))
        return np.concatenate([before[:n_context], after[: n - n_context]]), n_context
    row = rng.choice(len(task.y), n, replace=False)
    return (np.sort(row) if rng.random() < SHARE_LATE else row), round(share * n)  # sorted: queries are the latest


def _some_features(x: np.ndarray, n_feature: int, rng: np.random.Generator) -> Float32[np.ndarray, "row feature"]:
    """A sample of features that vary, of those that are there more often most likely."""
    varying = np.flatnonzero(varies(x))
    n = min(len(varying), n_feature)
    if n > MIN_FEATURE and rng.random() < SHARE_FEW:
        n = int(rng.integers(MIN_FEATURE, n))
    weight = 0.05 + (~np.isnan(x[:, varying])).mean(0)
    return x[:, rng.choice(varying, n, replace=False, p=weight / weight.sum())]


def _with_missing(x: Float32[np.ndarray, "row feature"], rng: np.random.Generator) -> Float32[np.ndarray, "row feature"]:
    """Take out a share of the cells of each feature, in some tasks."""
    if rng.random() >= SHARE_MISSING:
        return x
    return np.where(rng.random(x.shape) < rng.beta(1, 4, x.shape[1]), np.float32(np.nan), x)


def _scaled(y: np.ndarray, kind: str, is_context: np.ndarray) -> tuple[Float32[np.ndarray, " row"], Bool[np.ndarray, " row"]]:
    """Labels as the network takes them, and which can be asked for."""
    context = y[is_context].astype(np.float64)
    if kind == "number":
        mean, std = context.mean(), context.std()
        scaled = (y - mean) / (std if 0 < std < np.inf else np.inf)
        is_near = np.abs(scaled) < MAX_STD
        return np.where(is_near, scaled, 0).astype(np.float32), ~is_context & is_near
    known = np.unique(context) if kind == "classes" else np.array([0.0, 1.0])
    place = np.searchsorted(known, y)
    is_known = (place < min(len(known), N_CLASS)) & (known[np.minimum(place, len(known) - 1)] == y)
    return np.where(is_known, place, 0).astype(np.float32), ~is_context & is_known
