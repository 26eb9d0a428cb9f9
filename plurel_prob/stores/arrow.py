"""Data frames as Arrow tables of exactly the declared types, and back."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable
from plurel_prob.declared.arrow_types import arrow_type, label_type
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.stores.times import kind_of, time_series, time_texts

WIDE = pa.decimal256(39, 0)  # integers of 128 bits
ERRORS = (pa.ArrowException, ValueError, TypeError, ArithmeticError, OverflowError)


@runtime_checkable
class ArrowRows(Protocol):
    """Rows of a table as columns of Arrow: a ``pyarrow.Table``, or one whose columns are read when they are asked for."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""

    def __getitem__(self, column: str) -> pa.ChunkedArray: ...


def arrow_tables(tables: dict[str, pd.DataFrame], declared: DeclaredSchema) -> dict[str, pa.Table]:
    """Give all tables of a schema as Arrow tables.

    Raises:
        DatabaseError: a table or a column is not there, or a value is not of its column's type; the message names it.
    """
    missing = {table.name for table in declared.tables} ^ set(tables)
    if missing:
        raise DatabaseError(f"{declared.source}: {sorted(missing)[0]} is not both declared and a table")
    return {table.name: arrow_of(tables[table.name], table) for table in declared.tables}


def arrow_of(frame: pd.DataFrame, table: DeclaredTable) -> pa.Table:
    """Give a frame as an Arrow table."""
    names = [column.name for column in table.columns]
    if list(frame.columns) != names:
        raise DatabaseError(f"{table.name}: has the columns {list(frame.columns)}, declared are {names}")
    arrays = [converted(frame[column.name], array_of, table.name, column) for column in table.columns]
    return pa.Table.from_arrays(arrays, names=names)


def typed(rows: pa.Table, table: DeclaredTable, convert: Callable[[pa.Array, Column], pa.Array]) -> pa.Table:
    """Convert the columns of a table that was read to their declared types."""
    arrays = [converted(rows[column.name].combine_chunks(), convert, table.name, column) for column in table.columns]
    return pa.Table.from_arrays(arrays, names=[column.name for column in table.columns])


def converted(values: Any, convert: Callable[[Any, Column], Any], table: str, column: Column, first_row: int = 0) -> Any:
    """Convert values, and name the first one that cannot be; a slice of them, from ``first_row`` on, is converted alike.

    Raises:
        DatabaseError: one cannot be converted.
    """
    try:
        return convert(values, column)
    except ERRORS as error:
        good, bad = 0, len(values)  # numbers of values that can, and cannot, be converted
        while bad - good > 1:
            middle = (good + bad) // 2
            try:
                convert(values[:middle], column)
                good = middle
            except ERRORS:
                bad = middle
        where, value = f"{table}.{column.name}, row {first_row + bad - 1}", shown(repr(value_at(values, bad - 1)))
        raise DatabaseError(f"{where}: {value} does not fit into the column, {column.kind}: {reason(error)}") from None


def value_at(values: Any, row: int) -> Any:
    """Value of a row, for a message; a time as text, as Python may not have it."""
    if isinstance(values, pa.Array):
        return time_texts(values.slice(row, 1))[0] if kind_of(values.type) else values[row].as_py()
    return None if not len(values) else (values.iloc if isinstance(values, pd.Series) else values)[row]


def array_of(values: pd.Series, column: Column) -> pa.Array:
    """Give a column as an array of its declared type, NaN as missing."""
    prepare = PREPARE.get(column.kind)
    array = pa.array(prepare(values, column) if prepare else values, from_pandas=True)
    return cast(array, column)


def cast(array: Any, column: Column) -> pa.Array:
    """Cast an array to the declared type of a column, without loss."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    wanted = arrow_type(column)
    if wanted is None and column.kind == "integer":
        return _integers_as_needed(array)
    if wanted is None:
        return array if pa.types.is_decimal(array.type) else array.cast(pa.decimal128(38, 0))
    if pa.types.is_dictionary(wanted):
        return _codes(array, column)
    if array.null_count == len(array):
        return pa.nulls(len(array), wanted)
    if array.type != wanted and (pa.types.is_boolean(array.type) != pa.types.is_boolean(wanted)):
        if not pa.types.is_null(array.type):
            raise TypeError(f"it is of type {array.type}, not {column.kind}")
    if pa.types.is_string(wanted) and not (pa.types.is_null(array.type) or _is_text(array.type)):
        raise TypeError(f"it is of type {array.type}, not {column.kind}")
    if pa.types.is_date(wanted) and pa.types.is_timestamp(array.type):
        day = array.cast(wanted)
        if not pc.all(pc.equal(day.cast(array.type), array)).as_py():
            raise ValueError("it is not at midnight")
        return day
    return array.cast(wanted)


def _integers_as_needed(array: pa.Array) -> pa.Array:
    """Integers of 64 bits; where these are too few, decimals."""
    if pa.types.is_boolean(array.type):
        raise TypeError("it is a boolean, not an integer")
    for kind in (pa.int64(), pa.uint64()):
        try:
            return array.cast(kind)
        except pa.ArrowInvalid:
            continue
    return array.cast(WIDE)


def _is_text(of: pa.DataType) -> bool:
    if pa.types.is_dictionary(of):
        return _is_text(of.value_type)
    return pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_string_view(of)


def _codes(array: pa.Array, column: Column) -> pa.Array:
    """Give values as indices of labels."""
    labels = pa.array(list(column.labels), label_type(column))
    values = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    code = pc.index_in(values.cast(labels.type), labels)
    wrong = pc.and_(pc.is_valid(values), pc.is_null(code))
    if pc.any(wrong).as_py():
        raise ValueError(f"it is none of the labels {list(column.labels)[:5]}")
    return pa.DictionaryArray.from_arrays(code, labels)


def _decimals(values: pd.Series, column: Column) -> Any:
    """Decimals as they are; floats as they are printed."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        known = values.notna()
        return pd.Series([Decimal(str(v)) if k else None for v, k in zip(values, known, strict=True)], dtype=object)
    return values


