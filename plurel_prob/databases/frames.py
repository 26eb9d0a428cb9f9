"""Parquet files as data frames, without loss."""

from pathlib import Path

import numpy as np
import pandas as pd

EXACT = 2**53  # greatest number up to which floats have all integers
YEARS = np.datetime64("0001-01-01", "s"), np.datetime64("9999-12-31T23:59:59", "s")


def read_frame(path: Path) -> pd.DataFrame:
    """Read a parquet file as pandas does, but for integers that are too large for its floats: where some are missing, the others
    stay what they are.

    Raises:
        ValueError: a time is of no year from 1 to 9999; the message names column and row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = pd.read_parquet(path)
    integers = [field.name for field in pq.read_schema(path) if pa.types.is_integer(field.type) and field.name in frame]
    for name in integers:
        if frame[name].dtype == np.float64 and frame[name].abs().max() >= EXACT:
            column = pq.read_table(path, columns=[name])[name].combine_chunks()
            missing = np.array(column.is_null().to_numpy(zero_copy_only=False))
            frame[name] = pd.arrays.IntegerArray(column.fill_null(0).to_numpy(), missing)
    for name in frame.select_dtypes(["datetime", "datetimetz"]):
        times = frame[name].dt.tz_localize(None) if frame[name].dt.tz is not None else frame[name]
        seconds = times.to_numpy().astype("datetime64[s]")  # nothing is beyond these
        beyond = np.flatnonzero((seconds < YEARS[0]) | (seconds > YEARS[1]))
        if len(beyond):
            raise ValueError(f"column {name}, row {beyond[0]} has a time that is of no year from 1 to 9999; make it missing")
    return frame
