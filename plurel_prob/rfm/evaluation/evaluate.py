"""Figures of a network and of baselines on the tasks of a database, by RelBench's evaluators."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from sklearn.metrics import r2_score

from plurel_prob.databases.manifest import read_task_manifest
from plurel_prob.errors import DatabaseError
from plurel_prob.files import temporary_folder, within
from plurel_prob.rfm.cells.predict import predict
from plurel_prob.rfm.cells.training import Run, TaskData, train
from plurel_prob.rfm.evaluation.baselines import BASELINES

SPLITS = ("val", "test")
NETWORK, FINE_TUNED = "zero-shot", "fine-tuned"


class Evaluation(NamedTuple):
    """How well a method predicts a split of a task.

    Attributes:
        task: name of the task.
        split: ``"val"`` or ``"test"``.
        method: ``"zero-shot"``, ``"fine-tuned"``, or a baseline.
        figures: ``AUROC`` of a binary task; ``NMAE`` and ``R2`` of a regression.
        seconds: taken.
    """

    task: str
    split: str
    method: str
    figures: dict[str, float]
    seconds: float


def task_names(folder: Path, chosen: Sequence[str] = ()) -> list[str]:
    """Tasks of a database that can be predicted: binary classification and regression.

    Raises:
        DatabaseError: it has none, or a chosen one is not among them.
    """
    if not folder.is_dir():
        raise DatabaseError(f"{folder}: no such folder")
    found = []
    for path in sorted((folder / "tasks").glob("*/manifest.yaml")):
        if read_task_manifest(within(folder, path.relative_to(folder).as_posix())).task_type in (
            "binary_classification",
            "regression",
        ):
            found.append(path.parent.name)
    missing = [name for name in chosen if name not in found]
    if missing or not found:
        asked = f"no task {missing[0]}" if missing else "no task"
        hint = f"there are {', '.join(found)}" if found else f"`plurel-prob tasks {folder}` writes some"
        raise DatabaseError(f"{folder}: has {asked} of binary classification or regression; {hint}")
    return list(chosen) or found


def evaluate(
    run: Run,
    folder: Path,
    task: str,
    *,
    splits: Sequence[str] = SPLITS,
    context_length: int | None = None,
    fine_tuning: int = 0,
    baselines: bool = True,
    on_progress: Callable[[str], None] = lambda what: None,
) -> Iterator[Evaluation]:
    """Evaluate a network and baselines on a task, one after another.

    Args:
        run: a trained network.
        folder: of a database in RelBench format.
        task: its name.
        splits: of the task.
        context_length: cells of a context; by default as many as in training.
        fine_tuning: steps of training on the training labels, with the settings of the run; 0: none.
        baselines: whether they are evaluated too.
        on_progress: called with what is done next.

    Raises:
        DatabaseError: see :func:`plurel_prob.rfm.cells.contexts.task_targets`.
    """
    from plurel_prob.rfm.rows.tasks import read_task

    rows = read_task(folder, task)
    methods: dict[str, Callable[[str], Float64[np.ndarray, " row"]]] = {}
    for name, baseline in BASELINES.items() if baselines else ():
        methods[name] = lambda split, baseline=baseline: baseline(rows, split)  # type: ignore[misc]

    def network(run: Run, what: str, split: str) -> Float64[np.ndarray, " row"]:
        def tell(n: int, of: int) -> None:
            on_progress(f"{task}, {split}: {what}, {n:,} of {of:,} rows")

        return predict(run, folder, task, split, context_length=context_length, on_batch=tell)

    methods[NETWORK] = lambda split: network(run, NETWORK, split)
    if fine_tuning:
        on_progress(f"{task}: fine-tuning")
        tuned = fine_tuned(run, folder, task, fine_tuning, context_length)
        methods[FINE_TUNED] = lambda split: network(tuned, FINE_TUNED, split)
    for split in splits:
        for name, method in methods.items():
            on_progress(f"{task}, {split}: {name}")
            start = time.perf_counter()
            prediction = method(split)
            yield Evaluation(task, split, name, figures_of(rows.loaded, split, prediction), time.perf_counter() - start)


def fine_tuned(run: Run, folder: Path, task: str, n_step: int, context_length: int | None = None) -> Run:
    """Train a network further on the training labels of a task, at a fifth of the learning rate."""
    config = replace(run.config, n_step=n_step, learning_rate=run.config.learning_rate / 5, n_masked=1, n_pair=(0, 0))
    config = replace(config, context_length=context_length or config.context_length)
    data = TaskData(folder, task, config.context_length)
    with temporary_folder() as folder_of_run:
        return train(data, folder_of_run / "run", config, init=run.model, checkpoint_every=n_step)


def figures_of(loaded: Any, split: str, prediction: Float64[np.ndarray, " row"]) -> dict[str, float]:
    """AUROC of a binary task; NMAE and R2 of a regression."""
    table = loaded.get_table(split, mask_input_cols=False)
    if len(table.df) != len(prediction):
        n = len(table.df) - len(prediction)
        raise DatabaseError(f"task {loaded.name}: {n:,} labels of the split {split} are missing, or of rows that are not there")
    figures: Mapping[str, float] = loaded.evaluate(prediction, table)
    if loaded.task_type.value == "binary_classification":
        return {"AUROC": float(figures["roc_auc"])}
    return {"NMAE": float(figures["nmae"]), "R2": float(r2_score(table.df[loaded.target_col], prediction))}
