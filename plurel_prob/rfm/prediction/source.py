"""Databases of any kind in the form that features are made of, with the keys that they have themselves."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from plurel_prob.databases.manifest import MANIFEST, check_database
from plurel_prob.databases.schema import TableSchema
from plurel_prob.databases.stored import Frame, open_tables
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import MISSING, microseconds

if TYPE_CHECKING:  # needs an extra
    from plurel_prob.stores.relbench_form import RelbenchTable

MAX_KNOWN = 400  # characters of the names that there are


@dataclass(frozen=True)
class PredictionSource:
    """A database: keys are row numbers, tables with times are in their order.

    Attributes:
        name: for messages.
        frames: the tables.
        schemas: their keys and times.
        keys: gives, of a table, the columns that the database knows its rows by, in the same order.
        folder: in RelBench format, if it is one; only that has tasks.
    """

    name: str
    frames: Mapping[str, Frame]
    schemas: dict[str, TableSchema]
    keys: Callable[[str], pd.DataFrame]
    folder: Path | None

    def table(self, name: str) -> str:
        """Name of a table, whatever its case.

        Raises:
            DatabaseError: there is none.
        """
        return named(name, [*self.frames], f"{self.name}: there is no table")

    def column(self, table: str, name: str) -> str:
        """Name of a column of a table, whatever its case.

        Raises:
            DatabaseError: there is none.
        """
        return named(name, [str(column) for column in self.frames[table]], f"{self.name}: table {shown(table)} has no column")

    def last_time(self) -> int | None:
        """Last time of all rows, in microseconds since 1970; None if no row has one."""
        columns = [(name, schema.time_col) for name, schema in self.schemas.items() if schema.time_col]
        times = [microseconds(self.frames[name][column], shown(f"{name}.{column}")) for name, column in columns]
        last = max((int(time.max(initial=MISSING)) for time in times), default=MISSING)
        return None if last == MISSING else last


def named(name: str, names: list[str], problem: str) -> str:
    """A name that is there, or the only one that differs in case.

    Raises:
        DatabaseError: there is none; the message names the closest, or those that there are.
    """
    alike = [each for each in names if each.lower() == name.lower()]
    if name in names or len(alike) == 1:
        return name if name in names else alike[0]
    close = get_close_matches(name.lower(), [each.lower() for each in names], 1)
    meant = [each for each in names if close and each.lower() == close[0]]
    hint = f"do you mean {shown(meant[0])}?" if meant else f"there are {shown(', '.join(names) or 'none', MAX_KNOWN)}"
    raise DatabaseError(f"{problem} {shown(name)}; {hint}")


@contextmanager
def open_source(path: str) -> Iterator[PredictionSource]:
    """Open a database: a folder in RelBench format, a SQLite or DuckDB file, a URL, or a folder of files with ``schema.sql``.

    Columns of a folder in RelBench format, and of a DuckDB file, are read when they are asked for; others are in memory.

    Raises:
        DatabaseError: it cannot be read.
    """
    is_url = "://" in path
    if not is_url:
        check_database(Path(path))
    if not is_url and (Path(path) / MANIFEST).exists():
        frames, of_tables = open_tables(Path(path))
        yield PredictionSource(path, frames, of_tables, partial(_own_keys, frames, of_tables), Path(path))
        return
    from plurel_prob.stores import open_store, relbench_tables

    with open_store(path) as (tables, declared):
        found, manifest = relbench_tables(tables, declared)
        schemas = {
            name: TableSchema(len(found[name]), {}, spec.pkey, spec.time_col, dict(spec.fkeys))
            for name, spec in manifest.tables.items()
        }
        yield PredictionSource(declared.source if is_url else path, found, schemas, partial(_declared_keys, found), None)


def _own_keys(frames: Mapping[str, Frame], schemas: Mapping[str, TableSchema], name: str) -> pd.DataFrame:
    pkey = schemas[name].pkey
    key, values = ("row", pd.Series(range(len(frames[name])))) if pkey is None else (pkey, frames[name][pkey])
    return pd.DataFrame({key: values.reset_index(drop=True)})


def _declared_keys(tables: "Mapping[str, RelbenchTable]", name: str) -> pd.DataFrame:
    key, rows = tables[name].table.primary_key, tables[name].order
    columns = {column: tables[name].declared(column).iloc[rows].reset_index(drop=True) for column in key}
    return pd.DataFrame(columns) if key else pd.DataFrame({"row": rows})
