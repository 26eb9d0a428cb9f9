"""Windows of time that forecast tasks look ahead over, by RelBench's rules."""

import numpy as np
import pandas as pd

from plurel_prob.tasks.split import SplitDatabase

LENGTHS = tuple(
    pd.Timedelta(length)
    for length in ("1h", "6h", "1D", "3D", "7D", "14D", "30D", "60D", "90D", "180D", "365D", "730D", "1825D", "3650D")
)
MIN_TRAIN, MAX_TRAIN = 3, 1000  # training windows


def possible_lengths(database: SplitDatabase) -> list[pd.Timedelta]:
    """Lengths for which a window fits into the validation split and one into the test split, and 3 to 1,000 before them."""
    val, test = database.val_timestamp, database.test_timestamp
    room = [test - val, database.last_seen - val, database.last - test, (val - database.first) / MIN_TRAIN]
    return [length for length in LENGTHS if all(length <= most for most in room) and val - database.first <= MAX_TRAIN * length]


def text_of(length: pd.Timedelta) -> str:
    """Return a length in words that pandas reads."""
    n, unit = (length.days, "day") if length.days else (length // pd.Timedelta(hours=1), "hour")
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def n_eval_window(database: SplitDatabase, length: pd.Timedelta) -> int:
    """Number of windows that fit into the validation split, and into the test split."""
    val, test = database.val_timestamp, database.test_timestamp
    return int(min((test - val) // length, (database.last - test) // length))


def timestamps(database: SplitDatabase, length: pd.Timedelta) -> dict[str, pd.DatetimeIndex]:
    """Starts of the windows of each split; training ones go backwards from the start of validation."""
    val, test = database.val_timestamp, database.test_timestamp
    ahead = length * (n_eval_window(database, length) - 1)
    return {
        "train": pd.date_range(val - length, database.first, freq=-length),
        "val": pd.date_range(val, min(val + ahead, test - length), freq=length),
        "test": pd.date_range(test, min(test + ahead, database.last - length), freq=length),
    }


def best_length(database: SplitDatabase, edge: tuple[str, str, str]) -> pd.Timedelta | None:
    """Length for which the share of parent rows that have a child row in a training window is closest to a half, the shortest of
    those; None if no length is possible.
    """
    lengths = possible_lengths(database)
    shares = [n_with_child(database, edge, length) / max(n_entity(database, edge[0], length), 1) for length in lengths]
    return lengths[int(np.argmin(np.abs(np.array(shares) - 0.5)))] if lengths else None


def n_entity(database: SplitDatabase, table: str, length: pd.Timedelta) -> int:
    """Number of pairs of a training window and a row of a table that exists at its start."""
    return int(_n_window_of_row(database, table, timestamps(database, length)["train"]).sum())


def n_with_child(database: SplitDatabase, edge: tuple[str, str, str], length: pd.Timedelta, column: str | None = None) -> int:
    """Number of those pairs in which the row has a child row in the window, one that does not miss a column if one is given."""
    parent, child, key = edge
    starts, frame = timestamps(database, length)["train"], database.tables[child]
    n_window = _n_window_of_row(database, parent, starts)
    time, row = frame[database.schemas[child].time_col], frame[key]
    is_inside = (time > starts[-1]) & (time <= database.val_timestamp) & frame[column or key].notna()
    is_inside &= ((row >= 0) & (row < len(n_window))).fillna(False)
    row = row[is_inside].to_numpy(np.int64)
    window = ((database.val_timestamp - time[is_inside]) // length).to_numpy()  # 0 is the last one
    return len(np.unique((row * len(starts) + window)[window < n_window[row]]))


def _n_window_of_row(database: SplitDatabase, table: str, starts: pd.DatetimeIndex) -> np.ndarray:
    """For each row of a table the number of training windows, the last ones, at whose start it exists."""
    frame, time_col = database.tables[table], database.schemas[table].time_col
    if time_col is None:
        return np.full(len(frame), len(starts))
    return len(starts) - np.searchsorted(starts[::-1].to_numpy(), frame[time_col].to_numpy())  # NaT comes last
