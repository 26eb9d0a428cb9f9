"""One observed foreign key, and the counts that its likelihoods need."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plurel_prob.errors import DatabaseError


@dataclass(frozen=True, eq=False)
class ObservedLinks:
    """The parent row of every child row.

    Attributes:
        parent_row: shape ``(child,)``, integers in ``[-1, n_parent)``; -1 where the key is missing. Such a child adds nothing
            to a likelihood but keeps its row, since clusters are runs of rows.
        n_parent: rows of the parent table, at least 2.

    Raises:
        DatabaseError: rows are not integers, are not rows of the parent table, or all are missing.
    """

    parent_row: np.ndarray
    n_parent: int

    def __post_init__(self) -> None:
        row = self.parent_row
        if row.ndim != 1 or row.dtype.kind not in "iu":
            raise DatabaseError(f"parent rows: needs a vector of integers, got {row.dtype} of shape {row.shape}")
        if self.n_parent < 2:
            raise DatabaseError(f"parent rows: needs a parent table of at least 2 rows, it has {self.n_parent}")
        outside = np.flatnonzero((row < -1) | (row >= self.n_parent))
        if len(outside):
            raise DatabaseError(
                f"parent rows: child {outside[0]} refers to row {row[outside[0]]} of {self.n_parent}; -1 stands for a missing key"
            )
        if not (row >= 0).any():
            raise DatabaseError("parent rows: no child has a parent; there is nothing to learn from")

    @property
    def n_child(self) -> int:
        """Rows of the child table."""
        return len(self.parent_row)

    @cached_property
    def child(self) -> np.ndarray:
        """Rows of the children that have a parent."""
        return np.flatnonzero(self.parent_row >= 0)

    @cached_property
    def parent(self) -> np.ndarray:
        """Their parents' rows."""
        return self.parent_row[self.child].astype(np.int64)

    @property
    def n_link(self) -> int:
        """Children that have a parent."""
        return len(self.child)

    @cached_property
    def degree(self) -> np.ndarray:
        """Children of every parent row."""
        return np.bincount(self.parent, minlength=self.n_parent)

    def table(self, n_parent_base: int, n_child_base: int) -> np.ndarray:
        """Links by base cluster of the parent and of the child, shape ``(parent_base, child_base)``."""
        base = self.parent // run_length(self.n_parent, n_parent_base) * n_child_base
        base += self.child // run_length(self.n_child, n_child_base)
        return np.bincount(base, minlength=n_parent_base * n_child_base).reshape(n_parent_base, n_child_base)

    def bases(self, n_parent_base: int) -> tuple[np.ndarray, np.ndarray]:
        """Parent rows and links of every base cluster of the parents that has rows."""
        first = np.arange(0, self.n_parent, run_length(self.n_parent, n_parent_base))
        return base_size(self.n_parent, n_parent_base)[: len(first)], np.add.reduceat(self.degree, first)


def run_length(n_row: int, n_base: int) -> int:
    """Rows of a full base cluster, ``ceil(n / K)``, as :class:`~plurel_prob.distributions.HSBM` has it."""
    return -(-n_row // n_base)


def base_size(n_row: int, n_base: int) -> np.ndarray:
    """Rows of every base cluster; the last ones may be short or empty."""
    run = run_length(n_row, n_base)
    return np.clip(n_row - np.arange(n_base) * run, 0, run)
