"""What is predicted of a row: a law of its label, as numbers that can be averaged."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from plurel_prob.rfm.rows.features import Kind

LEVELS = np.linspace(0.05, 0.95, 19)
MEDIAN = 1 + len(LEVELS) // 2  # its place in the law of a number
MIN_CHANCE = 1e-6  # of a class that a member is sure of
# Of a binary label: the chance of 1, one part. Of classes: the chance of each. Of a number: the mean, then quantiles at LEVELS.
Law = Float64[np.ndarray, "row part"]
HeldLaw = Float64[np.ndarray, "held part"]


class Labelled(NamedTuple):
    """Rows with features, whose labels are known.

    Attributes:
        x: features, NaN where a row has none.
        y: 0 or 1; a number; a class, counted from 0.
        time: of each row, in microseconds since 1970.
        kind: of the labels.
        n_class: number of classes; 0 of other kinds.
    """

    x: Float32[np.ndarray, "row feature"]
    y: Float64[np.ndarray, " row"]
    time: Int64[np.ndarray, " row"]
    kind: Kind
    n_class: int = 0

    def __len__(self) -> int:
        return len(self.y)

    def of(self, which: Bool[np.ndarray, " row"] | Int64[np.ndarray, " chosen"]) -> "Labelled":
        """Some of the rows."""
        return Labelled(self.x[which], self.y[which], self.time[which], self.kind, self.n_class)


def losses(law: Law, y: Float64[np.ndarray, " row"], kind: Kind) -> Float64[np.ndarray, " row"]:
    """Loss of each row: minus the log of the chance of its label; of a number twice the mean pinball loss of its quantiles."""
    if kind == "number":
        behind = y[:, None] - law[:, 1:]
        return 2 * np.maximum(LEVELS * behind, (LEVELS - 1) * behind).mean(1)
    chance = np.where(y == 1, law[:, 0], 1 - law[:, 0]) if kind == "binary" else law[np.arange(len(y)), y.astype(np.int64)]
    return -np.log(np.clip(chance, MIN_CHANCE, 1))


def log_odds(chance: Float64[np.ndarray, "*row"]) -> Float64[np.ndarray, "*row"]:
    """Log-odds of chances, neither of which is sure."""
    chance = np.clip(chance, MIN_CHANCE, 1 - MIN_CHANCE)
    return np.log(chance / (1 - chance))


def sigmoid(x: Float64[np.ndarray, "*row"]) -> Float64[np.ndarray, "*row"]:
    """Chance with these log-odds."""
    return 0.5 * (1 + np.tanh(0.5 * x))
