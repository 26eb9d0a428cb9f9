"""Conditions on rows, and whether rows keep them: DuckDB tests them, where it can reach nothing but these rows."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool

from plurel_prob.declared.arrow_types import arrow_type
from plurel_prob.declared.schema import Column, UniqueIndex
from plurel_prob.errors import DatabaseError
from plurel_prob.queries import LOCKED

ROWS = "rows_to_test"


@cache
def _database() -> Any:
    """A database in memory that reaches no file, loads no extension and stays so."""
    config = LOCKED | {"threads": 1, "lock_configuration": False}
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


def evaluate(texts: Sequence[str], rows: pa.Table) -> pa.Table:
    """Values of expressions in each row.

    Raises:
        DatabaseError: DuckDB cannot tell.
    """
    names = [f"c{i}" for i in range(len(texts))]
    query = f"SELECT {', '.join(f'{text} AS {name}' for text, name in zip(texts, names, strict=True))} FROM {ROWS}"
    with _database().cursor() as connection:
        try:
            connection.register(ROWS, pa.table([_plain(column) for column in rows.columns], rows.column_names))
            return connection.sql(query).to_arrow_table()
        except (duckdb.Error, pa.ArrowException) as error:
            raise DatabaseError(str(error).partition("\n")[0]) from None
        finally:
            connection.unregister(ROWS)


def broken_rows(texts: Iterable[str], rows: pa.Table) -> Bool[np.ndarray, " row"]:
    """Rows in which one of some conditions is false; one that is neither true nor false is kept."""
    tested = evaluate([f"CAST({' AND '.join(f'({text})' for text in texts)} AS BOOLEAN)"], rows)
    return np.array(~tested.column(0).combine_chunks().fill_null(True).to_numpy(zero_copy_only=False))


def repeated_rows(index: UniqueIndex, rows: pa.Table) -> Bool[np.ndarray, " row"]:
    """Rows that are the same as an earlier one in what an index says is unique, among those that it is of."""
    keys = evaluate(index.keys, rows).to_pandas(types_mapper=pd.ArrowDtype)
    is_counted = np.ones(len(keys), bool) if index.are_missing_alike else np.array(keys.notna().all(axis=1), bool)
    if index.where is not None:
        tested = evaluate([f"CAST(({index.where.text}) AS BOOLEAN)"], rows)
        is_counted = is_counted & tested.column(0).combine_chunks().fill_null(False).to_numpy(zero_copy_only=False)
    found = np.zeros(len(keys), bool)
    found[is_counted] = keys[is_counted].duplicated().to_numpy(bool)
    return found


def problem_of(texts: Sequence[str], columns: Sequence[Column]) -> str:
    """Why DuckDB cannot tell the values of expressions of some columns; empty if it can."""
    types = [arrow_type(column) or pa.decimal128(38, 10) for column in columns]
    try:
        evaluate(texts, pa.schema(list(zip([column.name for column in columns], types, strict=True))).empty_table())
    except DatabaseError as error:
        return str(error)
    return ""


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """What DuckDB compares by value: labels of categories (not their places), integers of 64 bits, decimals of 38 digits.

    Raises:
        pa.ArrowException: a decimal has more digits.
    """
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    if pa.types.is_decimal256(values.type):
        return values.cast(pa.decimal128(38, min(values.type.scale, 38)))
    is_narrow = pa.types.is_integer(values.type) and values.type.bit_width < 64
    return values.cast(pa.int64()) if is_narrow else values
