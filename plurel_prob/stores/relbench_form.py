"""Declared databases in RelBench form: keys are numbers of rows, tables with a time are sorted by it."""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from plurel_prob.databases.manifest import MANIFEST, write_manifest
from plurel_prob.databases.schema import PKEY
from plurel_prob.declared import DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.spill import kept
from plurel_prob.stores.arrow import ArrowRows, arrow_tables, series_of
from plurel_prob.stores.checks import parent_rows
from plurel_prob.stores.places import OnTable
from plurel_prob.stores.times import check_years

NO_TIMES = (pd.Timestamp("2000-01-01"), pd.Timestamp("2001-01-01"))


@dataclass
class RelbenchTable:
    """A table in RelBench form, whose columns are made when they are asked for.

    Attributes:
        rows: as they were declared.
        table: its declaration.
        columns: names of columns, by those that they are declared with.
        pkey: column that numbers the rows, if there is one.
        time_col: time by which rows are sorted, if there is one.
        times: values of that column, naive and in UTC, of rows as they were declared.
        keys: key column to parent table, and to the parent's row of each row as they were declared, -1 where it refers to none.
        order: which of the declared rows each row is.
        places: which row each declared row is, by table.
    """

    rows: ArrowRows
    table: DeclaredTable
    columns: dict[str, str]
    pkey: str | None
    time_col: str | None
    times: np.ndarray | None
    keys: dict[str, tuple[str, np.ndarray]]
    order: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    places: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.rows.num_rows

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys([*self.columns, *self.keys])
        return iter([self.pkey, *names] if self.pkey and self.pkey not in names else names)

    def __getitem__(self, name: str) -> pd.Series:
        if name == self.pkey:
            return pd.Series(np.arange(len(self)))
        if name in self.keys:
            parent, rows = self.keys[name]
            rows = rows[self.order]
            missing = rows < 0
            return pd.Series(pd.arrays.IntegerArray(np.where(missing, 0, np.append(self.places[parent], 0)[rows]), missing))
        if name == self.time_col and self.times is not None:
            return pd.Series(self.times[self.order])
        return self.declared(self.columns[name]).iloc[self.order].reset_index(drop=True)

    def declared(self, column: str) -> pd.Series:
        """A column as it was declared."""
        return series_of(self.rows[column], self.table.column(column))

    def frame(self) -> pd.DataFrame:
        """All columns."""
        return pd.DataFrame({name: self[name] for name in self}, index=pd.RangeIndex(len(self)))


def to_relbench(tables: dict[str, pd.DataFrame], declared: DeclaredSchema) -> tuple[dict[str, pd.DataFrame], Any]:
    """Give a database in RelBench form.

    - A single integer primary key that is no foreign key becomes the number of the row; other tables that are referred to get a
      column ``row_idx`` for it.
    - A foreign key becomes a column of numbers of parent rows, missing where a part of it is: under the name of its column, or
      ``<columns joined by _>_row`` if it has several. Columns that are only parts of foreign keys are left out.
    - A table has a time if it refers to another one, or no other one refers to it. It is its first timestamp or date that is
      declared NOT NULL, or else the first without missing values. If a row of another table is earlier than the row that it
      refers to, the table that is referred to has no time.
    - A name that is no identifier gets underscores; times are in UTC, without a zone.
    - Tables are sorted by time; rows of the same time, and of tables without one, stay in their order.
    - Validation starts at 80 %, test at 90 % of the window of all times, at midnight if it has ten days; without any time in
      2000 and 2001.

    Returns:
        The tables, and their ``relbench.manifest.DatasetManifest``.

    Raises:
        DatabaseError: a value is not as declared, or a key refers to no row.
    """
    found, manifest = relbench_tables(arrow_tables(tables, declared), declared)
    return {name: table.frame() for name, table in found.items()}, manifest


def relbench_tables(tables: Mapping[str, ArrowRows], declared: DeclaredSchema) -> tuple[dict[str, RelbenchTable], Any]:
    """Do the same as :func:`to_relbench`, a column at a time, when it is asked for."""
    from relbench.manifest import DatasetManifest, TableSpec

    check_years(tables, declared, "readers of RelBench format know", ("date", "timestamp", "time"))
    referred = {key.parent for table in declared.tables for key in table.foreign_keys}
    forms = {table.name: _form(tables, table, declared, table.name in referred) for table in declared.tables}
    _drop_late_times(forms)
    _drop_single_time(forms)
    places: dict[str, np.ndarray] = {}
    for name, form in forms.items():
        _rename_time(form)
        form.order = kept(np.arange(len(form)) if form.times is None else np.argsort(form.times, kind="stable"))
        form.places, places[name] = places, kept(_inverse(form.order))
    times = [form.times for form in forms.values() if form.times is not None and len(form.times)]
    val, test = _splits(times)
    specs = {
        name: TableSpec(form.pkey, form.time_col, {key: parent for key, (parent, _) in form.keys.items()})
        for name, form in forms.items()
    }
    without = "" if times else " No table has a time; the splits are made up."
    name = declared.source.partition("?")[0].rstrip("/").rpartition("/")[2]
    description = f"Converted by PluRel-Prob from {name}.{without}"
    return forms, DatasetManifest(name, val.isoformat(), test.isoformat(), description=description, tables=specs)


