"""Loss on tasks of databases that are held out."""

from collections import defaultdict

import numpy as np

from plurel_prob.rfm.rows.features import KINDS
from plurel_prob.rfm.rows.network import RowNetwork, prepare
from plurel_prob.rfm.rows.training.config import RowTrainingConfig
from plurel_prob.rfm.rows.training.data import RowData
from plurel_prob.rfm.rows.training.steps import new_network, task_losses
from plurel_prob.rfm.rows.training.tasks import SOURCES

N_VALIDATION = 192  # tasks, or more to fill the last batch
SEED = 1  # of the tasks, whatever the run's, so that runs can be compared


class ValidationTasks:
    """A fixed sample of tasks.

    Attributes:
        batches: the tasks.
        name: of each, its source and kind (``forecast_number``).
        untrained: loss of the untrained network on each.
    """

    def __init__(self, data: RowData, config: RowTrainingConfig, n_task: int | None = None):
        self.config, n_batch = config, -(-(n_task or N_VALIDATION) // config.batch_size)
        self.batches = [data.batch(SEED, k, config.batch_size) for k in range(n_batch)]
        kinds = [(part.source[i], part.batch.kind[i]) for part in self.batches for i in range(config.batch_size)]
        self.names = [f"{SOURCES[source]}_{KINDS[kind]}" for source, kind in kinds]
        self.untrained = self.losses(new_network(config))

    def losses(self, model: RowNetwork) -> np.ndarray:
        """Loss of a network on each task."""
        return np.concatenate([np.asarray(task_losses(model, prepare(part.batch))) for part in self.batches])

    def figures(self, model: RowNetwork) -> dict[str, float]:
        """Mean loss of a network and of the untrained one: of all tasks, and of each source and kind."""
        told: dict[str, float] = {}
        for name, loss in {"validation": self.losses(model), "untrained": self.untrained}.items():
            groups: dict[str, list[float]] = defaultdict(list)
            for group, value in zip(self.names, loss.tolist(), strict=True):
                groups[group].append(value)
            told[f"{name}_loss"] = float(loss.mean())
            told |= {f"{name}_loss_{group}": float(np.mean(groups[group])) for group in sorted(groups)}
        return told
