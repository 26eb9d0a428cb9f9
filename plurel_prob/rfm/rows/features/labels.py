"""Labels of a task, and from when on they are known."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64


@dataclass(frozen=True)
class Labels:
    """Labels of a task.

    Attributes:
        entity: row of the entity's table that a label is of; -1 where there is none.
        time: its timestamp, in microseconds since 1970.
        value: the label, a boolean as 0 or 1; NaN where there is none.
    """

    entity: Int64[np.ndarray, " label"]
    time: Int64[np.ndarray, " label"]
    value: Float64[np.ndarray, " label"]

    def __len__(self) -> int:
        return len(self.value)

    def present(self) -> "Labels":
        """Those that have a value."""
        return Labels(*(part[~np.isnan(self.value)] for part in (self.entity, self.time, self.value)))

    def __getitem__(self, which: Bool[np.ndarray, " label"] | Int64[np.ndarray, " chosen"]) -> "Labels":
        """Some of them."""
        return Labels(self.entity[which], self.time[which], self.value[which])

    def of(self, parent: Int64[np.ndarray, " entity"]) -> "Labels":
        """The same labels, as those of the entities' parents; -1 where there is none."""
        return replace(self, entity=np.append(parent, -1)[self.entity])

    def later(self, wait: int) -> "Labels":
        """The same labels, dated when they are known: ``wait`` microseconds after their timestamp."""
        return replace(self, time=self.time + wait)


def concatenate(first: Labels, second: Labels) -> Labels:
    """Labels of two splits."""
    pairs = zip((first.entity, first.time, first.value), (second.entity, second.time, second.value), strict=True)
    return Labels(*(np.concatenate(pair) for pair in pairs))
