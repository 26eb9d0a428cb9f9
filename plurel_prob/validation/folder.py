"""A folder in RelBench format as it is on disk, right or wrong."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from plurel_prob.databases.disk import MANIFEST, table_file
from plurel_prob.databases.manifest import is_name, refuse_file
from plurel_prob.documents import read_yaml
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.files import within
from plurel_prob.validation.problem import Violation


@dataclass
class CheckedTable:
    """A table: what the manifest says of it, and its rows.

    Attributes:
        name: of the table.
        pkey: column of the primary key; None: the table has none.
        time_col: column of its time; None: it has none.
        fkeys: column to parent table.
        rows: as they are in its file.
    """

    name: str
    pkey: str | None
    time_col: str | None
    fkeys: dict[str, str]
    rows: pa.Table

    def numbers(self, column: str) -> np.ndarray | None:
        """Values of a key as float64, NaN where one is missing; None if they are no numbers."""
        values = self.rows[column]
        if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            return None
        return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(), np.float64)

    @cached_property
    def times(self) -> pd.Series | None:
        """Times of its rows; None if there is no column of naive timestamps for them."""
        if self.time_col is None or not is_naive(self.rows[self.time_col].type):
            return None
        return self.rows[self.time_col].to_pandas().astype("datetime64[us]").reset_index(drop=True)


@dataclass
class CheckedFolder:
    """A folder: its manifest, what could be read of its tables, and what could not.

    Attributes:
        path: of the folder.
        manifest: as YAML has it.
        problems: what is so wrong that nothing else can be said of it.
        tables: name to table, of those that can be read and have the columns that the manifest names.
    """

    path: Path
    manifest: dict[str, Any]
    problems: list[Violation] = field(default_factory=list)
    tables: dict[str, CheckedTable] = field(default_factory=dict)

    @cached_property
    def stamps(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """Start of validation and of test; None if the manifest does not have them."""
        try:
            given = [self.manifest[key] for key in ("val_timestamp", "test_timestamp")]
            val, test = map(pd.Timestamp, given)
        except (KeyError, ValueError, TypeError, OverflowError):
            return None
        if not all(isinstance(stamp, str | datetime.date) for stamp in given):  # YAML has dates of its own
            return None
        return None if pd.isna(val) or pd.isna(test) or val.tz or test.tz else (val, test)

    @property
    def times(self) -> list[pd.Series]:
        """Times of all tables that have some; none if those of a table cannot be read."""
        if len(self.tables) < len(self.manifest["tables"]):
            return []
        timed = [table for table in self.tables.values() if table.time_col is not None]
        known = [table.times for table in timed if table.times is not None]
        return [times for times in known if times.notna().any()] if len(known) == len(timed) else []


def is_naive(of: pa.DataType) -> bool:
    """Whether a type is that of timestamps without a time zone."""
    return bool(pa.types.is_timestamp(of)) and of.tz is None


def read_folder(path: Path) -> CheckedFolder:
    """Read a folder.

    Raises:
        DatabaseError: there is no such folder, or it has no manifest.
    """
    refuse_file(path)
    if not (path / MANIFEST).is_file():
        what = "has no manifest.yaml; is it a folder in RelBench format?" if path.is_dir() else "no such folder"
        raise DatabaseError(f"{path}: {what}")
    try:
        manifest = read_yaml(within(path, MANIFEST))
        if not isinstance(manifest, dict):
            raise DatabaseError("cannot be read: it is no mapping")
    except DatabaseError as error:
        return CheckedFolder(path, {}, [Violation("manifest", None, None, None, str(error).removeprefix(f"{path / MANIFEST}: "))])
    folder = CheckedFolder(path, manifest)
    folder.problems += _manifest_problems(folder)
    specs = manifest.get("tables")
    for name, spec in specs.items() if isinstance(specs, dict) else ():
        folder.problems += _read_table(folder, name, spec)
    return folder


def _manifest_problems(folder: CheckedFolder) -> Iterator[Violation]:
    if not isinstance(folder.manifest.get("name"), str):
        yield Violation("manifest", None, None, None, "needs a name")
    elif not isinstance(folder.manifest.get("tables"), dict) or not folder.manifest["tables"]:
        yield Violation("manifest", None, None, None, "needs tables, each with pkey, time_col and fkeys")
    elif folder.stamps is None:
        yield Violation("manifest", None, None, None, "val_timestamp and test_timestamp must be times without a zone (ISO 8601)")
    elif folder.stamps[0] >= folder.stamps[1]:
        yield Violation("manifest", None, None, None, "val_timestamp must be before test_timestamp")


def _read_table(folder: CheckedFolder, name: Any, spec: Any) -> Iterator[Violation]:
    if not is_name(name):
        yield Violation("manifest", shown(name), None, None, "is no name: one such as 1 or yes wants quotes")
        return
    if not isinstance(spec, dict):
        yield Violation("manifest", name, None, None, "must be a mapping with pkey, time_col and fkeys")
        return
    fkeys = spec.get("fkeys", {})
    if not isinstance(fkeys, dict) or not all(isinstance(part, str) for pair in fkeys.items() for part in pair):
        yield Violation("manifest", name, None, None, "fkeys must be a mapping of columns to tables")
        return
    for field_name in ("pkey", "time_col"):
        if not isinstance(spec.get(field_name), str | None):
            yield Violation("manifest", name, None, None, f"{field_name} must be the name of one column, or null")
            return
    try:
        rows = pq.read_table(table_file(folder.path, name))
    except FileNotFoundError:
        yield Violation("table-file", name, None, None, f"db/{shown(name)}.parquet: there is no such file")
        return
    except Exception as error:  # of a library, whatever it makes of a broken file
        what = f"db/{shown(name)}.parquet: cannot be read: {reason(error)}"
        yield Violation("table-file", name, None, None, what)
        return
    named = [column for column in (spec.get("pkey"), spec.get("time_col"), *fkeys) if column]
    missing = [column for column in named if column not in rows.column_names]
    for column in missing:
        yield Violation("column-missing", name, column, None, "the manifest names it, but the file has no such column")
    if not missing:
        folder.tables[name] = CheckedTable(name, spec.get("pkey"), spec.get("time_col"), dict(fkeys), rows)
