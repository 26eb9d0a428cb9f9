"""When the rows of a draw's tables are: no row is earlier than those that it refers to."""

import numpy as np
import pandas as pd
from jaxtyping import Int

from plurel_prob.blocks import BLOCK, block_at
from plurel_prob.databases.times import TimeLaw, evenly_spaced, times_of
from plurel_prob.models.database import Draw

EPOCH = pd.Timestamp("1970-01-01")
HOUR = 3600  # seconds
Microseconds = Int[np.ndarray, " row"]  # since 1970


def held_rows(draw: Draw, table: int) -> np.ndarray:
    """Rows of a table that a draw holds, in ascending order: all, unless it was drawn for some."""
    position = np.arange(int(draw.stages.held.n[table]))
    block = block_at(position, draw.stages.held.skipped[table])
    row = (block[:, None] * BLOCK + np.arange(BLOCK)).reshape(-1)
    return row[row < draw.stages.schema.n_row[table]]


def window_of(draw: Draw) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a draw."""
    first, last = (EPOCH + pd.Timedelta(days=int(day)) for day in draw.stages.schema.window)
    return first, last


class RowTimes:
    """Times of the rows of a draw's tables; each table's are computed once. They ascend, and no row is earlier than its parents.

    A table's own times ascend (:func:`plurel_prob.databases.times.times_of`, or evenly spaced). Where parents are late, that is,
    have times or late parents themselves, a row comes after the latest of its parents by the table's lag instead; such rows are
    in the order of their parents (:func:`plurel_prob.models.links.late_tables`), so that their times ascend, too. A row of a
    table without times is as late as the latest of its parents, for the rows that refer to it.
    """

    def __init__(self, draw: Draw):
        self.draw, self.found = draw, dict[int, Microseconds]()
        first, last = window_of(draw)
        self.start, self.end = (_microseconds(day) for day in (first, last + pd.Timedelta(days=1)))
        self._is_late = np.array(draw.stages.schema.has_time, bool)
        for table in draw.stages.schema.order[: int(draw.stages.schema.n_table)].tolist():  # parents first
            self._is_late[table] |= self._is_late[self._parents(table)].any()

    def of(self, table: int) -> Microseconds:
        """Times of the rows of a table that the draw holds."""
        if table not in self.found:
            self.found[table] = self._of(table)
        return self.found[table]

    def is_late(self, table: int) -> bool:
        """Whether rows of a table are not there from the start."""
        return bool(self._is_late[table])

    def _parents(self, table: int) -> list[int]:
        schema = self.draw.stages.schema
        return [int(parent) for parent in schema.parent_table[table, : schema.n_parent[table]]]

    def _of(self, table: int) -> Microseconds:
        schema, row, law = self.draw.stages.schema, held_rows(self.draw, table), self._law(table)
        latest = self._latest(table, len(row))
        if not schema.has_time[table]:
            return latest
        first, last = window_of(self.draw)
        if any(map(self.is_late, self._parents(table))):
            time = latest + (0 if law is None else int(float(self.draw.sites["features/time_lag"][table]) * 1e6))
        elif law is None:
            return _integers(evenly_spaced(first, last, int(schema.n_row[table]), row))
        else:
            time = _integers(times_of(law, first, last, int(schema.n_row[table]), row))
        grain = 1 if law is None else law.grain * 1_000_000
        return np.maximum(np.minimum(time, self.end - 1) // grain * grain, latest)

    def _latest(self, table: int, n: int) -> Microseconds:
        """Times of the latest parents of a table's rows; the start of the window without any."""
        latest, parent_row = np.full(n, self.start), self.draw.stages.links.parent_row
        for slot, parent in enumerate(self._parents(table)):
            if self.is_late(parent):
                latest = np.maximum(latest, self.of(parent)[parent_row[table, slot, :n]])
        return latest

    def _law(self, table: int) -> TimeLaw | None:
        """What the times of a table follow; None: they are evenly spaced."""
        sites = self.draw.sites
        if "features/time_grain" not in sites:
            return None
        grain, burst, trend, season = (sites[f"features/time_{name}"][table] for name in ("grain", "burst", "trend", "season"))
        is_short = 20_000_000 * int(grain) > self.end - self.start  # most rows would be at one time
        key = np.asarray(sites["features/time_key"][table])
        return TimeLaw(HOUR if is_short else int(grain), float(burst), float(trend), float(season), key)


def _microseconds(time: pd.Timestamp) -> int:
    return int(time.as_unit("us").asm8.astype(np.int64))


def _integers(times: pd.DatetimeIndex) -> Microseconds:
    return times.to_numpy().astype("datetime64[us]").astype(np.int64)
