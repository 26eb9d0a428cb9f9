"""A batch of contexts: what the sampler gives and the network takes."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int8, Int32

PADDING = -1  # kind, column and row of a place without a cell; parent: none


class Batch(NamedTuple):
    """Contexts of a fixed length. The cells of a context are in its first places, in order of their rows, the target in place 0.

    Attributes:
        kind: NUMBER, BOOLEAN, DATETIME or TEXT of :mod:`plurel_prob.rfm.columns`; -1: padding.
        value: normalised number, boolean or datetime; 0 for a text, for padding, and for what is masked.
        text: id of a text in the vocabulary; 0 otherwise.
        name: id of "<column> of <table>" in the vocabulary; 0 for padding.
        column: equal within a context for cells of the same column of the same table only; -1: padding.
        row: number of the cell's row within the context, 0 for the target's; -1: padding.
        parent: numbers of the rows that the cell's row refers to, a foreign key a slot; -1: none, not in the context, or padding.
        log_odds: of the rate of true cells of a boolean's column in the training split, where predictions start; 0 otherwise.
        is_masked: cells whose values are to be predicted: the target and, in training, others.
        masked: their values: normalised if it is a number, 0 or 1 if it is a boolean; 0 for cells that are not masked.
        mean: of the target's column: a number is ``mean + std * target``; 0 for a boolean.
        std: of the target's column; 1 for a boolean.
    """

    kind: Int8[np.ndarray, "context token"]
    value: Float32[np.ndarray, "context token"]
    text: Int32[np.ndarray, "context token"]
    name: Int32[np.ndarray, "context token"]
    column: Int32[np.ndarray, "context token"]
    row: Int32[np.ndarray, "context token"]
    parent: Int32[np.ndarray, "context token slot"]
    log_odds: Float32[np.ndarray, "context token"]
    is_masked: Bool[np.ndarray, "context token"]
    masked: Float32[np.ndarray, "context token"]
    mean: Float32[np.ndarray, " context"]
    std: Float32[np.ndarray, " context"]

    @property
    def target(self) -> Float32[np.ndarray, " context"]:
        """The targets' values."""
        return self.masked[:, 0]