def _integers(values: pd.Series, column: Column) -> Any:
    """Integers as they are; Arrow takes those that 64 bits do not hold for errors, but not as decimals."""
    if values.dtype != object or all(abs(value) < 2**63 for value in values.dropna()):
        return values
    return values.map(Decimal, na_action="ignore")


def _dates(values: pd.Series, column: Column) -> Any:
    """Dates; Arrow would take a time of day away."""
    if values.dtype == object and any(isinstance(value, datetime.datetime) for value in values):
        return pd.to_datetime(values)
    return values


def _times_of_day(values: pd.Series, column: Column) -> Any:
    """Times of day; intervals since midnight in microseconds."""
    if values.dtype.kind != "m":
        return values
    microseconds = values.dt.as_unit("us").to_numpy().view(np.int64)
    return pd.Series(pd.arrays.IntegerArray(microseconds, values.isna().to_numpy(bool)))


def _timestamps(values: pd.Series, column: Column) -> Any:
    """Times in UTC; naive ones are taken to be so."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = pd.Series(pd.to_datetime(values, utc=column.has_zone or None, format="mixed"))
    zone = values.dt.tz
    if column.has_zone and zone is None:
        return values.dt.tz_localize("UTC")
    return values.dt.tz_convert(None) if zone is not None and not column.has_zone else values


def _texts(values: pd.Series, column: Column) -> Any:
    """Strings; UUIDs as text, in lower case and with dashes; JSON values as JSON."""
    if column.kind == "uuid":
        return values.map(lambda value: str(UUID(str(value))), na_action="ignore")
    kind = UUID if column.kind == "uuid" else (dict, list)
    if values.dtype != object or not values.map(lambda value: isinstance(value, kind)).any():
        return values
    write = str if column.kind == "uuid" else lambda value: json.dumps(value, ensure_ascii=False)
    return values.map(lambda value: write(value) if isinstance(value, kind) else value)


def _intervals(values: pd.Series, column: Column) -> Any:
    return values if values.dtype.kind == "m" else pd.to_timedelta(values)


PREPARE: dict[str, Callable[[pd.Series, Column], Any]] = {
    "date": _dates,
    "decimal": _decimals,
    "integer": _integers,
    "time": _times_of_day,
    "timestamp": _timestamps,
    "uuid": _texts,
    "json": _texts,
    "interval": _intervals,
}


def frame_of(rows: ArrowRows, declared: DeclaredTable) -> pd.DataFrame:
    """Give rows as a frame: NumPy types; pandas' nullable ones for integers and booleans of which some are missing;
    categories; objects for dates, times of day, decimals, bytes, and integers (as decimals) where 64 bits are too few.
    """
    return pd.DataFrame({column.name: series_of(rows[column.name], column) for column in declared.columns})


def series_of(values: pa.ChunkedArray, column: Column) -> pd.Series:
    """Give a column as pandas has it, see :func:`frame_of`."""
    return pd.Series(_series(cast(values, column), column))


def _series(array: pa.Array, column: Column) -> Any:
    if column.kind == "category":
        code = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return pd.Categorical.from_codes(code, list(column.labels))
    if column.kind in ("integer", "boolean") and array.null_count and not pa.types.is_decimal(array.type):
        kind = pd.arrays.BooleanArray if column.kind == "boolean" else pd.arrays.IntegerArray
        filled = array.fill_null(False if column.kind == "boolean" else 0).to_numpy(zero_copy_only=False)
        return kind(filled, missing_rows(array))
    return time_series(array)


def missing_rows(array: pa.Array) -> np.ndarray:
    """Whether each value is missing."""
    return np.array(array.is_null().to_numpy(zero_copy_only=False))
