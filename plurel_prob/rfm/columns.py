"""What a column's cells are: their kind, and a number for each."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.rfm.vocabulary import Vocabulary

NUMBER, BOOLEAN, DATETIME, TEXT = range(4)  # kinds of cells
# times of rows that are there always, and of those that never enter
STATIC, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
MAX_TEXT = 512  # characters of a text that count
MISSING = np.iinfo(np.int64).min  # what a missing time is as an integer
OBJECT_KINDS = {
    "boolean": BOOLEAN,
    "integer": NUMBER,
    "floating": NUMBER,
    "mixed-integer-float": NUMBER,
    "decimal": NUMBER,
    "timedelta": NUMBER,
    "timedelta64": NUMBER,
    "date": DATETIME,
    "datetime": DATETIME,
    "datetime64": DATETIME,
}


def kind_of(column: pd.Series) -> int:
    """Kind of a column's cells, by its type; of Python objects by what they are. What is nothing else is text, categories are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return TEXT
    if pd.api.types.is_bool_dtype(column.dtype):
        return BOOLEAN
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return NUMBER
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return DATETIME
    return OBJECT_KINDS.get(pd.api.types.infer_dtype(column, skipna=True), TEXT)


def read_column(column: pd.Series, vocabulary: Vocabulary) -> tuple[int, Float64[np.ndarray, " row"]]:
    """Kind of a column and its cells: a number (a timedelta in seconds), 0 or 1, microseconds since 1970, or the id of a text.

    NaN where a cell has no value, or an infinite one.
    """
    kind = kind_of(column)
    if kind == TEXT:
        return kind, _text_ids(column, vocabulary)
    if kind == DATETIME:
        time = microseconds(column)
        return kind, np.where(time == MISSING, np.nan, time)
    if pd.api.types.infer_dtype(column, skipna=True) in ("timedelta", "timedelta64"):
        column = pd.to_timedelta(column).dt.total_seconds()
    value = column.to_numpy(np.float64, na_value=np.nan)
    return kind, np.where(np.isfinite(value), value, np.nan)


def microsecond(time: pd.Timestamp) -> int:
    """A time in microseconds since 1970."""
    return int(microseconds(pd.Series([time]))[0])


def microseconds(column: pd.Series, what: str = "") -> Int64[np.ndarray, " row"]:
    """Times in microseconds since 1970, in UTC if they have a zone; :data:`MISSING` where there is none.

    Raises:
        DatabaseError: the column, which the message calls ``what``, has values that are no times.
    """
    try:
        time = pd.to_datetime(column, utc=True, format="mixed").dt.tz_localize(None)
    except (TypeError, ValueError, OverflowError) as error:
        raise DatabaseError(f"{what or shown(str(column.name))} has values that are no times: {reason(error)}") from None
    return time.to_numpy("datetime64[us]").astype(np.int64)


def row_numbers(column: pd.Series, what: str) -> Int64[np.ndarray, " row"]:
    """Numbers of rows that a column refers to; -1 where there is none.

    Raises:
        DatabaseError: the column, which the message calls ``what``, has other values.
    """
    try:
        number = column.astype("Float64").fillna(-1).to_numpy(np.float64)
    except (TypeError, ValueError):
        number = np.full(len(column), np.nan)
    if not ((number >= -1) & (number < 2**53) & (number == np.floor(number))).all():
        raise DatabaseError(f"{what} has values that are no numbers of rows")
    return number.astype(np.int64)


def _text_ids(column: pd.Series, vocabulary: Vocabulary) -> Float64[np.ndarray, " row"]:
    is_present = column.notna().to_numpy(bool)
    code, texts = pd.factorize(column[is_present].map(text_of).to_numpy(object))
    ids = np.full(len(column), np.nan)
    ids[is_present] = vocabulary.ids_of(texts)[code]
    return ids


def text_of(value: Any) -> str:
    """Text of a cell, at most :data:`MAX_TEXT` characters."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return str(value)[:MAX_TEXT]


def moments(value: Float64[np.ndarray, " row"], column: str) -> tuple[float, float]:
    """Mean and standard deviation.

    Raises:
        DatabaseError: the numbers of the column, which has this name, have no deviation that can be divided by.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(value.mean()), float(value.std())
    if not (np.isfinite(mean) and 0 < std < np.inf):
        raise DatabaseError(f"{column}: its numbers are too large, or too close to each other; rescale it, or leave it out")
    return mean, std
