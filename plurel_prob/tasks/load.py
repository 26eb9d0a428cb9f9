"""Tasks of a folder as RelBench loads them, but for their SQL, which runs where it can do no harm.

RelBench runs the SQL of a task that has no label files on a connection that reads and writes any file, puts names of columns into
SQL without quotes, and evaluates the name of a time column as an expression of pandas. All of them come with the database.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import relbench
from relbench.base import Database, Table
from relbench.load import _AutoCompleteTask, _ForecastEntityTask, _install_nmae_std, build_task
from relbench.manifest import TaskManifest

from plurel_prob.databases.disk import table_file
from plurel_prob.databases.manifest import MANIFEST, read_manifest, read_task_manifest, splits_of
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.files import within
from plurel_prob.queries import locked, select
from plurel_prob.tasks.split import check_time
from plurel_prob.tasks.task import PARTS

TYPES = ("binary_classification", "regression")
MIN_LENGTH = pd.Timedelta(minutes=1)  # of windows whose labels are made here: no list of their starts is too long
# what RelBench, pandas and dates raise about labels that cannot be made
BROKEN = (RuntimeError, AssertionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)


class _Labels:
    """Labels that are made, where there is no file of them."""

    timedelta: pd.Timedelta
    _task_dir: Path

    @property
    def where(self) -> Path:
        """The manifest, for messages."""
        return self._task_dir / MANIFEST

    def _get_table(self, split: str, db: Database | None = None) -> Table:
        if not self.timedelta >= MIN_LENGTH and isinstance(self, ForecastTask):
            raise DatabaseError(f"{self.where}: timedelta is {self.timedelta}; labels are made of windows of a minute or more")
        try:
            return super()._get_table(split, db)  # type: ignore[misc]
        except DatabaseError:
            raise
        except BROKEN as error:
            reason = shown(" ".join(str(error).split()), 200) or type(error).__name__
            raise DatabaseError(f"{self.where}: there is no {split}.parquet, and labels cannot be made: {reason}") from None


class ForecastTask(_Labels, _ForecastEntityTask):
    """A forecast task, labels that are missing made by its SQL."""

    def make_table(self, db: Database, timestamps: pd.DatetimeIndex) -> Table:
        """Run the SQL at times."""
        frames = {"timestamps": pd.DataFrame({"timestamp": timestamps})}
        frames |= {name: table.df for name, table in db.table_dict.items()}
        with locked(frames) as connection:
            sql = str(self._sql).replace("{timedelta}", str(self.timedelta))
            rows = select(connection, sql, f"{self.where}: sql")
        for column in (self.time_col, self.entity_col, self.target_col):
            if column not in rows:
                raise DatabaseError(f"{self.where}: sql: makes no column {shown(column)}")
        return Table(rows, {self.entity_col: self.entity_table}, None, self.time_col)


class AutocompleteTask(_Labels, _AutoCompleteTask):
    """An autocomplete task, whose labels are values of a column."""

    SQL = """
    SELECT entity.time, entity.entity, removed.label
    FROM entity LEFT JOIN removed ON entity.entity = removed.entity
    WHERE entity.time > '{start}' AND entity.time <= '{end}'"""

    def make_table(self, db: Database, timestamps: pd.DatetimeIndex) -> Table:
        """Labels of rows after the first time and up to the last; RelBench's SQL, without names of somebody else."""
        entity = db.table_dict[self.entity_table].df[[self.time_col, self.entity_col]].set_axis(["time", "entity"], axis=1)
        removed = self._removed_cols.set_axis(["entity", "label"], axis=1)
        with locked({"entity": entity, "removed": removed}) as connection:
            rows = select(connection, self.SQL.format(start=min(timestamps), end=max(timestamps)), self.where)
        rows = rows.dropna(subset=["label"]).set_axis([self.time_col, self.entity_col, self.target_col], axis=1)
        return Table(rows, {self.entity_col: self.entity_table}, None, self.time_col)


def load_task(folder: Path, name: str) -> Any:
    """Load a task of binary classification or regression from a database in RelBench format.

    Args:
        folder: of the database.
        name: of the task, its folder below ``tasks``.

    Returns:
        What ``relbench.load_dataset(folder).load_task(name)`` does, except that labels without a file come from
        :class:`ForecastTask` and :class:`AutocompleteTask`.

    Raises:
        DatabaseError: there is none, it is of another type, or a manifest, a name or a label is not as RelBench has it.
    """
    path, *_ = [within(folder, f"tasks/{name}/{file}") for file in PARTS]
    manifest = read_task_manifest(path)
    if manifest.task_type not in TYPES:
        raise DatabaseError(f"{path}: only binary classification and regression can be predicted, not {manifest.task_type}")
    _check_tables(folder)
    try:
        return _task(relbench.load_dataset(folder), manifest, path.parent)
    except DatabaseError:
        raise
    except (*BROKEN, OSError) as error:
        reason = shown(" ".join(str(error).split()), 200) or type(error).__name__
        raise DatabaseError(f"{path}: cannot be used: {reason}; is {folder} a folder in RelBench format?") from None


def _task(dataset: Any, manifest: TaskManifest, folder: Path) -> Any:
    if manifest.kind == "autocomplete":
        return AutocompleteTask(dataset, manifest, task_dir=folder)
    if manifest.kind == "forecast":
        task = ForecastTask(dataset, manifest, task_dir=folder)
        _install_nmae_std(task, dataset, manifest)
        return task
    return build_task(dataset, manifest, task_dir=folder)  # its labels are files: there is no SQL


def _check_tables(folder: Path) -> None:
    """Refuse tables that lie outside, and times whose names mean something else to pandas, which RelBench has evaluate them."""
    manifest = read_manifest(folder)
    splits_of(manifest, folder)  # RelBench needs them
    for name, table in manifest.tables.items():
        table_file(folder, name)
        check_time(folder / MANIFEST, table.time_col)
