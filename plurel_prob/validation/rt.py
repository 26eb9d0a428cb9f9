"""Further rules of the Relational Transformer's own reader (relational-transformer 1.8)."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plurel_prob.validation.folder import CheckedFolder, CheckedTable
from plurel_prob.validation.problem import Violation, rows_where
from plurel_prob.validation.tables import TableRule
from plurel_prob.validation.tasks import TaskFolder, TaskRule

MAX_KEY = 5  # foreign keys of a row
MAX_ROW = 2**31  # of all tables
DATABASE_KEYS = {"name", "manifest_version", "description", "val_timestamp", "test_timestamp", "tables"}
TABLE_KEYS = {"pkey", "time_col", "fkeys"}
TASK_KEYS = {"name", "kind", "task_type", "description", "entity_table", "entity_col", "target_col", "time_col"}
TASK_KEYS |= {"src_entity_table", "src_entity_col", "dst_entity_table", "dst_entity_col", "eval_k", "timedelta"}
TASK_KEYS |= {"num_eval_timestamps", "remove_columns", "sql", "manifest_version"}


def database_problems(folder: CheckedFolder) -> Iterator[Violation]:
    """Manifests have known keys only; all tables are in the manifest; there are fewer than 2^31 rows."""
    yield from _unknown(folder.manifest, DATABASE_KEYS, None)
    for name, spec in folder.manifest["tables"].items():
        yield from _unknown(spec or {}, TABLE_KEYS, name)
    for file in sorted((folder.path / "db").glob("*.parquet")):
        if file.stem not in folder.manifest["tables"]:
            yield Violation("rt-undeclared", file.stem, None, None, "is not in the manifest, but would be read, without its keys")
    n_row = sum(table.rows.num_rows for table in folder.tables.values())
    if n_row >= MAX_ROW:
        yield Violation("rt-rows", None, None, None, f"there are {n_row:,} rows; fewer than {MAX_ROW:,} can be read")


def _unknown(content: dict, known: set[str], where: str | None) -> Iterator[Violation]:
    for key in content:
        if key not in known:
            yield Violation("rt-unknown-key", where, None, None, f"the manifest has the key {key}, at which the reader stops")


def types(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """Columns have types that can be read."""
    for column in table.rows.schema:
        of = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not _is_read(of):
            yield Violation("rt-type", table.name, column.name, None, f"the reader stops at the type {column.type}")


def _is_read(of: pa.DataType) -> bool:
    checks: list[Callable[[pa.DataType], bool]] = [pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating]
    checks += [pa.types.is_duration, pa.types.is_date, pa.types.is_timestamp, pa.types.is_string, pa.types.is_large_string]
    checks += [pa.types.is_binary, pa.types.is_large_binary, pa.types.is_list, pa.types.is_large_list, pa.types.is_null]
    return any(check(of) for check in checks)


def infinities(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """No number is infinite."""
    for column in table.rows.schema:
        if pa.types.is_floating(column.type):
            is_infinite = pc.is_inf(table.rows[column.name]).fill_null(False).to_numpy()
            yield from rows_where(is_infinite, "rt-infinity", table.name, column.name, "is infinite; the reader stops at it")


def keys(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A row has five foreign keys at most."""
    known = [table.rows[key].is_valid().to_numpy() for key in table.fkeys]
    if len(known) > MAX_KEY:
        message = f"has more than {MAX_KEY} foreign keys, at which the reader stops"
        yield from rows_where(np.sum(known, axis=0) > MAX_KEY, "rt-keys", table.name, None, message)


def time_range(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """Times are seconds since 1970 of 32 bits, from 1901 to 2038."""
    if table.times is not None:
        times, first, last = table.times.to_numpy(), np.datetime64(-(2**31), "s"), np.datetime64(2**31 - 1, "s")
        outside = (times < first) | (times > last)  # no subtraction: far times would be beyond the range of its unit
        yield from rows_where(outside, "rt-time-range", table.name, table.time_col, "is not between 1901-12-14 and 2038-01-19")


def time_lost(folder: CheckedFolder, table: CheckedTable) -> Iterator[Violation]:
    """A row with a time refers to another one; otherwise the reader forgets its time."""
    if table.times is not None:
        known = [table.rows[key].is_valid().to_numpy() for key in table.fkeys]
        alone = ~np.any(known, axis=0) if known else np.ones(table.rows.num_rows, bool)
        message = "refers to no row, so the reader forgets its time"
        yield from rows_where(alone & table.times.notna().to_numpy(), "rt-time-lost", table.name, table.time_col, message)


def task_keys(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """Manifests of tasks have known keys only."""
    yield from _unknown(task.raw, TASK_KEYS, task.name)


def train_labels(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """A task with labels for validation or test has some for training."""
    if task.labels and "train" not in task.labels:
        yield Violation("rt-train", task.name, None, None, "has labels, but no train.parquet, without which the reader stops")


def label_infinities(folder: CheckedFolder, task: TaskFolder) -> Iterator[Violation]:
    """No label is infinite."""
    for split, labels in task.labels.items():
        for column in labels.select_dtypes("float"):
            is_infinite = np.isinf(labels[column].to_numpy(np.float64, na_value=np.nan))
            yield from rows_where(is_infinite, "rt-infinity", f"{task.name}/{split}", str(column), "is infinite")


TABLE_RULES: dict[str, TableRule] = {
    "rt-type": types,
    "rt-infinity": infinities,
    "rt-keys": keys,
    "rt-time-range": time_range,
    "rt-time-lost": time_lost,
}
TASK_RULES: dict[str, TaskRule] = {
    "rt-unknown-key": task_keys,
    "rt-train": train_labels,
    "rt-label-infinity": label_infinities,
}
