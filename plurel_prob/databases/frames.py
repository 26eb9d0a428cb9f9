"""Parquet files as data frames, without loss."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.errors import shown

EXACT = 2**53  # greatest number up to which floats have all integers
YEARS = np.datetime64("0001-01-01", "s"), np.datetime64("9999-12-31T23:59:59", "s")


def read_frame(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a parquet file, or some of its columns, as pandas does, but for integers that are too large for its floats: where some
    are missing, the others stay what they are.

    Raises:
        ValueError: a time is of no year from 1 to 9999; the message names column and row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = plain(pd.read_parquet(path, columns=columns))
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


def is_index(column: str) -> bool:
    """Whether a column of a parquet file is pandas' index, which is no column of the table."""
    return re.fullmatch(r"__index_level_\d+__", column) is not None


def index_note(table: str, column: str) -> str:
    """What is said of pandas' index in the file of a table."""
    return f"{shown(table)}: {column} is pandas' index; it is left out"


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame without pandas' index among its columns, and with columns of Arrow's types in those of NumPy, or in pandas'
    nullable ones where an integer or a boolean is missing.
    """
    frame = frame.drop(columns=[column for column in frame if is_index(str(column))])
    arrow = {str(column): frame[column] for column in frame if isinstance(frame[column].dtype, pd.ArrowDtype)}
    return frame.assign(**{column: _without_arrow(values) for column, values in arrow.items()}) if arrow else frame


def _without_arrow(values: pd.Series) -> pd.Series:
    import pyarrow as pa

    dtype: Any = values.dtype
    kind = dtype.pyarrow_dtype
    if values.isna().any() and pa.types.is_boolean(kind):
        return values.astype("boolean")
    if values.isna().any() and pa.types.is_integer(kind):
        dtype = f"{'U' if pa.types.is_unsigned_integer(kind) else ''}Int{kind.bit_width}"
        return values.astype(dtype)
    array: Any = values.array
    return pd.Series(array.__arrow_array__().to_pandas(), index=values.index)
