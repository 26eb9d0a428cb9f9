"""A database as arrays that contexts are drawn from."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int32

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts.kernel import RowGraph
from plurel_prob.rfm.columns import BOOLEAN, NEVER, NUMBER

MIN_VALUE = 10  # values that a column needs to be a target of pretraining
MIN_RATE = 1e-6  # of true cells, and of false ones, that a column counts as having


@dataclass(frozen=True)
class NormalisedColumn:
    """A column of a table: its kind, and the mean and standard deviation that its cells are normalised with."""

    table: str
    name: str
    kind: int
    mean: float
    std: float

    @property
    def log_odds(self) -> float:
        """Of booleans, log-odds of the rate of true cells, kept off 0 and 1 by :data:`MIN_RATE`; 0 of others."""
        if self.kind != BOOLEAN:
            return 0.0
        rate = min(max(self.mean, MIN_RATE), 1 - MIN_RATE)
        return math.log(rate / (1 - rate))


@dataclass(frozen=True)
class RelationalData:
    """A database, ready for contexts; see :func:`relational_data`.

    Attributes:
        name: of the database.
        columns: of all tables, in the order of their numbers.
        table_start: number of a table's first row.
        graph: the arrays.
        until: last time that any context sees, in microseconds since 1970.
    """

    name: str
    columns: tuple[NormalisedColumn, ...]
    table_start: dict[str, int]
    graph: RowGraph
    until: int

    def column(self, table: str, name: str) -> int:
        """Number of a column.

        Raises:
            DatabaseError: there is none; it can be a key, constant in the training split, or removed.
        """
        for i, column in enumerate(self.columns):
            if (column.table, column.name) == (table, name):
                return i
        raise DatabaseError(f"{self.name}: {table}.{name} is no column of cells: a key, constant up to validation, or missing")

    @cached_property
    def target_rows(self) -> dict[int, Int32[np.ndarray, " row"]]:
        """Rows of each column that pretraining can predict: see :func:`plurel_prob.rfm.cells.contexts.pretraining_targets`."""
        graph, found = self.graph, {}
        cell_row = np.repeat(np.arange(len(graph.time), dtype=np.int32), np.diff(graph.cell_start))
        is_target = np.isin(graph.kind[graph.cell_column], (NUMBER, BOOLEAN)) & (graph.time[cell_row] <= self.until)
        cell = np.flatnonzero(is_target & (graph.time[cell_row] < NEVER))
        cell = cell[np.argsort(graph.cell_column[cell], kind="stable")]
        for part in np.split(cell, np.flatnonzero(np.diff(graph.cell_column[cell])) + 1):
            if len(part) >= MIN_VALUE and np.ptp(graph.value[part]) > 0:
                found[int(graph.cell_column[part[0]])] = cell_row[part]
        return found
