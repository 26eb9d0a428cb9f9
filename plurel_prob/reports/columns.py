"""Columns in words, numbers and pictures."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from plurel_prob.databases.disk import column_type
from plurel_prob.reports.charts import N_BAR, category_bars, histogram, over_time, percent
from plurel_prob.reports.schema_diagram import TYPE_LABELS
from plurel_prob.reports.svg import Drawing, clean

MAX_CHARACTER = 40  # of a value in a table
MISSING = "–"
FIGURES, LEVELS = ("minimum", "q05", "median", "q95", "maximum", "mean", "std"), [0, 0.05, 0.5, 0.95, 1]


@dataclass(frozen=True)
class ColumnSummary:
    """What a report says about a column; numbers are text, empty where they make no sense.

    Attributes:
        kind: ``number``, ``boolean``, ``category``, ``time`` or ``text``.
        n_distinct: values that occur.
        numbers: of a number its :data:`FIGURES`; none if there are no finite values.
        figures: the same as text, of times too.
        most_common: the most common value and its share.
    """

    name: str
    kind: str
    missing: float
    n_distinct: int
    numbers: list[float]
    figures: list[str]
    most_common: str
    _there: pd.Series = field(repr=False)
    _counts: pd.Series = field(repr=False)

    @cached_property
    def drawing(self) -> Drawing | None:
        """Its distribution; None if there are no values."""
        return _drawing(self._there, self._counts, self.name, self.kind, self.missing) if len(self._there) else None


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose values can be counted: lists and the like become text, times lose their zone."""
    result = frame.copy(deep=False)
    for name, column in frame.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            result[name] = column.dt.tz_convert(None)
        elif column.dtype == object and not _is_hashable(column):
            result[name] = column.map(str).where(column.notna())
    return result


def _is_hashable(column: pd.Series) -> bool:
    try:
        pd.factorize(column)
    except TypeError:
        return False
    return True


def summary_of(column: pd.Series, name: str) -> ColumnSummary:
    """Summarise a column."""
    kind, there = TYPE_LABELS[column_type(column)], column.dropna()
    missing = float(column.isna().mean()) if len(column) else 0.0
    numbers = _numbers(there) if kind == "number" else []
    figures = _times(there) if kind == "time" else [f"{number:.4g}" for number in numbers] or [""] * len(FIGURES)
    counts = there.value_counts() if kind in ("boolean", "category", "text") else pd.Series(dtype=int)
    counts = counts[counts > 0]
    most_common = f"{shown(counts.index[0])} ({percent(float(counts.iloc[0] / len(there)))})" if len(counts) else ""
    return ColumnSummary(name, kind, missing, int(there.nunique()), numbers, figures, most_common, there, counts)


def _numbers(there: pd.Series) -> list[float]:
    values = finite(there)
    if not len(values):
        return []
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the largest that there are
        return [float(figure) for figure in (*np.quantile(values, LEVELS), values.mean(), values.std())]


def _times(there: pd.Series) -> list[str]:
    times = [str(time.date()) for time in there.quantile(LEVELS)] if len(there) else []
    return times + [""] * (len(FIGURES) - len(times))


def finite(column: pd.Series) -> np.ndarray:
    """Numbers of a column, without those that are missing or infinite."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values[np.isfinite(values)]


def _drawing(there: pd.Series, counts: pd.Series, name: str, kind: str, missing: float) -> Drawing | None:
    lacking = f" {percent(missing, 1)} of rows have none." if missing else ""
    if kind == "number":
        values = finite(there)
        if not len(values):
            return None
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
        words = f"Numbers: 5% below {low:.3g}, median {middle:.3g}, 95% below {high:.3g}.{lacking}"
        return histogram(values, f"Distribution of {name}", words)
    if kind == "time":
        return over_time(there, f"Distribution of {name}", f"Times from {there.min()} to {there.max()}.{lacking}", [])
    shares = [(shown(value), float(count / len(there))) for value, count in counts.head(N_BAR).items()]
    if kind == "text" and counts.iloc[0] == 1:
        return None  # every text occurs once
    rest = len(counts) - len(shares)
    others = (f"{rest:,} others", 1 - sum(share for _, share in shares)) if rest else None
    words = ", ".join(f"{value} {percent(share)}" for value, share in [*shares, *([others] if others else [])])
    return category_bars(shares, others, f"Shares of {name}", f"{words}.{lacking}")


def shown(value: object) -> str:
    """A value in a cell, cut short."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float | np.floating) and np.isnan(value)):
        return MISSING
    if isinstance(value, float | np.floating):
        return f"{float(value):.4g}"
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return cut(str(value))


def cut(text: str) -> str:
    """A text in one line, cut short."""
    line = " ".join(clean(text).split())
    return line if len(line) <= MAX_CHARACTER else line[: MAX_CHARACTER - 1] + "…"
