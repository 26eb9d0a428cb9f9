"""Rules about tables and their keys and times, which every reader of the format relies on."""

import keyword
import unicodedata
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from plurel_prob.validation.folder import CheckedFolder, CheckedTable, is_naive
from plurel_prob.validation.problem import Violation, rows_where

TableRule = Callable[[CheckedFolder, CheckedTable], Iterator[Violation]]


def pkey_rows(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A primary key numbers the rows 0, 1, 2, ... in their order."""
    if table.pkey is None:
        return
    numbers = table.numbers(table.pkey)
    if numbers is None:
        yield Violation("pkey-rows", table.name, table.pkey, None, "must be integers that number the rows 0, 1, 2, ...")
        return
    message = "must number the rows 0, 1, 2, ... in their order"
    yield from rows_where(numbers != np.arange(len(numbers)), "pkey-rows", table.name, table.pkey, message)


def is_plain(name: str) -> bool:
    """Whether a name is a Python identifier, in the form in which Python reads it."""
    return name.isidentifier() and unicodedata.normalize("NFKC", name) == name


def time_name(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """The name of a time column is a Python identifier, and no keyword."""
    name = table.time_col
    if name is not None and (not is_plain(name) or keyword.iskeyword(name)):
        yield Violation("time-name", table.name, name, None, "must be a Python identifier and no keyword; rename it")


def time_type(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """Times are timestamps without a time zone."""
    if table.time_col is not None and not is_naive(table.rows[table.time_col].type):
        found = table.rows[table.time_col].type
        yield Violation("time-type", table.name, table.time_col, None, f"is {found}; must be a timestamp without a time zone")


def time_missing(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """Every row of a table with a primary key has its time; without it readers never see the row."""
    if table.pkey is not None and table.times is not None:
        message = "has no time: no reader sees the row, and later rows lose their number"
        yield from rows_where(table.times.isna().to_numpy(), "time-missing", table.name, table.time_col, message)


def time_sorted(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """Rows are sorted by time, missing ones last."""
    if table.times is None:
        return
    missing = table.times.isna().to_numpy()
    known = table.times.to_numpy()
    earlier = np.zeros(len(known), bool)
    earlier[1:] = known[1:] < known[:-1]  # False where one of both is missing
    if table.pkey is None:
        earlier[1:] |= missing[:-1] & ~missing[1:]
    message = "is earlier than the row before; sort the rows by time, missing times last, and number them again"
    yield from rows_where(earlier, "time-sorted", table.name, table.time_col, message)


def fkey_parent(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A foreign key refers to a table of the manifest."""
    for key, parent in table.fkeys.items():
        if parent not in folder.manifest["tables"]:
            yield Violation("fkey-parent", table.name, key, None, f"refers to {parent}, which is no table of the manifest")


def fkey_type(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A foreign key is one integer a row, or missing."""
    for key in table.fkeys:
        numbers = table.numbers(key)
        if table.fkeys[key] not in folder.manifest["tables"]:
            continue
        if numbers is None:
            found = table.rows[key].type
            if not pa.types.is_null(found):
                yield Violation("fkey-type", table.name, key, None, f"is {found}; must be integers, the numbers of parent rows")
        else:
            is_broken = ~np.isnan(numbers) & (numbers != np.floor(numbers))
            yield from rows_where(is_broken, "fkey-type", table.name, key, "must be an integer, the number of a parent row")


def fkey_range(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A foreign key is the number of a row of its parent table: never -1, never the number of rows or more."""
    for key, parent in table.fkeys.items():
        numbers = table.numbers(key)
        if numbers is not None and parent in folder.tables:
            n_parent = folder.tables[parent].rows.num_rows
            message = f"must be from 0 to {n_parent - 1}, a row of {parent}, or missing (null, not -1)"
            yield from rows_where((numbers < 0) | (numbers >= n_parent), "fkey-range", table.name, key, message)


def fkey_time(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A row is not earlier than a row that it refers to; readers that cut at a time would lose the reference."""
    for key, parent in table.fkeys.items():
        numbers, of_parent = table.numbers(key), folder.tables.get(parent)
        if numbers is None or of_parent is None or table.times is None or of_parent.times is None:
            continue
        inside = np.flatnonzero((numbers >= 0) & (numbers < of_parent.rows.num_rows) & (numbers == np.floor(numbers)))
        is_broken = np.zeros(len(numbers), bool)
        mine, theirs = table.times.to_numpy()[inside], of_parent.times.to_numpy()[numbers[inside].astype(np.int64)]
        is_broken[inside] = (mine < theirs) | (~np.isnat(mine) & np.isnat(theirs))
        yield from rows_where(is_broken, "fkey-time", table.name, key, f"is earlier than its row of {parent}")


RULES: dict[str, TableRule] = {
    "pkey-rows": pkey_rows,
    "time-name": time_name,
    "time-type": time_type,
    "time-missing": time_missing,
    "time-sorted": time_sorted,
    "fkey-parent": fkey_parent,
    "fkey-type": fkey_type,
    "fkey-range": fkey_range,
    "fkey-time": fkey_time,
}


def splits_reached(folder: CheckedFolder) -> Iterator[Violation]:
    """Times start up to the start of validation, and go beyond the start of the test split."""
    if folder.stamps is None or not folder.times:
        return
    first, last = min(times.min() for times in folder.times), max(times.max() for times in folder.times)
    for name, is_wrong in (("val_timestamp", first > folder.stamps[0]), ("test_timestamp", last <= folder.stamps[1])):
        if is_wrong:
            window = f"{pd.Timestamp(first)} to {pd.Timestamp(last)}"
            yield Violation("split-times", None, None, None, f"{name} must be within the times of all tables, {window}")
