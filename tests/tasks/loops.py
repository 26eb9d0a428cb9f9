"""Labels of forecast tasks once more, in plain loops over windows and rows."""

import pandas as pd

from plurel_prob.tasks import SplitDatabase


def window_starts(database: SplitDatabase, length: pd.Timedelta) -> dict[str, list[pd.Timestamp]]:
    val, test = database.val_timestamp, database.test_timestamp
    columns = [database.tables[name][schema.time_col] for name, schema in database.schemas.items() if schema.time_col]
    times = [time for column in columns for time in column]
    starts: dict[str, list[pd.Timestamp]] = {"train": [], "val": [], "test": []}
    start = val - length
    while start >= min(times):
        starts["train"].insert(0, start)
        start -= length
    k = 0
    while val + (k + 1) * length <= test and test + (k + 1) * length <= max(times):
        starts["val"].append(val + k * length)
        starts["test"].append(test + k * length)
        k += 1
    return starts


def loop_labels(
    database: SplitDatabase, edge: tuple[str, str, str], column: str | None, starts: list[pd.Timestamp], length: pd.Timedelta
) -> dict[tuple[pd.Timestamp, int], list[float]]:
    """Of every parent row at every time: values of a column, or ones, of its child rows in the window, but for missing ones."""
    (parent, child, key), schemas = edge, database.schemas
    frame, born = database.tables[child], [-(2**63)] * len(database.tables[parent])
    if schemas[parent].time_col:
        born = [time.value for time in database.tables[parent][schemas[parent].time_col]]
    n_known = sum(time <= database.test_timestamp.value for time in born)
    times = [time.value for time in frame[schemas[child].time_col]]
    values = [None if pd.isna(value) else float(value) for value in frame[column]] if column else [1.0] * len(frame)
    parents = [None if pd.isna(row) else int(row) for row in frame[key]]
    found: dict[tuple[pd.Timestamp, int], list[float]] = {}
    for start in starts:
        found |= {(start, row): [] for row in range(n_known) if born[row] <= start.value}
        for time, row, value in zip(times, parents, values, strict=True):
            if start.value < time <= start.value + length.value and (start, row) in found and value is not None:
                found[start, row].append(value)
    return found
