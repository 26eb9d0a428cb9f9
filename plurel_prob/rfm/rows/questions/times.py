"""Entities and times that a forecast is asked of."""

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features import Labels, Tables
from plurel_prob.rfm.rows.questions.forecasts import Forecast, check_forecast, forecast_labels
from plurel_prob.tasks.windows import LENGTHS, MAX_TRAIN, MIN_TRAIN

N_PILOT = 2000  # rows that tell which window is a good one


def window_starts(tables: Tables, forecast: Forecast, until: int) -> Int64[np.ndarray, " window"]:
    """Starts of windows that end at ``until`` or whole windows before, back to the first child row; the latest first."""
    time = tables[forecast.child].time
    first = int(time[time != STATIC].min(initial=NEVER))
    return np.arange(until - forecast.window, first - 1, -forecast.window)[:MAX_TRAIN] if first < until else np.zeros(0, np.int64)


def forecast_rows(tables: Tables, forecast: Forecast, until: int, n_row: int, rng: np.random.Generator) -> Labels:
    """Draw entities and times to ask a forecast of, without labels, in order of time.

    Each pair of a window's start (:func:`window_starts`) and an entity that is there then is as likely; all, if they are few.
    """
    starts = window_starts(tables, forecast, until)
    born = tables[forecast.table].time
    entity = np.argsort(born, kind="stable")
    n_there = np.searchsorted(born[entity], starts, side="right")  # entities, by when they come: the first ones are there
    ends = np.cumsum(n_there)
    total = int(ends[-1]) if len(ends) else 0
    pair = np.arange(total) if total <= n_row else rng.choice(total, n_row, replace=False)
    window = np.searchsorted(ends, pair, side="right")
    time, entity = starts[window], entity[pair - (ends - n_there)[window]]
    order = np.lexsort((entity, time))
    return Labels(entity[order], time[order], np.full(len(pair), np.nan))


def default_window(tables: Tables, table: str, child: str, key: str, until: int) -> int:
    """Length of the windows of a forecast, in microseconds, of an hour to ten years: the one for which the share of entities that
    have a child row in a window is closest to a half, the shortest of those. At least 3 windows end by ``until``.

    Raises:
        DatabaseError: the tables do not have what it is about, or no length fits.
    """
    check_forecast(tables, Forecast(table, child, key))
    distances = {}
    for length in (length // pd.Timedelta(microseconds=1) for length in LENGTHS):
        forecast = Forecast(table, child, key, window=length)
        if MIN_TRAIN <= len(window_starts(tables, forecast, until)) < MAX_TRAIN:
            rows = forecast_rows(tables, forecast, until, N_PILOT, np.random.default_rng(0))
            if len(rows):
                distances[length] = abs(float(forecast_labels(tables, forecast, rows, until).value.mean()) - 0.5)
    if not distances:
        raise DatabaseError(f"no length of windows fits the times of table {shown(child)}; give one")
    return min(distances, key=lambda length: distances[length])
