"""The transformer over cells, as a method."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from plurel_prob.files import temporary_folder
from plurel_prob.rfm.cells.predict import predict
from plurel_prob.rfm.cells.training import CellsRun, TaskData, train
from plurel_prob.rfm.evaluation.problem import Prediction, Problem


@dataclass(frozen=True)
class CellsMethod:
    """Predictions of a run of the transformer over cells: contexts hold labels of earlier splits, none of the split itself.

    Attributes:
        run: a trained network.
        context_length: cells of a context; None: as many as in training.
        n_step: of fine-tuning on a task's training labels before it predicts, with the settings of the run.
        on_batch: called with the number of rows that are predicted, and of all.
    """

    run: CellsRun
    context_length: int | None = None
    n_step: int = 0
    on_batch: Callable[[int, int], None] = lambda n, of: None
    _tuned: dict[tuple[Path, str], CellsRun] = field(default_factory=dict)

    def __call__(self, problem: Problem) -> Prediction:
        """Predict rows.

        Raises:
            DatabaseError: it does not predict the rows that have labels, or see
                :func:`plurel_prob.rfm.cells.contexts.task_targets`.
        """
        task, folder, run = problem.task.name, Path(problem.task.loaded.dataset.dataset_dir), self.run
        if self.n_step:
            if (folder, task) not in self._tuned:
                self._tuned[folder, task] = fine_tuned(run, folder, task, self.n_step, self.context_length)
            run = self._tuned[folder, task]
        has_label = ~np.isnan(problem.task.labels[problem.split].value)
        value = predict(
            run,
            folder,
            task,
            problem.split,
            context_length=self.context_length,
            chosen=np.isin(np.flatnonzero(has_label), problem.idx),
            until=problem.split if problem.regime == "frozen" else None,
            on_batch=self.on_batch,
        )
        return Prediction(value)


def fine_tuned(run: CellsRun, folder: Path, task: str, n_step: int, context_length: int | None = None) -> CellsRun:
    """Train a network further on the training labels of a task, at a fifth of the learning rate."""
    config = replace(run.config, n_step=n_step, learning_rate=run.config.learning_rate / 5, n_masked=1, n_pair=(0, 0))
    config = replace(config, context_length=context_length or config.context_length)
    data = TaskData(folder, task, config.context_length)
    with temporary_folder() as folder_of_run:
        return train(data, folder_of_run / "run", config, init=run.model, checkpoint_every=n_step)
