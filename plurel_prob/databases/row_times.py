"""When the rows of a draw's tables are: no row is earlier than those that it refers to."""

import numpy as np
import pandas as pd
from jaxtyping import Int

from plurel_prob.blocks import BLOCK, block_at
from plurel_prob.databases.times import TimeLaw, evenly_spaced, times_of
from plurel_prob.distributions import TABLE_KINDS
from plurel_prob.models.database import Draw

EPOCH = pd.Timestamp("1970-01-01")
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
    """Times of the rows of a draw's tables; each table's are computed once.

    With a :class:`plurel_prob.priors.RealisticPrior`:

    - A table's own times ascend (:func:`plurel_prob.databases.times.times_of`).
    - Where a table's rows are in the order of those of a parent that has times, a row comes after its parent by a lag, which is
      exponential; where the parent has none, the table's own times are in random order, so that they are no copy of the parents'.
    - A row that would be earlier than one of its parents is moved: the share of the window before it becomes the share of what is
      left after the latest of its parents.
    - A row of a table without times is as late as the latest of its parents, for the rows that refer to it.

    With other priors times are spread evenly, whatever parents are.
    """

    def __init__(self, draw: Draw):
        self.draw, self.found = draw, dict[int, Microseconds]()
        first, last = window_of(draw)
        self.start, self.end = (_microseconds(day) for day in (first, last + pd.Timedelta(days=1)))

    def of(self, table: int) -> Microseconds:
        """Times of the rows of a table that the draw holds."""
        if table not in self.found:
            self.found[table] = self._of(table)
        return self.found[table]

    def _of(self, table: int) -> Microseconds:
        schema, row, law = self.draw.stages.schema, held_rows(self.draw, table), self._law(table)
        if law is None:
            return _integers(evenly_spaced(*window_of(self.draw), int(schema.n_row[table]), row))
        latest = self._latest(table, len(row))
        if not schema.has_time[table]:
            return latest
        n_row, is_ordered = int(schema.n_row[table]), self._is_in_order_of_parents(table)
        if is_ordered and schema.has_time[schema.parent_table[table, 0]]:
            time = latest + self._lag(table, row)
        else:
            place = np.argsort(self._uniform(table), kind="stable")[row] if is_ordered else row
            time = _integers(times_of(law, *window_of(self.draw), n_row, place))
            share = (time - self.start) / (self.end - self.start)
            time = np.where(time < latest, latest + share * (self.end - latest), time).astype(np.int64)
        grain = law.grain * 1_000_000
        return np.maximum(np.minimum(time, self.end - 1) // grain * grain, latest)

    def _latest(self, table: int, n: int) -> Microseconds:
        """Times of the latest parents of a table's rows; the start of the window without any."""
        latest = np.full(n, self.start)
        schema, parent_row = self.draw.stages.schema, self.draw.stages.links.parent_row
        for slot in range(int(schema.n_parent[table])):
            latest = np.maximum(latest, self.of(int(schema.parent_table[table, slot]))[parent_row[table, slot, :n]])
        return latest

    def _is_in_order_of_parents(self, table: int) -> bool:
        """Whether rows are in the order of those of the first parent, once."""
        schema, sites = self.draw.stages.schema, self.draw.sites
        if schema.n_parent[table] == 0 or "links/is_sorted" not in sites:
            return False
        n_row, n_row_of_parent = int(schema.n_row[table]), int(schema.n_row[schema.parent_table[table, 0]])
        is_once = sites["links/round_size"][table, 0] * n_row_of_parent >= n_row
        is_extension = schema.kind[table] == TABLE_KINDS.index("extension")
        return bool(is_extension or (sites["links/is_sorted"][table, 0] == 1 and is_once))

    def _lag(self, table: int, row: np.ndarray) -> Microseconds:
        """Lags of rows after their parents."""
        lag = float(self.draw.sites["features/time_lag"][table])
        return (-np.log1p(-self._uniform(table)[row]) * lag * 1e6).astype(np.int64)

    def _uniform(self, table: int) -> np.ndarray:
        """A uniform number for every row of a table."""
        key = np.asarray(self.draw.sites["features/time_key"][table], np.uint64)
        return np.random.Generator(np.random.Philox(key=key)).random(int(self.draw.stages.schema.n_row[table]))

    def _law(self, table: int) -> TimeLaw | None:
        """What the times of a table follow; None: they are evenly spaced."""
        sites = self.draw.sites
        if "features/time_grain" not in sites:
            return None
        grain, burst, trend, season = (sites[f"features/time_{name}"][table] for name in ("grain", "burst", "trend", "season"))
        return TimeLaw(int(grain), float(burst), float(trend), float(season), np.asarray(sites["features/time_key"][table]))


def _microseconds(time: pd.Timestamp) -> int:
    return int(time.as_unit("us").asm8.astype(np.int64))


def _integers(times: pd.DatetimeIndex) -> Microseconds:
    return times.to_numpy().astype("datetime64[us]").astype(np.int64)
