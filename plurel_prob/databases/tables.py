"""From a draw's arrays to data frames and their schema."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.row_times import RowTimes, held_rows, window_of
from plurel_prob.databases.schema import PKEY, TIME, DatabaseSchema, TableSchema, column_name, key_name, table_name
from plurel_prob.distributions.mechanisms.discrete import LABELS, WHOLE, n_label
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.models.database import Draw


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


def materialise(draw: Draw, has_booleans: bool) -> tuple[dict[str, pd.DataFrame], DatabaseSchema]:
    """Build the data frames of all tables, in order of their indices, and the schema. Constant columns are left out: they tell a
    reader nothing, and consumers refuse them; their nodes stay in the latents.

    With ``has_booleans`` every categorical column becomes a boolean one: whether the category is not the first.
    """
    schema = draw.stages.schema
    window = window_of(draw)
    frames, tables, times = {}, {}, RowTimes(draw)
    for table in range(int(schema.n_table)):
        frame, schema_of_table = all_columns(draw, table, has_booleans, times)
        constant = [column for column in schema_of_table.columns if _is_constant(frame[column])]
        frames[table_name(table)] = frame.drop(columns=constant) if constant else frame
        tables[table_name(table)] = schema_of_table.without(constant)
    return frames, DatabaseSchema.drawn(tables, window)


def _is_constant(column: pd.Series) -> bool:
    """Whether all cells that have a value have the same."""
    values = column.cat.codes.to_numpy() if isinstance(column.dtype, pd.CategoricalDtype) else column.to_numpy()
    values = values[values == values]  # noqa: PLR0124  # those that are not NaN
    return not len(values) or bool((values == values[0]).all())


def all_columns(draw: Draw, table: int, has_booleans: bool, times: RowTimes | None = None) -> tuple[pd.DataFrame, TableSchema]:
    """Build the frame of the rows of a table that a draw holds, constant columns included.

    Args:
        draw: of the database.
        table: index of the table.
        has_booleans: see :func:`materialise`.
        times: of the rows of the draw, where those of many tables are asked for.
    """
    schema, row = draw.stages.schema, held_rows(draw, table)
    columns: dict[str, Any] = {PKEY: row.astype(np.int64)}
    fkeys = {key_name(s): table_name(int(schema.parent_table[table, s])) for s in range(int(schema.n_parent[table]))}
    for slot, name in enumerate(fkeys):
        columns[name] = pd.array(draw.stages.links.parent_row[table, slot, : len(row)], dtype="Int64")
    time_col = TIME if schema.has_time[table] else None
    if time_col:
        columns[TIME] = pd.DatetimeIndex((times or RowTimes(draw)).of(table).astype("datetime64[us]"))
    types = {}
    for column, value in enumerate(column_values(draw, table)):
        name, n_category = column_name(column), _n_category(draw, table, column)
        types[name], columns[name] = _column(value, n_category, has_booleans, _is_whole(draw, table, column))
    return pd.DataFrame(columns), TableSchema(int(schema.n_row[table]), types, PKEY, time_col, fkeys)


def _column(value: np.ndarray, n_category: int, has_booleans: bool, is_whole: bool) -> tuple[str, Any]:
    """Type and typed values of a column; no category is a number."""
    if n_category == 0:
        return "numerical", value.astype(np.int32 if is_whole else np.float32)
    is_missing = np.isnan(value)  # of labels; categories are complete
    code: np.ndarray = np.where(is_missing, -1, value).astype(np.int16 if n_category <= 2**15 else np.int32)
    if (has_booleans or n_category == 2) and not is_missing.any():
        return "boolean", code > 0
    return "categorical", pd.Categorical.from_codes(code, dtype=_categories(n_category))


def _n_category(draw: Draw, table: int, column: int) -> int:
    """Number of categories or labels of a column: 0 if it shows numbers."""
    if draw.stages.schema.is_categorical[table, column]:
        return int(draw.stages.schema.n_category[table, column])
    name = _transform(draw, table, column)
    if name not in LABELS:
        return 0
    if name in ("flag", "code"):
        return 2 if name == "flag" else int(draw.stages.schema.n_row[table])
    return int(n_label(name, draw.sites["features/transform_shape"][table, column, 0]))


def _transform(draw: Draw, table: int, column: int) -> str:
    """Transform of a column, if it is one of numbers."""
    kind = int(draw.sites["features/transform"][table, column])
    palette = draw.sites.get("features/transform_palette")
    return list(TRANSFORMS)[kind if palette is None else int(palette[table, kind])]


def _is_whole(draw: Draw, table: int, column: int) -> bool:
    """Whether a numerical column has integers, none missing."""
    complete = draw.sites.get("features/is_complete")
    n_missing = int(np.float32(draw.sites["features/missing_rate"][table]) * np.float32(draw.stages.schema.n_row[table]))
    is_full = n_missing == 0 or (complete is not None and bool(complete[table, column]))
    return is_full and _transform(draw, table, column) in WHOLE


@lru_cache
def _categories(n: int) -> pd.CategoricalDtype:
    """Type of columns with ``n`` categories; made once, as pandas takes long to check their names."""
    return pd.CategoricalDtype([f"category_{k}" for k in range(n)])
