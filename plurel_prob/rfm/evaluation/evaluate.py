"""Methods of prediction on the tasks of a database, by their metrics."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.evaluation.methods import Method
from plurel_prob.rfm.evaluation.metrics import Figure, bootstrap, figures
from plurel_prob.rfm.evaluation.problem import Problem
from plurel_prob.rfm.rows.tasks import Regime, RowTask
from plurel_prob.tasks import manifests_of


class Counts(NamedTuple):
    """Numbers of rows.

    Attributes:
        n_row: that were predicted.
        n_of: of the split that have a label.
        n_positive: of those predicted; None: their labels are not binary.
        n_entity: to which those predicted belong; intervals are over samples of them.
        n_known: labels that are known when the split begins.
    """

    n_row: int
    n_of: int
    n_positive: int | None
    n_entity: int
    n_known: int


class Evaluation(NamedTuple):
    """How well a method predicts a split of a task.

    Attributes:
        task: name of the task.
        split: ``"val"`` or ``"test"``.
        regime: ``"rolling"`` or ``"frozen"``, see :meth:`~plurel_prob.rfm.rows.tasks.RowTask.known`.
        method: its name.
        figures: by metric, see :func:`~plurel_prob.rfm.evaluation.metrics.figures`.
        counts: of rows.
        seconds: taken.
    """

    task: str
    split: str
    regime: str
    method: str
    figures: dict[str, Figure]
    counts: Counts
    seconds: float

    def records(self) -> list[dict[str, Any]]:
        """A record for each metric; what is not defined is None."""
        place = {name: getattr(self, name) for name in ("task", "split", "regime", "method")}
        found = []
        for metric, figure in self.figures.items():
            shown = {name: value if np.isfinite(value) else None for name, value in figure._asdict().items()}
            found.append(place | {"metric": metric} | shown | self.counts._asdict() | {"seconds": round(self.seconds, 2)})
        return found


def task_names(folder: Path, chosen: Sequence[str] = ()) -> list[str]:
    """Tasks of a database that can be predicted: binary classification and regression.

    Raises:
        DatabaseError: it has none, or a chosen one is not among them.
    """
    found = [task.name for task in manifests_of(folder) if task.task_type in ("binary_classification", "regression")]
    missing = [name for name in chosen if name not in found]
    if missing or not found:
        asked = f"no task {missing[0]}" if missing else "no task"
        hint = f"there are {', '.join(found)}" if found else f"`plurel-prob tasks {folder}` writes some"
        raise DatabaseError(f"{folder}: has {asked} of binary classification or regression; {hint}")
    return list(chosen) or found


def evaluate(
    task: RowTask,
    methods: Mapping[str, Method],
    *,
    split: str = "test",
    regime: Regime = "rolling",
    max_row: int | None = None,
    on_method: Callable[[str], None] = lambda name: None,
) -> Iterator[Evaluation]:
    """Evaluate methods on a task, one after another.

    Args:
        task: see :func:`plurel_prob.rfm.rows.tasks.read_task`.
        methods: by name, see :data:`plurel_prob.rfm.evaluation.methods.BASELINES`.
        split: ``"val"`` or ``"test"``.
        regime: what is known of rows, see :class:`~plurel_prob.rfm.evaluation.problem.Problem`.
        max_row: rows that are predicted, a sample of those with a label, the same for all methods; all by default.
        on_method: called with the name of each method before it predicts.

    Raises:
        DatabaseError: no row has a label, or none is known when the split begins.
    """
    problem = Problem(task, split, regime, max_row)
    label, std, weights = problem.rows.value, deviation(problem), bootstrap(problem.rows.entity)
    counts = Counts(
        n_row=len(label),
        n_of=int(np.isfinite(task.labels[split].value).sum()),
        n_positive=int(label.sum()) if task.question.kind == "binary" else None,
        n_entity=len(np.unique(problem.rows.entity)),
        n_known=len(problem.context),
    )
    for name, method in methods.items():
        on_method(name)
        start = time.perf_counter()
        prediction = method(problem)
        seconds = time.perf_counter() - start
        found = figures(task.question.kind, label, prediction, std, weights)
        yield Evaluation(task.name, split, regime, name, found, counts, seconds)


def deviation(problem: Problem) -> float:
    """Standard deviation of the training labels, as RelBench has it; 1 of those that have none."""
    stored = getattr(problem.task.loaded, "nmae_std", None)
    train = problem.train.value
    return float(stored or (train.std(ddof=1) if len(train) > 1 else 0)) or 1.0
