"""What is to be predicted: rows of a split, from labelled rows before it."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import Kind, Labels, concatenate
from plurel_prob.rfm.rows.tasks import Regime, RowTask

LEVELS = np.arange(1, 20) / 20  # of quantiles


class Prediction(NamedTuple):
    """What a method says of rows.

    Attributes:
        mean: the chance of the positive class, or the number that is expected.
        median: of a number; None: the mean stands for it.
        quantiles: of a number, at :data:`LEVELS`; None: the method has none.
    """

    mean: Float64[np.ndarray, " row"]
    median: Float64[np.ndarray, " row"] | None = None
    quantiles: Float64[np.ndarray, "row level"] | None = None


class Examples(NamedTuple):
    """Features of labelled rows and of those to predict.

    Attributes:
        kind: of the labels.
        x: features of labelled rows; NaN where a row has none.
        y: their labels.
        time: from when on they are seen, in microseconds since 1970.
        query: features of the rows to predict.
    """

    kind: Kind
    x: Float32[np.ndarray, "label feature"]
    y: Float64[np.ndarray, " label"]
    time: Int64[np.ndarray, " label"]
    query: Float32[np.ndarray, "row feature"]

    def of(self, chosen: Int64[np.ndarray, " chosen"]) -> "Examples":
        """The same rows to predict, from some of the labelled ones."""
        return self._replace(x=self.x[chosen], y=self.y[chosen], time=self.time[chosen])


@dataclass(frozen=True)
class Problem:
    """Rows of a task's split that are to be predicted: those with a label, or a sample of them.

    Labelled rows are those whose labels are known when the split begins, in both regimes. Rolling, features of a row show all
    that was known at its own time, labels of the split, too; frozen, nothing after the split's begin.

    Attributes:
        task: what is predicted.
        split: ``"val"`` or ``"test"``.
        regime: see :meth:`~plurel_prob.rfm.rows.tasks.RowTask.known`.
        max_row: rows of the sample; None: all.
    """

    task: RowTask
    split: str
    regime: Regime
    max_row: int | None = None

    @cached_property
    def idx(self) -> Int64[np.ndarray, " row"]:
        """Positions of the rows in the split, in its order.

        Raises:
            DatabaseError: no row has a label.
        """
        idx = np.flatnonzero(~np.isnan(self.task.labels[self.split].value))
        if not len(idx):
            raise DatabaseError(
                f"task {self.task.name}: no row of the split {self.split} has a label; there is nothing to compare with"
            )
        if self.max_row is None or len(idx) <= self.max_row:
            return idx
        return np.sort(np.random.default_rng(0).choice(idx, self.max_row, replace=False))

    @cached_property
    def rows(self) -> Labels:
        """The rows, with their labels."""
        return self.task.labels[self.split][self.idx]

    @cached_property
    def context(self) -> Labels:
        """Labels that are known when the split begins."""
        labels = self.task.context(self.split)
        known = labels[labels.time + self.task.question.wait <= self.task.cut(self.split)]
        if not len(known):
            raise DatabaseError(
                f"task {self.task.name}: no label is known when the split {self.split} begins; nothing can be learned"
            )
        return known

    @cached_property
    def examples(self) -> Examples:
        """Their features."""
        rows = concatenate(self.context, self.rows)
        values, n = self.task.features(rows, self.split, self.regime).values, len(self.context)
        return Examples(self.task.question.kind, values[:n], self.context.value, self.context.time, values[n:])

    @property
    def train(self) -> Labels:
        """Labels of the training split."""
        return self.task.labels["train"].present()
