"""Tasks as arrays: rows of features, the labels of some, and which of them are asked for."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int

BINARY, NUMBER, CLASSES = range(3)  # kinds of tasks
N_CLASS = 10  # classes of a task at most
LEVELS = np.linspace(0.05, 0.95, 19, dtype=np.float32)  # of predicted quantiles


class RowBatch(NamedTuple):
    """Some tasks; rows that are neither context nor query are padding.

    Attributes:
        x: features, NaN where a row has none; a feature without any value is padding.
        y: labels: 0 or 1; a number, normalised by mean and standard deviation of the task's context; the number of a class.
        is_context: the label is given.
        is_query: the label is asked for.
        kind: of the task: ``BINARY``, ``NUMBER`` or ``CLASSES``.
    """

    x: Float32[np.ndarray, "task row feature"]
    y: Float32[np.ndarray, "task row"]
    is_context: Bool[np.ndarray, "task row"]
    is_query: Bool[np.ndarray, "task row"]
    kind: Int[np.ndarray, " task"]


class Split(NamedTuple):
    """Contexts and queries apart; a label that is NaN marks padding."""

    context_x: Float32[np.ndarray, "task context feature"]
    context_y: Float32[np.ndarray, "task context"]
    query_x: Float32[np.ndarray, "task query feature"]
    query_y: Float32[np.ndarray, "task query"]
    kind: Int[np.ndarray, " task"]


def split(batch: RowBatch, multiple: int = 1) -> Split:
    """Gather contexts and queries, padded to the largest of the batch, rounded up to ``multiple`` so that few shapes occur."""
    parts = []
    for chosen in (batch.is_context, batch.is_query):
        n_row = max(-(-int(chosen.sum(1).max()) // multiple), 1) * multiple
        order = np.argsort(~chosen, axis=1, kind="stable")[:, :n_row]
        is_real = np.take_along_axis(chosen, order, 1)
        x = np.where(is_real[..., None], np.take_along_axis(batch.x, order[..., None], 1), np.float32(np.nan))
        y = np.where(is_real, np.take_along_axis(batch.y, order, 1), np.float32(np.nan))
        missing = ((0, 0), (0, n_row - order.shape[1]))
        parts += [np.pad(x, (*missing, (0, 0)), constant_values=np.nan), np.pad(y, missing, constant_values=np.nan)]
    context_x, context_y, query_x, query_y = parts
    return Split(context_x, context_y, query_x, query_y, batch.kind)