def _form(tables: Mapping[str, ArrowRows], table: DeclaredTable, declared: DeclaredSchema, is_referred: bool) -> RelbenchTable:
    pkey, columns = _own_key(table), [column.name for column in table.columns]
    named: dict[str, tuple[ForeignKey, np.ndarray]] = {}
    for key in table.foreign_keys:
        is_single = len(key.columns) == 1 and key.columns[0] not in named
        taken = [column for column in columns if not (is_single and column == key.columns[0])]
        name = _free(key.columns[0] if is_single else "_".join(key.columns) + "_row", [*taken, *named])
        named[name] = (key, kept(parent_rows(tables, table, key, declared.source)))
    parts = {column for key in table.foreign_keys for column in key.columns}
    own = {column: column for column in columns if column not in parts or column in named}
    if pkey is None and is_referred:
        pkey = _free(PKEY, [*own, *named])
    keys = {name: (key.parent, rows) for name, (key, rows) in named.items()}
    form = RelbenchTable(tables[table.name], table, own, pkey, None, None, keys)
    form.time_col, form.times = _time(form, _is_referred_by_others(declared, table.name))
    return form


def _own_key(table: DeclaredTable) -> str | None:
    """Single integer primary key that is no foreign key."""
    if len(table.primary_key) != 1 or any(table.primary_key[0] in key.columns for key in table.foreign_keys):
        return None
    return table.primary_key[0] if table.column(table.primary_key[0]).kind == "integer" else None


def _is_referred_by_others(declared: DeclaredSchema, name: str) -> bool:
    """Whether another table refers to a table."""
    return any(key.parent == name for table in declared.tables if table.name != name for key in table.foreign_keys)


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _time(form: RelbenchTable, is_referred: bool) -> tuple[str | None, np.ndarray | None]:
    """Column by which a table is sorted, one that may not be NULL or else is not, and its times, naive and in UTC."""
    table = form.table
    refers = any(key.parent != table.name for key in table.foreign_keys)
    keys = {column for key in table.foreign_keys for column in key.columns}
    if refers or not is_referred:
        timed = [column for column in table.columns if column.kind in ("timestamp", "date") and column.name not in keys]
        for column in sorted(timed, key=lambda column: column.is_nullable):
            values = form.declared(column.name)
            if not column.is_nullable or (len(values) and values.notna().all()):
                return column.name, kept(pd.to_datetime(values, utc=True).dt.tz_localize(None).to_numpy("datetime64[us]"))
    return None, None


def _drop_late_times(forms: dict[str, RelbenchTable]) -> None:
    """Take no time of a parent table that a row is earlier than; a table that refers to itself is its own parent."""
    late = set()
    for form in forms.values():
        for parent, rows in form.keys.values():
            theirs, has_parent = forms[parent].times, rows >= 0
            if form.times is not None and theirs is not None:
                if (form.times[has_parent] < theirs[rows[has_parent]]).any():
                    late.add(parent)
    for name in late:
        forms[name].time_col = forms[name].times = None


def _rename_time(form: RelbenchTable) -> None:
    """Give a time a name that is an identifier."""
    name = form.time_col
    if name is None or (name.isidentifier() and not keyword.iskeyword(name)):
        return
    plain = re.sub(r"\W", "_", name)
    plain = plain if plain.isidentifier() and not keyword.iskeyword(plain) else f"_{plain}"
    form.time_col = plain = _free(plain, [*form.columns, *form.keys, form.pkey or ""])
    form.columns = {plain if column == name else column: of for column, of in form.columns.items()}


def _drop_single_time(forms: dict[str, RelbenchTable]) -> None:
    """Take no times that are all the same: nothing would be left to validate and test on."""
    known = [form.times for form in forms.values() if form.times is not None and len(form.times)]
    if known and min(times.min() for times in known) == max(times.max() for times in known):
        for form in forms.values():
            form.time_col = form.times = None


def _inverse(order: np.ndarray) -> np.ndarray:
    """New place of each row."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place


def _splits(times: list[np.ndarray]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Start of validation and test."""
    if not times:
        return NO_TIMES
    first = pd.Timestamp(min(of_table.min() for of_table in times))
    last = pd.Timestamp(max(of_table.max() for of_table in times))
    val, test = (first + share * (last - first) for share in (0.8, 0.9))
    test = max(test, val + pd.Timedelta(1, "us"))
    is_long = last - first >= pd.Timedelta(days=10)
    return (val.floor("D"), test.floor("D")) if is_long else (val.floor("us"), test.floor("us"))


def save_relbench(tables: dict[str, pa.Table], declared: DeclaredSchema, folder: Path, name: str, on_table: OnTable) -> None:
    """Write RelBench format, under a name; see :func:`to_relbench`."""
    found, manifest = relbench_tables(tables, declared)
    manifest.name = name
    write_manifest(manifest, folder / MANIFEST)
    (folder / "db").mkdir()
    for table, rows in found.items():
        rows.frame().to_parquet(folder / "db" / f"{table}.parquet", index=False)
        on_table(table)
