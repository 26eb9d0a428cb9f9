"""Batches of tasks: batch k is a function of the databases, the recipe, the seed and k, so that a run can go on anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int8

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import KINDS
from plurel_prob.rfm.rows.network import N_CLASS, RowBatch
from plurel_prob.rfm.rows.training.databases import TrainingDatabases
from plurel_prob.rfm.rows.training.relabel import cut_up, relabelled
from plurel_prob.rfm.rows.training.tasks import RELABELLED, SOURCES, TaskRows, tasks_of, varies

N_DATABASE = 16  # at hand
N_TASK, N_ROW = 6, 1200  # of a database: tasks, and rows of each
N_TRY = 8  # for each task of a batch
SHARE_LATE, SHARE_CUT, SHARE_MISSING, SHARE_FEW, SHARE_SHOWN = 0.4, 0.2, 0.15, 0.3, 0.5  # of tasks, see below
CONTEXT = 0.75  # of the rows of a task
SHARE_SHORT, SHORTEST = 0.5, 0.2  # of tasks with a shorter context; the least share of a whole one
MIN_FEATURE = 4
MAX_STD = 20.0  # a label that is farther from the context's mean is no query


@dataclass(frozen=True)
class Recipe:
    """What batches are made of.

    Attributes:
        n_row: rows of a task at most: three quarters context, the others queries; half of the tasks have a shorter context.
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

    @property
    def n_context(self) -> int:
        """Rows of a context at most."""
        return round(CONTEXT * self.n_row)

    @property
    def n_query(self) -> int:
        """Queries of a task at most."""
        return self.n_row - self.n_context


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

    def __init__(self, databases: TrainingDatabases, recipe: Recipe, make: Callable[[int, int], list[TaskRows]] | None = None):
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
        parts: list[_Task] = []
        for _ in range(N_TRY * batch_size):
            tasks = choices[rng.integers(len(choices))]
            part = _task(tasks[rng.integers(len(tasks))], self.recipe, has_classes, rng)
            parts += [part] if part is not None else []
            if len(parts) == batch_size:
                x, y, query_x, query_y, kind, source = (np.stack(column) for column in zip(*parts, strict=True))
                return Tasks(RowBatch(x, y, query_x, query_y, kind.astype(np.int32)), source.astype(np.int8))
        raise DatabaseError("the databases have hardly a task that could be learnt; train on others")


class _Task(NamedTuple):
    context_x: Float32[np.ndarray, "context feature"]
    context_y: Float32[np.ndarray, " context"]
    query_x: Float32[np.ndarray, "query feature"]
    query_y: Float32[np.ndarray, " query"]
    kind: int
    source: int


def _task(task: TaskRows, recipe: Recipe, has_classes: bool, rng: np.random.Generator) -> _Task | None:
    """One task of a batch: a sample of rows and features, with labels as they are or new ones; None if they do not vary."""
    context, query = _chosen(task, recipe, rng)
    row, n_context = np.concatenate([context, query]), len(context)
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
    y = _scaled(y, kind, n_context)
    if len(np.unique(y[:n_context])) < 2 or np.isnan(y[n_context:]).all():
        return None
    x = x[:, rng.permutation(x.shape[1])]
    return _Task(
        _filled(x[:n_context], recipe.n_context, recipe.n_feature),
        _filled(y[:n_context], recipe.n_context),
        _filled(x[n_context:], recipe.n_query, recipe.n_feature),
        _filled(y[n_context:], recipe.n_query),
        KINDS.index(kind),
        SOURCES.index(source),
    )


def _filled(x: np.ndarray, *shape: int) -> Float32[np.ndarray, "..."]:
    """Fill up with NaN to a shape that all tasks have, so that few programs are compiled."""
    return np.pad(x.astype(np.float32), [(0, n - was) for n, was in zip(shape, x.shape, strict=True)], constant_values=np.nan)


def _chosen(task: TaskRows, recipe: Recipe, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the context and queries."""
    share = rng.uniform(SHORTEST, 1) if rng.random() < SHARE_SHORT else 1.0
    if task.n_before:
        context, query = rng.permutation(task.n_before), task.n_before + rng.permutation(len(task.y) - task.n_before)
    else:
        row = rng.permutation(len(task.y))[: recipe.n_row]
        row = np.sort(row) if rng.random() < SHARE_LATE else row  # sorted: queries are the latest
        n = min(round(CONTEXT * len(row)), recipe.n_context)
        context, query = row[:n][::-1], row[n:]
    return context[: round(share * min(len(context), recipe.n_context))], query[: recipe.n_query]


def _some_features(x: np.ndarray, n_feature: int, rng: np.random.Generator) -> Float32[np.ndarray, "row feature"]:
    """A sample of features that vary, of those that are there more often most likely; none, if none varies among these rows."""
    varying = np.flatnonzero(varies(x))
    if not len(varying):
        return x[:, varying]
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


def _scaled(y: np.ndarray, kind: str, n_context: int) -> Float32[np.ndarray, " row"]:
    """Labels as the network takes them; NaN where one cannot be asked for."""
    context = y[:n_context].astype(np.float64)
    if kind == "number":
        mean, std = context.mean(), context.std()
        scaled = (y - mean) / (std if 0 < std < np.inf else np.inf)
        return np.where((np.arange(len(y)) < n_context) | (np.abs(scaled) < MAX_STD), scaled, np.nan).astype(np.float32)
    known = np.unique(context) if kind == "classes" else np.array([0.0, 1.0])
    place = np.searchsorted(known, y)
    is_known = (place < min(len(known), N_CLASS)) & (known[np.minimum(place, len(known) - 1)] == y)
    return np.where(is_known, place, np.nan).astype(np.float32)
