"""Which statistics features have, their names, and how soon they are left out where there are too many."""

from collections.abc import Sequence
from typing import NamedTuple

from plurel_prob.rfm.rows.features.question import DAY

# of the rows of a parent; those of windows follow
N, SINCE, GAP, N_IN = range(4)
# of a column of them; those of windows follow
MEAN, LAST, LAST_3, LAST_10, MIN, MAX, STD, TREND, MEAN_IN = range(9)


class Named(NamedTuple):
    """A statistic: its name, and how late it is left out, see :data:`plurel_prob.rfm.rows.features.features.MAX_FEATURE`."""

    name: str
    rank: int


def windows_of(windows: Sequence[int]) -> list[Named]:
    """Names of windows; the longest is the last to be left out."""
    return [Named(f"in {window / DAY:g} days", 1 if window == max(windows) else 2) for window in windows]


def of_rows(windows: Sequence[int], is_timed: bool) -> list[Named | None]:
    """Statistics of a parent's rows, by number; None: they have none."""
    counted: list[Named | None] = [Named("n", 0), Named("days since", 0), Named("days between", 2)]
    if not is_timed:
        return [counted[0], None, None, *(None for _ in windows)]
    return counted + [Named(f"n {window.name}", window.rank) for window in windows_of(windows)]


def of_column(windows: Sequence[int], is_timed: bool, is_share: bool) -> list[Named | None]:
    """Statistics of a column of a parent's rows, by number; a share has no smallest and largest value, nor a spread."""
    named: list[Named | None] = [
        Named("mean", 0),
        Named("last", 0) if is_timed else None,
        Named("last 3", 1) if is_timed and not is_share else None,
        Named("last 10", 1) if is_timed else None,
        None if is_share else Named("min", 2),
        None if is_share else Named("max", 2),
        None if is_share else Named("std", 2),
        Named("trend", 2) if is_timed and not is_share else None,
    ]
    return named + [Named(f"mean {window.name}", window.rank) if is_timed else None for window in windows_of(windows)]
