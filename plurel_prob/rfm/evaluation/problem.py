"""What is to be predicted: rows of a split, from labelled rows before it."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import Labels, concatenate
from plurel_prob.rfm.rows.learner.laws import Labelled
from plurel_prob.rfm.rows.tasks import Regime, RowTask


class Prediction(NamedTuple):
    """What a method says of rows.

    Attributes:
        mean: the chance of the positive class, or the number that is expected.
        median: of a number; None: the mean stands for it.
        quantiles: of a number, at :data:`~plurel_prob.rfm.rows.learner.laws.LEVELS`; None: the method has none.
    """

    mean: Float64[np.ndarray, " row"]
    median: Float64[np.ndarray, " row"] | None = None
    quantiles: Float64[np.ndarray, "row level"] | None = None


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
        known = self.task.learned(self.split)
        if not len(known):
            raise DatabaseError(
                f"task {self.task.name}: no label is known when the split {self.split} begins; nothing can be learned"
            )
        return known

    @cached_property
    def labelled(self) -> Labelled:
        """Features of what is learned from, and its labels."""
        values = self.features[: len(self.context)]
        return Labelled(values, self.context.value, self.context.time, self.task.question.kind)

    @property
    def query(self) -> Float32[np.ndarray, "row feature"]:
        """Features of the rows."""
        return self.features[len(self.context) :]

    @cached_property
    def features(self) -> Float32[np.ndarray, "labelled_and_row feature"]:
        """Features of labelled rows, then of those to predict."""
        return self.task.features(concatenate(self.context, self.rows), self.split, self.regime).values

    @property
    def train(self) -> Labels:
        """Labels of the training split."""
        return self.task.labels["train"].present()
