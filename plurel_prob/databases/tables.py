"""From a draw's arrays to data frames and their schema."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.blocks import BLOCK, block_at
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
    order = draw.stages.schema.order[draw.stages.schema.order >= 0]
    blocks, n = draw.stages.held.n, int(n_line[table])
    before = order[: int(np.flatnonzero(order == table)[0])]
    start = int((blocks[before] * n_line[before]).sum())
    mine = np.asarray(pages)[start : start + blocks[table] * n].reshape(blocks[table], n, BLOCK)
    return mine.transpose(1, 0, 2).reshape(n, -1)[:, : len(held_rows(draw, table))]


def held_rows(draw: Draw, table: int) -> np.ndarray:
    """Rows of a table that a draw holds, in ascending order: all, unless it was drawn for some."""
    position = np.arange(int(draw.stages.held.n[table]))
    block = block_at(position, draw.stages.held.skipped[table])
    row = (block[:, None] * BLOCK + np.arange(BLOCK)).reshape(-1)
    return row[row < draw.stages.schema.n_row[table]]


def materialise(draw: Draw, has_booleans: bool) -> tuple[dict[str, pd.DataFrame], DatabaseSchema]:
    """Build the data frames of all tables, in order of their indices, and the schema. Constant columns are left out: they tell a
    reader nothing, and consumers refuse them; their nodes stay in the latents.

    With ``has_booleans`` every categorical column becomes a boolean one: whether the category is not the first.
    """
    schema = draw.stages.schema
    window = tuple(EPOCH + pd.Timedelta(days=int(day)) for day in schema.window)
    frames, tables = {}, {}
    for table in range(int(schema.n_table)):
        frame, schema_of_table = all_columns(draw, table, has_booleans)
        constant = [column for column in schema_of_table.columns if _is_constant(frame[column])]
        frames[table_name(table)] = frame.drop(columns=constant) if constant else frame
        tables[table_name(table)] = schema_of_table.without(constant)
    return frames, DatabaseSchema.drawn(tables, (window[0], window[1]))


def _is_constant(column: pd.Series) -> bool:
    """Whether all cells that have a value have the same."""
    values = column.cat.codes.to_numpy() if isinstance(column.dtype, pd.CategoricalDtype) else column.to_numpy()
    values = values[values == values]  # noqa: PLR0124  # those that are not NaN
    return not len(values) or bool((values == values[0]).all())


def all_columns(draw: Draw, table: int, has_booleans: bool) -> tuple[pd.DataFrame, TableSchema]:
    """Build the frame of the rows of a table that a draw holds, constant columns included."""
    schema, row = draw.stages.schema, held_rows(draw, table)
    columns: dict[str, Any] = {PKEY: row.astype(np.int64)}
    fkeys = {key_name(s): table_name(int(schema.parent_table[table, s])) for s in range(int(schema.n_parent[table]))}
    for slot, name in enumerate(fkeys):
        columns[name] = pd.array(draw.stages.links.parent_row[table, slot, : len(row)], dtype="Int64")
    time_col = None if schema.is_entity[table] else TIME
    if time_col:
        first, last = (EPOCH + pd.Timedelta(days=int(day)) for day in schema.window)
        columns[TIME] = evenly_spaced(first, last, int(schema.n_row[table]), row)
    types = {}
    for column, value in enumerate(column_values(draw, table)):
        n_category = int(schema.n_category[table, column]) if schema.is_categorical[table, column] else 0
        types[column_name(column)], columns[column_name(column)] = _column(value, n_category, has_booleans)
    return pd.DataFrame(columns), TableSchema(int(schema.n_row[table]), types, PKEY, time_col, fkeys)


def _column(value: np.ndarray, n_category: int, has_booleans: bool) -> tuple[str, Any]:
    """Type and typed values of a column; no category is a number."""
    if n_category == 0:
        return "numerical", value.astype(np.float32)
    code = value.astype(np.int8)
    if has_booleans or n_category == 2:
        return "boolean", code > 0
    return "categorical", pd.Categorical.from_codes(code, dtype=_categories(n_category))


@lru_cache
def _categories(n: int) -> pd.CategoricalDtype:
    """Type of columns with ``n`` categories; made once, as pandas takes long to check their names."""
    return pd.CategoricalDtype([f"category_{k}" for k in range(n)])


def evenly_spaced(first: pd.Timestamp, last: pd.Timestamp, n_row: int, row: np.ndarray) -> pd.DatetimeIndex:
    """Times of some rows of ``n_row`` that are spread from ``first`` to ``last``, in exact integer microseconds."""
    start = first.as_unit("us").asm8.astype(np.int64)
    span = last.as_unit("us").asm8.astype(np.int64) - start
    step, rest = divmod(int(span), max(n_row - 1, 1))
    return pd.DatetimeIndex((start + row * step + row * rest // max(n_row - 1, 1)).astype("datetime64[us]"))
