"""The mean of the training labels, whatever the row."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from plurel_prob.rfm.evaluation.baselines.labels import read_labels, training_labels


def mean(task: Any, split: str) -> Float64[np.ndarray, " row"]:
    """Predict the mean of the training labels: of a binary one, the rate of the positive class.

    Args:
        task: of :func:`plurel_prob.tasks.load.load_task`.
        split: ``"val"`` or ``"test"``.

    Raises:
        DatabaseError: the task has no training labels, or see :func:`read_labels`.
    """
    return np.full(len(read_labels(task, split)), training_labels(task).value.mean())
