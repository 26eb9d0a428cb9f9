"""Cells as text: comma-separated values (RFC 4180), as files have them, and PostgreSQL's COPY."""

import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from plurel_prob.declared import Column, DeclaredTable
from plurel_prob.declared.arrow_types import arrow_type
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.stores.arrow import WIDE, cast, typed
from plurel_prob.stores.times import time_of_day, time_texts, times_of

CHUNK = 1 << 16  # rows
QUOTED = ("category", "text", "uuid", "json", "blob")
BOOLEANS = {word: value for value in (True, False) for word in (("t", "true", "1") if value else ("f", "false", "0"))}
SECONDS = re.compile(r"(-?)(\d+)(?:\.(\d{1,6}))?(?: seconds)?")


def csv_parts(table: pa.Table) -> Iterator[str]:
    r"""Give a table as comma-separated values, its names first, part by part: a missing value is an empty field, and text is in
    quotes, so that an empty one is ``""``. Bytes are in hexadecimal digits after ``\x``, intervals in seconds.
    """
    yield ",".join(map(_quoted, table.column_names)) + "\r\n"
    for start in range(0, table.num_rows, CHUNK):
        part = table.slice(start, CHUNK)
        fields = [_fields(column.combine_chunks()) for column in part.columns]
        yield "".join(",".join(row) + "\r\n" for row in zip(*fields, strict=True))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _fields(array: pa.Array) -> list[str]:
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    if pa.types.is_string(array.type):
        return ["" if text is None else _quoted(text) for text in array.to_pylist()]
    return ["" if text is None else text for text in texts_of(array)]


def texts_of(array: pa.Array) -> list[str | None]:
    """Give values as text that the stores read; None where one is missing."""
    if pa.types.is_binary(array.type):
        return [None if value is None else f"\\x{value.hex()}" for value in array.to_pylist()]
    if pa.types.is_duration(array.type):
        return [None if value is None else _seconds(value) for value in array.cast(pa.int64()).to_pylist()]
    return time_texts(array)


def _seconds(microseconds: int) -> str:
    whole, part = divmod(abs(microseconds), 1_000_000)
    return f"{'-' if microseconds < 0 else ''}{whole}.{part:06} seconds"


def read_csv(source: Path | io.BytesIO, table: DeclaredTable) -> pa.Table:
    """Read comma-separated values of declared types.

    Raises:
        DatabaseError: there are other columns, or a value is not of its column's type.
    """
    names = [column.name for column in table.columns]
    try:
        rows = pyarrow.csv.read_csv(
            source,
            read_options=pyarrow.csv.ReadOptions(block_size=_block_size(source)),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        found = rows.column_names  # bytes that are no UTF-8 are noticed here
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        where = source if isinstance(source, Path) else table.name
        raise DatabaseError(f"{where}: cannot be read: {reason(error)}") from None
    if found != names:
        raise DatabaseError(f"{shown(table.name)}: has the columns {shown(found, 1000)}, declared are {shown(names, 1000)}")
    return typed(rows, table, of_text)


def _block_size(source: Path | io.BytesIO) -> int:
    """Bytes that are read at once: all, where there is room, as a row must not be longer."""
    n_byte = source.stat().st_size if isinstance(source, Path) else source.getbuffer().nbytes
    return min(max(n_byte + 1, 1 << 20), 2**31 - 1)


def of_text(texts: pa.Array, column: Column) -> pa.Array:
    """Read the values of a column from text."""
    if column.kind in ("date", "timestamp"):
        return times_of(texts, arrow_type(column))
    if column.kind in PARSERS:
        values = [None if text is None else PARSERS[column.kind](text) for text in texts.to_pylist()]
        return cast(pa.array(values, arrow_type(column)), column)
    if column.kind in QUOTED:
        return cast(texts, column)
    wanted = arrow_type(column)
    return cast(texts.cast(WIDE), column) if wanted is None else texts.cast(wanted)


def _interval(text: str) -> int:
    match = SECONDS.fullmatch(text)
    if match is None:
        raise ValueError("it is no number of seconds")
    value = int(match[2]) * 1_000_000 + int((match[3] or "").ljust(6, "0"))
    return -value if match[1] else value


def _bytes(text: str) -> bytes:
    if not text.startswith("\\x"):
        raise ValueError(r"it does not begin with \x")
    return bytes.fromhex(text[2:])


def _boolean(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError("it is neither true nor false")
    return BOOLEANS[text.lower()]


PARSERS: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "interval": _interval,
    "blob": _bytes,
    "boolean": _boolean,
    "time": time_of_day,
}
