"""Times of the rows of a table: evenly spaced, or as a process with bursts, a trend and seasons has them."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

N_CELL = 1024  # of a window, each with an intensity of its own
DAY = 86_400_000_000  # microseconds


class TimeLaw(NamedTuple):
    """What the times of a table follow."""

    grain: int  # seconds; times are multiples of it
    burst: float  # standard deviation of the log intensity of a cell
    trend: float  # of the log intensity, from the first to the last cell
    season: float  # standard deviation of the log intensities of months, weekdays and hours
    key: Int[np.ndarray, " 2"]


def evenly_spaced(first: pd.Timestamp, last: pd.Timestamp, n_row: int, row: np.ndarray) -> pd.DatetimeIndex:
    """Times of some rows of ``n_row`` that are spread from ``first`` to ``last``, in exact integer microseconds."""
    start = first.as_unit("us").asm8.astype(np.int64)
    span = last.as_unit("us").asm8.astype(np.int64) - start
    step, rest = divmod(int(span), max(n_row - 1, 1))
    return pd.DatetimeIndex((start + row * step + row * rest // max(n_row - 1, 1)).astype("datetime64[us]"))


def times_of(law: TimeLaw, first: pd.Timestamp, last: pd.Timestamp, n_row: int, row: np.ndarray) -> pd.DatetimeIndex:
    r"""Times of some rows of ``n_row`` between two days, in ascending order.

    Row :math:`i` is at the quantile :math:`i / (n - 1)` of the law whose density is, in one of 1,024 cells of the window, what
    trend and burst make it, times that of the month of the year, of the day of the week and of the hour of the day; then it is
    rounded down to a multiple of the grain. A law whose grain is a day or more has no hours, one of a week or more no weekdays,
    nor has one of a window of less than 20 days, or weeks.
    """
    rng = np.random.Generator(np.random.Philox(key=np.asarray(law.key, np.uint64)))
    start, end = (int(day.as_unit("us").asm8.astype(np.int64)) for day in (first, last + pd.Timedelta(days=1)))
    cell = np.linspace(start, end, N_CELL + 1)
    log_weight = law.burst * _normal(rng, N_CELL) + law.trend * np.linspace(0, 1, N_CELL)
    month = pd.DatetimeIndex(((cell[1:] + cell[:-1]) / 2).astype("datetime64[us]")).month.to_numpy() - 1
    log_weight += law.season * _normal(rng, 12)[month]
    cumulative = np.concatenate([[0.0], np.cumsum(np.exp(log_weight - log_weight.max()))])
    time = np.interp(row / max(n_row - 1, 1) * cumulative[-1], cumulative, cell)
    of_week, of_day = law.season * _normal(rng, 7), law.season * _normal(rng, 24)
    grain = law.grain * 1_000_000
    if grain < 7 * DAY and end - start >= 140 * DAY:
        time = _warped(time, 7 * DAY, of_week)
    if grain < DAY and end - start >= 20 * DAY:
        time = _warped(time, DAY, of_day)
    time = np.minimum(time.astype(np.int64), end - 1)  # floats of this size are good to a microsecond or two
    return pd.DatetimeIndex(np.maximum(time - time % grain, start).astype("datetime64[us]"))


def _normal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Standard normal numbers by their quantiles: those of ``rng.normal`` may change with NumPy."""
    return np.array([NormalDist().inv_cdf(place) for place in np.clip(rng.random(n), 1e-12, None)])


def _warped(time: np.ndarray, period: int, log_weight: np.ndarray) -> np.ndarray:
    """Times moved within their periods, so that the parts of a period have these intensities; order is kept."""
    begin = np.floor(time / period) * period
    cumulative = np.concatenate([[0.0], np.cumsum(np.exp(log_weight))])
    return begin + np.interp((time - begin) / period, cumulative / cumulative[-1], np.linspace(0, 1, len(cumulative))) * period
