"""Dates and times of all years: beyond those of Python's calendar, as text and in frames.

Infinity is the greatest number of days or microseconds, as in DuckDB. As text, such times are PostgreSQL's: ``infinity``,
``12000-01-01``, ``0044-03-15 BC``. The end of a day, 24:00:00, is a time of day, too.
"""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from plurel_prob.declared import DeclaredSchema
from plurel_prob.errors import DatabaseError

DAY = 86_400_000_000  # microseconds
FIRST, LAST = -719_162, 2_932_896  # days of the years 1 to 9999
INFINITE = {"infinity": 1, "-infinity": -1}
TEXT = re.compile(r"(\d{4,7})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?))?(?:Z|\+00(?::?00)?)?( BC)?")
FIELDS = {"date": pa.int32(), "timestamp": pa.int64(), "time": pa.int64()}  # what they are kept as


def kind_of(type: pa.DataType) -> str | None:
    """Kind of a type of dates, timestamps or times of day; None for others."""
    kinds = {"date": pa.types.is_date32(type), "timestamp": pa.types.is_timestamp(type), "time": pa.types.is_time64(type)}
    return next((kind for kind, is_it in kinds.items() if is_it), None)


def counts(array: pa.Array) -> pa.Array:
    """Days, or microseconds, of dates and times."""
    return array.view(FIELDS[kind_of(array.type) or "time"])


def is_beyond(array: pa.Array) -> np.ndarray:
    """Which dates and times Python's calendar, or clock, does not have."""
    kind = kind_of(array.type)
    if kind is None:
        return np.zeros(len(array), bool)
    first, last = {"date": (FIRST, LAST), "timestamp": (FIRST * DAY, (LAST + 1) * DAY - 1), "time": (0, DAY - 1)}[kind]
    number = counts(array)
    beyond = pc.or_(pc.less(number, first), pc.greater(number, last)).fill_null(False)
    return np.array(beyond.to_numpy(zero_copy_only=False))


def check_years(tables: Mapping[str, Any], declared: DeclaredSchema, what: str, kinds: tuple[str, ...]) -> None:
    """Refuse times of some kinds that a format's readers do not know.

    Raises:
        DatabaseError: there is one; the message names table, column and row.
    """
    for table in declared.tables:
        for column in [column for column in table.columns if column.kind in kinds]:
            values = tables[table.name][column.name].combine_chunks()
            beyond: np.ndarray = np.flatnonzero(is_beyond(values))
            if len(beyond):
                where = f"{declared.source}: {table.name}.{column.name}, row {beyond[0]}"
                found = time_texts(values.slice(beyond[0], 1))[0]
                known = "of a day before 24:00" if kind_of(values.type) == "time" else "of the years 1 to 9999"
                raise DatabaseError(f"{where}: {found} is none of the times {known} that {what}; make it missing")


def time_texts(array: pa.Array) -> list[str | None]:
    """Give dates and times as text.

    Those of Python's calendar are as Arrow writes them.
    """
    beyond = is_beyond(array)
    if not beyond.any():
        return list(array.cast(pa.string()).to_pylist())
    plain = pc.if_else(pa.array(beyond), pa.scalar(None, array.type), array)
    texts = list(plain.cast(pa.string()).to_pylist())
    for row in np.flatnonzero(beyond):
        texts[row] = _text(counts(array)[int(row)].as_py(), array.type)
    return texts


def _text(number: int, type: pa.DataType) -> str:
    kind = kind_of(type)
    if kind == "time":
        return "24:00:00" if number == DAY else f"{number} microseconds"
    most = 2**31 - 1 if kind == "date" else 2**63 - 1
    if abs(number) == most:
        return "infinity" if number > 0 else "-infinity"
    day, rest = (number, 0) if kind == "date" else divmod(number, DAY)
    sign, year, month_day = re.fullmatch(r"(-?)(\d+)(-\d\d-\d\d)", str(np.datetime64(day, "D"))).groups()  # type: ignore[union-attr]
    is_before = bool(sign) or int(year) == 0
    text = f"{int(year) + 1 if is_before else int(year):04}{month_day}"
    if kind == "timestamp":
        text += f" {np.datetime64(rest, 'us').astype(str)[11:]}" + ("+00" if type.tz else "")
    return text + (" BC" if is_before else "")


def times_of(texts: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Read dates and timestamps from text, in UTC if they have a zone.

    Raises:
        ValueError: one is none, or beyond what a type holds.
    """
    try:
        return texts.cast(wanted)
    except pa.ArrowInvalid:
        numbers = [None if text is None else _number(text, wanted) for text in texts.to_pylist()]
        return pa.array(numbers, FIELDS[kind_of(wanted) or "time"]).view(wanted)


def _number(text: str, wanted: pa.DataType) -> int:
    is_date = kind_of(wanted) == "date"
    if text in INFINITE:
        return INFINITE[text] * (2**31 - 1 if is_date else 2**63 - 1)
    match = TEXT.fullmatch(text)
    if match is None:
        return int(counts(pa.array([text]).cast(wanted))[0].as_py())
    year = 1 - int(match[1]) if match[5] else int(match[1])
    day = np.datetime64(f"{'-' if year < 0 else ''}{abs(year):04}-{match[2]}-{match[3]}", "D")
    number = int(day.astype(np.int64))
    if is_date:
        return number
    clock = np.datetime64(f"1970-01-01T{match[4] or '00:00:00'}", "us")
    return number * DAY + int(clock.astype(np.int64))


def time_of_day(text: str) -> int:
    """Microseconds of a time of day, as text."""
    if text in ("24:00:00", "24:00:00.000000"):
        return DAY
    value = time.fromisoformat(text)
    return (value.hour * 3600 + value.minute * 60 + value.second) * 1_000_000 + value.microsecond


def time_series(array: pa.Array) -> Any:
    """Dates and times as pandas has them; dates beyond Python's calendar all as times in seconds, times of day as intervals."""
    if not is_beyond(array).any() or pa.types.is_timestamp(array.type):
        return array.to_pandas(date_as_object=True)
    if pa.types.is_date(array.type):
        return array.cast(pa.timestamp("s")).to_pandas()
    return pd.Series(array.view(pa.int64()).view(pa.duration("us")).to_pandas())
