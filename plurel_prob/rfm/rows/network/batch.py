"""Tasks as arrays: the labelled rows of a context, and the rows that are asked for."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int

BINARY, NUMBER, CLASSES = range(3)  # kinds of tasks
N_CLASS = 10  # classes of a task at most
LEVELS = np.linspace(0.05, 0.95, 19, dtype=np.float32)  # of predicted quantiles


class RowBatch(NamedTuple):
    """Some tasks; rows whose label is NaN are padding.

    Attributes:
        context_x: features, NaN where a row has none; a feature without any value is padding.
        context_y: labels: 0 or 1; a number, by the mean and standard deviation of the context; the number of a class.
        query_x: features of the rows that are asked for.
        query_y: their labels.
        kind: of the task: ``BINARY``, ``NUMBER`` or ``CLASSES``.
    """

    context_x: Float32[np.ndarray, "task context feature"]
    context_y: Float32[np.ndarray, "task context"]
    query_x: Float32[np.ndarray, "task query feature"]
    query_y: Float32[np.ndarray, "task query"]
    kind: Int[np.ndarray, " task"]
