"""From a draw's arrays to data frames and their schema."""

from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.schema import PKEY, TIME, DatabaseSchema, TableSchema, column_name, key_name, table_name
from plurel_prob.models.database import Draw

EPOCH = pd.Timestamp("1970-01-01")


def node_values(draw: Draw, table: int) -> np.ndarray:
    """Values of all nodes of a table from the pages, shape (line, row): a line is a dimension of a node."""
    return _unpage(draw, draw.stages.features.value, draw.stages.graphs.n_line, table)


def column_values(draw: Draw, table: int) -> np.ndarray:
    """Values of all columns of a table, shape (column, row), from the pages: a category is its index, a missing number NaN."""
    return _unpage(draw, draw.stages.features.column, draw.stages.schema.n_column, table)


def _unpage(draw: Draw, pages: Any, n_line: Any, table: int) -> np.ndarray:
    """Collect a table's pages; ``n_line`` nodes or columns a table have pages."""
    schema = draw.stages.schema
    order = schema.order[schema.order >= 0]
    blocks, n = -(-schema.n_row // BLOCK), int(n_line[table])
    before = order[: int(np.flatnonzero(order == table)[0])]
    start = int((blocks[before] * n_line[before]).sum())
    mine = np.asarray(pages)[start : start + blocks[table] * n].reshape(blocks[table], n, BLOCK)
    return mine.transpose(1, 0, 2).reshape(n, -1)[:, : schema.n_row[table]]


def materialise(draw: Draw, has_booleans: bool) -> tuple[dict[str, pd.DataFrame], DatabaseSchema]:
    """Build the data frames of all tables, in order of their indices, and the schema.

    With ``has_booleans`` every categorical column becomes a boolean one: whether the category is not the first.
    """
    schema = draw.stages.schema
    window = tuple(EPOCH + pd.Timedelta(days=int(day)) for day in schema.window)
    frames, tables = {}, {}
    for table in range(int(schema.n_table)):
        frames[table_name(table)], tables[table_name(table)] = _table(draw, table, window, has_booleans)
    return frames, DatabaseSchema(tables, (window[0], window[1]))


def _table(draw: Draw, table: int, window: tuple[pd.Timestamp, ...], has_booleans: bool) -> tuple[pd.DataFrame, TableSchema]:
    schema, parent_row = draw.stages.schema, draw.stages.links.parent_row
    n_row = int(schema.n_row[table])
    columns: dict[str, Any] = {PKEY: np.arange(n_row, dtype=np.int64)}
    fkeys = {key_name(s): table_name(int(schema.parent_table[table, s])) for s in range(int(schema.n_parent[table]))}
    for slot, name in enumerate(fkeys):
        columns[name] = pd.array(parent_row[table, slot, :n_row], dtype="Int64")
    time_col = None if schema.is_entity[table] else TIME
    if time_col:
        columns[TIME] = evenly_spaced(window[0], window[1], n_row)
    values = column_values(draw, table)
    types = {}
    for column, value in enumerate(values):
        n_category = int(schema.n_category[table, column]) if schema.is_categorical[table, column] else 0
        kind, typed = _column(value, n_category, has_booleans)
        if len(pd.unique(pd.Series(typed).dropna())) < 2:
            continue  # a constant column tells a reader nothing, and consumers refuse it; its node stays in the latents
        types[column_name(column)], columns[column_name(column)] = kind, typed
    return pd.DataFrame(columns), TableSchema(n_row, types, PKEY, time_col, fkeys)


def _column(value: np.ndarray, n_category: int, has_booleans: bool) -> tuple[str, Any]:
    """Type and typed values of a column; no category is a number."""
    if n_category == 0:
        return "numerical", value.astype(np.float32)
    code = value.astype(np.int8)
    if has_booleans or n_category == 2:
        return "boolean", code > 0
    return "categorical", pd.Categorical.from_codes(code, [f"category_{k}" for k in range(n_category)])


def evenly_spaced(first: pd.Timestamp, last: pd.Timestamp, n_row: int) -> pd.DatetimeIndex:
    """``n_row`` times from ``first`` to ``last``, in exact integer microseconds."""
    start = first.as_unit("us").asm8.astype(np.int64)
    span = last.as_unit("us").asm8.astype(np.int64) - start
    step, rest = divmod(int(span), max(n_row - 1, 1))
    row = np.arange(n_row, dtype=np.int64)
    return pd.DatetimeIndex((start + row * step + row * rest // max(n_row - 1, 1)).astype("datetime64[us]"))
