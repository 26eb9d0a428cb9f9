"""Databases of any kind in the form that features are made of, with the keys that they have themselves."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from plurel_prob.databases import observe
from plurel_prob.databases.manifest import MANIFEST, check_database
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import MISSING, microseconds

MAX_KNOWN = 400  # characters of the names that there are


@dataclass(frozen=True)
class Source:
    """A database: keys are row numbers, tables with times are in their order.

    Attributes:
        name: for messages.
        frames: the tables.
        schemas: their keys and times.
        keys: of every table, the columns that the database knows its rows by, in the same order.
        folder: in RelBench format, if it is one; only that has tasks.
    """

    name: str
    frames: dict[str, pd.DataFrame]
    schemas: dict[str, TableSchema]
    keys: dict[str, pd.DataFrame]
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


def read_source(path: str) -> Source:
    """Read a database: a folder in RelBench format, a SQLite or DuckDB file, a URL, or a folder of files with ``schema.sql``.

    Raises:
        DatabaseError: it cannot be read.
    """
    is_url = "://" in path
    if not is_url:
        check_database(Path(path))
    if not is_url and (Path(path) / MANIFEST).exists():
        observed = observe(path)
        keys = {name: _own_keys(frame, observed.schemas[name].pkey) for name, frame in observed.tables.items()}
        return Source(path, observed.tables, observed.schemas, keys, Path(path))
    from plurel_prob.stores import read_store, relbench_rows

    tables, declared = read_store(path)
    frames, manifest, rows = relbench_rows(tables, declared)
    schemas, keys = {}, {}
    for table in declared.tables:
        spec, name = manifest.tables[table.name], table.name
        schemas[name] = TableSchema(len(frames[name]), {}, spec.pkey, spec.time_col, dict(spec.fkeys))
        of_table = tables[name][list(table.primary_key)] if table.primary_key else _own_keys(tables[name], None)
        keys[name] = of_table.iloc[rows[name]].reset_index(drop=True)
    return Source(declared.source if is_url else path, frames, schemas, keys, None)


def _own_keys(frame: pd.DataFrame, pkey: str | None) -> pd.DataFrame:
    return pd.DataFrame({"row": range(len(frame))}) if pkey is None else frame[[pkey]].reset_index(drop=True)
