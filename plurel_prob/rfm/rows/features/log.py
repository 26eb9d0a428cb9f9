"""What was known of a parent at a time: its rows in another table, up to then."""

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.rfm.columns import NEVER, STATIC

Positions = Int64[np.ndarray, " query"]


class Log:
    """Rows by the parent that they refer to, in order of time.

    Sums are taken within a parent in that order, so that what is said of a time has no trace of later rows, not in its last bit.

    Args:
        parent: row of the parent's table; negative where there is none.
        time: from when on a row is seen; STATIC: always, NEVER: by no other.
        values: columns of numbers, with missing ones.
    """

    def __init__(self, parent: Int64[np.ndarray, " row"], time: Int64[np.ndarray, " row"], values: pd.DataFrame):
        row = np.flatnonzero((parent >= 0) & (time != NEVER))
        row = row[np.lexsort((time[row], parent[row]))]
        self.time, self.columns = time[row], list(values)
        self._clock = np.unique(self.time)
        self._place = self._code(parent[row], np.searchsorted(self._clock, self.time))
        self._parent = parent[row]
        self._values = values.iloc[row].reset_index(drop=True)

    def _code(self, parent: Positions, place: Positions) -> Positions:
        return parent * (len(self._clock) + 1) + place

    def start(self, parent: Positions) -> Positions:
        """Position of a parent's first row."""
        return np.searchsorted(self._place, self._code(parent, np.zeros_like(parent)))

    def end(self, parent: Positions, time: Positions) -> Positions:
        """Position after a parent's last row that is seen at a time."""
        return np.searchsorted(self._place, self._code(parent, np.searchsorted(self._clock, time, side="right")))

    def last_time(self, start: Positions, end: Positions) -> Float64[np.ndarray, " query"]:
        """Time of a parent's last row before a position; NaN where there is none, or it is always there."""
        time = np.where(self.time == STATIC, np.nan, self.time.astype(np.float64))
        return _upto(time[:, None], start, end, np.nan)[:, 0]

    def means(self, start: Positions, *until: tuple[Positions, Positions]) -> list[Float64[np.ndarray, "query column"]]:
        """Means of every column between pairs of positions of a parent whose first is ``start``; NaN where there is no value."""
        by_parent = self._values.fillna(0.0).groupby(self._parent), self._values.notna().astype(float).groupby(self._parent)
        totals, counts = (group.cumsum().to_numpy() for group in by_parent)
        means = []
        for first, last in until:
            count = _upto(counts, start, last) - _upto(counts, start, first)
            total = _upto(totals, start, last) - _upto(totals, start, first)
            means.append(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))
        return means

    def extremes(self, start: Positions, end: Positions) -> list[Float64[np.ndarray, "query column"]]:
        """Last, smallest and largest value of every column up to a position; NaN where there is none."""
        values = self._values
        last = values.groupby(self._parent).ffill()
        smallest = values.fillna(np.inf).groupby(self._parent).cummin()
        largest = values.fillna(-np.inf).groupby(self._parent).cummax()
        found = (_upto(frame.to_numpy(), start, end, np.nan) for frame in (last, smallest, largest))
        return [np.where(np.isfinite(value), value, np.nan) for value in found]


def _upto(
    running: Float64[np.ndarray, "row column"], start: Positions, end: Positions, none: float = 0.0
) -> Float64[np.ndarray, "query column"]:
    """What runs along a parent's rows, after the rows before ``end``."""
    if not len(running):
        return np.full((len(end), running.shape[1]), none)
    return np.where((end > start)[:, None], running[np.maximum(end - 1, 0)], none)
