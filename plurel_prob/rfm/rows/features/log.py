"""What was known of a parent at a time: its rows in another table, up to then."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64

from plurel_prob.rfm.rows.features.kernel import aggregate, count_rows, find, offsets, sort_rows
from plurel_prob.rfm.rows.features.question import DAY
from plurel_prob.spill import empty, gathered, kept

Positions = Int64[np.ndarray, " query"]


class LogSpan(NamedTuple):
    """Positions of a log's rows that queries see.

    Attributes:
        now: times of the queries.
        start: the first row of a query's parent.
        end: after the last that is seen.
        first: the first in every window.
    """

    now: Positions
    start: Positions
    end: Positions
    first: Int64[np.ndarray, "window query"]


class Log:
    """Rows by the parent that they refer to, in order of time.

    Args:
        parent: row of the parent's table; negative where there is none.
        time: from when on a row is seen; STATIC: always, NEVER: by no other.

    Attributes:
        row: rows in the log's order.
        time: theirs.
    """

    def __init__(self, parent: Int64[np.ndarray, " row"], time: Int64[np.ndarray, " row"]):
        self._offset = offsets(parent, time, int(parent.max(initial=-1)) + 1)
        self.row = empty((int(self._offset[-1]),), np.int64)
        is_sorted = (time[1:] >= time[:-1]).all()
        sort_rows(parent, time, np.argsort(time[: 0 if is_sorted else None], kind="stable"), self._offset, self.row)
        self.time = kept(gathered(time, self.row))

    def span(self, parent: Positions, now: Positions, windows: Sequence[int] = ()) -> LogSpan:
        """Rows of parents up to a time, and in windows before it: those later than its start, up to the time."""
        start, end, first = np.empty_like(parent), np.empty_like(parent), np.empty((len(windows), len(parent)), np.int64)
        find(self._offset, self.time, parent, now, np.array(windows, np.int64), start, end, first)
        return LogSpan(now, start, end, first)

    def count(self, span: LogSpan, column: Int32[np.ndarray, " statistic"], out: Float32[np.ndarray, "column query"]) -> None:
        """Write statistics of rows, times in days, into the columns of ``out``; see :func:`count_rows`."""
        count_rows(self.time, *span[1:], span.now, DAY, column, out)

    def aggregate(
        self,
        values: Float64[np.ndarray, "signal row"],
        span: LogSpan,
        column: Int32[np.ndarray, "signal statistic"],
        out: Float32[np.ndarray, "column query"],
    ) -> None:
        """Write statistics of values, in the log's order, into the columns of ``out``; see :func:`aggregate`."""
        aggregate(values, *span[1:], np.lexsort((span.end, span.start)), column, out)
