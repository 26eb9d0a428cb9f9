"""From a draw's arrays to data frames and their schema."""

import numpy as np
import pandas as pd

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.schema import PKEY, TIME, DatabaseSchema, TableSchema, column_name, key_name, table_name
from plurel_prob.models.database import Draw

EPOCH = pd.Timestamp("1970-01-01")


def node_values(draw: Draw, table: int) -> np.ndarray:
    """Values of all nodes of a table, shape (node, row), from the pages."""
    schema, _, mechanisms, value = draw.stages
    order = schema.order[schema.order >= 0]
    n_node = int(mechanisms.n_node[table])
    blocks = -(-schema.n_row // BLOCK)
    before = order[: int(np.flatnonzero(order == table)[0])]
    start = int((blocks[before] * mechanisms.n_node[before]).sum())
    pages = np.asarray(value)[start : start + blocks[table] * n_node].reshape(blocks[table], n_node, BLOCK)
    return pages.transpose(1, 0, 2).reshape(n_node, -1)[:, : schema.n_row[table]]


def materialise(draw: Draw) -> tuple[dict[str, pd.DataFrame], DatabaseSchema]:
    """Build the data frames of all tables, in order of their indices, and the schema."""
    schema = draw.stages.schema
    window = tuple(EPOCH + pd.Timedelta(days=int(day)) for day in schema.window)
    frames, tables = {}, {}
    for table in range(int(schema.n_table)):
        frames[table_name(table)], tables[table_name(table)] = _table(draw, table, window)
    return frames, DatabaseSchema(tables, (window[0], window[1]))


def _table(draw: Draw, table: int, window: tuple[pd.Timestamp, ...]) -> tuple[pd.DataFrame, TableSchema]:
    schema, parent_row = draw.stages.schema, draw.stages.links.parent_row
    n_row = int(schema.n_row[table])
    columns: dict[str, object] = {PKEY: np.arange(n_row, dtype=np.int64)}
    fkeys = {key_name(s): table_name(int(schema.parent_table[table, s])) for s in range(int(schema.n_parent[table]))}
    for slot, name in enumerate(fkeys):
        columns[name] = pd.array(parent_row[table, slot, :n_row], dtype="Int64")
    time_col = None if schema.is_entity[table] else TIME
    if time_col:
        columns[TIME] = evenly_spaced(window[0], window[1], n_row)
    values = node_values(draw, table)
    types = {}
    for column in range(int(schema.n_column[table])):
        value = values[draw.stages.mechanisms.column_node[table, column]]
        if (value == value[0]).all():
            continue  # a constant column tells a reader nothing, and consumers refuse it; its node stays in the latents
        n_category = int(schema.n_category[table, column]) if schema.is_categorical[table, column] else 0
        types[column_name(column)], columns[column_name(column)] = _column(value, n_category)
    return pd.DataFrame(columns), TableSchema(n_row, types, PKEY, time_col, fkeys)


def _column(value: np.ndarray, n_category: int) -> tuple[str, object]:
    """Type and typed values of a column; two categories are a boolean, no category is a number."""
    if n_category == 0:
        return "numerical", value.astype(np.float32)
    code = value.astype(np.int8)
    if n_category == 2:
        return "boolean", code.astype(bool)
    return "categorical", pd.Categorical.from_codes(code, [f"category_{k}" for k in range(n_category)])


def evenly_spaced(first: pd.Timestamp, last: pd.Timestamp, n_row: int) -> pd.DatetimeIndex:
    """``n_row`` times from ``first`` to ``last``, in exact integer microseconds."""
    start = first.as_unit("us").asm8.astype(np.int64)
    span = last.as_unit("us").asm8.astype(np.int64) - start
    step, rest = divmod(int(span), max(n_row - 1, 1))
    row = np.arange(n_row, dtype=np.int64)
    return pd.DatetimeIndex((start + row * step + row * rest // max(n_row - 1, 1)).astype("datetime64[us]"))
