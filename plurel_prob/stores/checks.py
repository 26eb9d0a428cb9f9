"""Whether rows are as declared: each constraint, and the first row that breaks it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey, Rule, UniqueIndex
from plurel_prob.declared.literals import decimal_of
from plurel_prob.declared.narrow import steps_of
from plurel_prob.declared.row_tests import broken_rows, repeated_rows
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.stores.arrow import ArrowRows, missing_rows, value_at
from plurel_prob.stores.times import time_series

MAX_EXACT = 76  # digits of decimals that Arrow compares


def check_rows(tables: dict[str, pa.Table], declared: DeclaredSchema) -> None:
    """Check all constraints of a schema.

    Raises:
        DatabaseError: one is broken; the message names table, column and row.
    """
    for table in declared.tables:
        rows = tables[table.name]
        for column in table.columns:
            for what, is_broken in _column_problems(rows[column.name].combine_chunks(), column):
                if is_broken.any():
                    row = int(np.flatnonzero(is_broken)[0])
                    value = value_at(rows[column.name].combine_chunks(), row)
                    raise DatabaseError(f"{declared.source}: {table.name}.{column.name}, row {row}: {value!r} {what}")
        _check_unique(rows, table, declared.source)
        for order in table.orders:
            compare = pc.less if order.is_strict else pc.less_equal
            _check_order(compare, rows, table, (order.low, order.high), declared.source)
        _check_rules(rows, table, declared.source)
        for key in table.foreign_keys:
            parent_rows(tables, table, key, declared.source)


def _column_problems(values: pa.Array, column: Column) -> Iterator[tuple[str, np.ndarray]]:
    def where(condition: Any) -> np.ndarray:
        return np.array(condition.fill_null(False).to_numpy(zero_copy_only=False))

    if not column.is_nullable:
        yield "is missing, in a column without missing values", missing_rows(values)
    below, above = _outside(values, column)
    if below is not None:
        yield f"is below the range, from {column.low}", where(below)
    if above is not None:
        yield f"is above the range, to {column.high}", where(above)
    if column.length is not None and column.kind in ("text", "blob"):
        length = pc.utf8_length(values) if column.kind == "text" else pc.binary_length(values)
        yield f"is longer than {column.length}", where(pc.greater(length, column.length))


def _outside(values: pa.Array, column: Column) -> tuple[Any, Any]:
    """Values below and above the bounds; None where there is no bound. Floats would not tell large numbers apart."""
    kind, low, high = values.type, column.low, column.high
    if not (pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        below, above = pc.less_equal if column.is_low_open else pc.less, pc.greater_equal if column.is_high_open else pc.greater
        numbers = None if low is high is None else _numbers(values)
        return None if low is None else below(numbers, float(low)), None if high is None else above(numbers, float(high))
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    least, most = _limits(kind)
    first, last = steps_of(column, 10**scale)

    def bound(step: int) -> pa.Scalar:
        return pa.scalar(decimal_of(step, scale) if pa.types.is_decimal(kind) else step, kind)

    below = None if first is None else pc.is_valid(values) if first > most else pc.less(values, bound(max(first, least)))
    above = None if last is None else pc.is_valid(values) if last < least else pc.greater(values, bound(min(last, most)))
    return below, above


def _limits(kind: pa.DataType) -> tuple[int, int]:
    """Least and greatest number of a type of integers, or of decimals, in steps of their last digit."""
    if pa.types.is_decimal(kind):
        return 1 - 10**kind.precision, 10**kind.precision - 1
    info = np.iinfo(kind.to_pandas_dtype())
    return int(info.min), int(info.max)


def _numbers(values: pa.Array) -> pa.Array:
    values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    return values.cast(pa.float64(), safe=False)


def _plain(values: Any) -> pd.Series:
    """Values that pandas compares as the store does; missing ones are None, NaN or NaT."""
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    if pa.types.is_integer(values.type):
        return pd.Series(pd.arrays.IntegerArray(values.fill_null(0).to_numpy(zero_copy_only=False), missing_rows(values)))
    return pd.Series(time_series(values))


def _keys(rows: ArrowRows, columns: tuple[str, ...]) -> pd.DataFrame:
    """Columns of a key, by their places in it."""
    return pd.DataFrame({place: _plain(rows[name]) for place, name in enumerate(columns)})


def _repeated(keys: pd.DataFrame) -> np.ndarray:
    """Whether each row without missing values was there before."""
    known = keys.notna().all(axis=1).to_numpy(bool)
    result = np.zeros(len(keys), bool)
    result[known] = keys[known].duplicated().to_numpy()
    return result


def _check_unique(rows: pa.Table, table: DeclaredTable, source: str) -> None:
    for columns in filter(None, [table.primary_key, *table.unique]):
        keys = _keys(rows, columns)
        name = f"{source}: {table.name}.({', '.join(columns)})"
        if columns == table.primary_key and keys.isna().to_numpy().any():
            row = int(np.flatnonzero(keys.isna().any(axis=1))[0])
            raise DatabaseError(f"{name}, row {row}: part of the primary key is missing")
        repeated = np.flatnonzero(_repeated(keys))
        if len(repeated):
            values = ", ".join(str(value) for value in keys.iloc[repeated[0]])
            raise DatabaseError(f"{name}, row {repeated[0]}: {values} is there already, in columns that are unique together")


def _check_rules(rows: pa.Table, table: DeclaredTable, source: str) -> None:
    for rule in table.rules:
        try:
            broken = broken_rows([rule.text], rows.select(rule.columns))
        except DatabaseError as error:
            where = f"{source}: {table.name}.({', '.join(rule.columns)})"
            raise DatabaseError(f"{where}: rows cannot be tested by CHECK ({shown(rule.text, 300)}): {error}") from None
        _fail_at(broken, rows, rule, f"breaks CHECK ({rule.text})", table, source)
    for index in table.indexes:
        what = f"is there already, and unique are {', '.join(index.keys)}"
        if index.where is not None:
            what += f" where {index.where.text}"
        _fail_at(repeated_rows(index, rows), rows, index, what, table, source)


def _fail_at(found: np.ndarray, rows: pa.Table, of: Rule | UniqueIndex, what: str, table: DeclaredTable, source: str) -> None:
    """Refuse the first row that is found, if there is one."""
    if found.any():
        row = int(np.flatnonzero(found)[0])
        values = ", ".join(shown(rows[name][row].as_py()) for name in of.columns)
        raise DatabaseError(f"{source}: {table.name}.({', '.join(of.columns)}), row {row}: {values} {shown(what, 300)}")


def _check_order(compare: Any, rows: pa.Table, table: DeclaredTable, names: tuple[str, str], source: str) -> None:
    low, high = (rows[name].combine_chunks() for name in names)
    if low.type != high.type:
        is_time = pa.types.is_temporal(low.type)
        is_exact = all(pa.types.is_integer(x.type) or pa.types.is_decimal(x.type) for x in (low, high))
        scale = max(getattr(x.type, "scale", 0) for x in (low, high))
        wanted = pa.timestamp("us") if is_time else pa.decimal256(MAX_EXACT, scale) if is_exact else pa.float64()
        low, high = (_numbers(x) if wanted == pa.float64() else x.cast(wanted) for x in (low, high))
    is_broken = pc.invert(compare(low, high)).fill_null(False).to_numpy(zero_copy_only=False)
    if is_broken.any():
        row = int(np.flatnonzero(is_broken)[0])
        first, second = (value_at(rows[name].combine_chunks(), row) for name in names)
        values = f"{first} is not below {names[1]}, {second}"
        raise DatabaseError(f"{source}: {table.name}.{names[0]}, row {row}: {values}")


def parent_rows(tables: Mapping[str, ArrowRows], table: DeclaredTable, key: ForeignKey, source: str) -> np.ndarray:
    """Give the row of the parent to which each row refers by a key; -1 where part of the key is missing.

    Raises:
        DatabaseError: a row refers to none, or two rows of the parent are alike.
    """
    child, parent = _keys(tables[table.name], key.columns), _keys(tables[key.parent], key.parent_columns)
    known = child.notna().all(axis=1).to_numpy(bool)
    result = np.full(len(child), -1, np.int64)
    if len(key.columns) == 1:
        index, wanted = pd.Index(parent[0][parent[0].notna()]), child[0][known]
    else:
        index, wanted = pd.MultiIndex.from_frame(parent[parent.notna().all(axis=1)]), pd.MultiIndex.from_frame(child[known])
    if not index.is_unique:
        row = int(np.flatnonzero(parent.notna().all(axis=1))[index.duplicated()][0])
        where, values = (
            f"{source}: {key.parent}.({', '.join(key.parent_columns)}), row {row}",
            ", ".join(map(str, parent.iloc[row])),
        )
        raise DatabaseError(f"{where}: {values} is there already, and {table.name}.{', '.join(key.columns)} refers to it")
    place = index.get_indexer(wanted)
    result[known] = np.where(place < 0, -1, np.flatnonzero(parent.notna().all(axis=1))[place] if len(index) else -1)
    broken = np.flatnonzero(known & (result < 0))
    if len(broken):
        values = ", ".join(str(value) for value in child.iloc[broken[0]])
        where = f"{source}: {table.name}.{', '.join(key.columns)}, row {broken[0]}"
        raise DatabaseError(f"{where}: there is no {values} in {key.parent}.{', '.join(key.parent_columns)}")
    return result
