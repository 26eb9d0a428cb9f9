"""Cells to be predicted."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from plurel_prob.rfm.cells.contexts.data import RelationalData


class Targets(NamedTuple):
    """Cells to be predicted.

    Attributes:
        database: number of the database among those of a sampler.
        row: number of the row in it.
        column: number of the column in it.
    """

    database: Int32[np.ndarray, " target"]
    row: Int32[np.ndarray, " target"]
    column: Int32[np.ndarray, " target"]


def pretraining_targets(data: RelationalData, database: int = 0) -> Targets:
    """All cells of a database that pretraining can predict, column by column.

    They are the numbers and booleans; texts and datetimes are none, as there is no loss for them that would tell much. A column
    needs at least ten values, two of them different. With ``until`` only rows up to then count.

    Args:
        data: the database.
        database: its number among those of a sampler.
    """
    rows = data.target_rows
    column = np.repeat(np.fromiter(rows, np.int32), [len(part) for part in rows.values()])
    row = np.concatenate([np.empty(0, np.int32), *rows.values()])
    return Targets(np.full(len(row), database, np.int32), row, column)
