"""The mean of the training labels, whatever the row."""

import numpy as np
from jaxtyping import Float64

from plurel_prob.rfm.rows.tasks import RowTask


def mean(task: RowTask, split: str) -> Float64[np.ndarray, " row"]:
    """Predict the mean of the training labels: of a binary one, the rate of the positive class.

    Args:
        task: see :func:`plurel_prob.rfm.rows.tasks.read_task`.
        split: ``"val"`` or ``"test"``.
    """
    return np.full(len(task.labels[split]), task.labels["train"].present().value.mean())
