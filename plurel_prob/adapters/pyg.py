"""Databases for PyTorch Geometric (extra ``pyg``)."""

import numpy as np
import pandas as pd
import torch
from torch_geometric.data import HeteroData

from plurel_prob.databases import Database, TableSchema


def to_hetero_data(database: Database) -> HeteroData:
    """Give a database as a heterogeneous graph: a node a row, an edge a reference.

    A table is a node type:

    - ``x``: its numbers and booleans, float32, shape (row, column), NaN where one is missing; ``x_columns`` has their names.
    - ``codes``: its categories, int64, shape (row, column), -1 where one is missing; ``codes_columns`` has their names, and
      ``labels`` for each column the label of every code.
    - ``time``: seconds since 1970, int64, if the table has a time; the least int64 where one is missing.

    Columns of texts and of other times are left out. A foreign key is an edge type ``(child, key, parent)``, whose ``edge_index``
    has the child's row above the parent's, and another, ``(parent, "rev_" + key, child)``; missing references have no edge.

    Example:
        >>> from plurel_prob import sample
        >>> from plurel_prob.adapters.pyg import to_hetero_data
        >>> graph = to_hetero_data(sample(seed=10))  # doctest: +SKIP
    """
    graph = HeteroData()
    for name, schema in database.schema.tables.items():
        _add_rows(graph, name, database.tables[name], schema)
    for child, key, parent in database.schema.foreign_keys:
        parent_row = database.parent_row(child, key)
        child_row = np.flatnonzero(parent_row >= 0)
        edges = torch.from_numpy(np.stack([child_row, parent_row[child_row]]))
        graph[child, key, parent].edge_index = edges
        graph[parent, f"rev_{key}", child].edge_index = edges.flip(0)
    return graph


def _add_rows(graph: HeteroData, name: str, frame: pd.DataFrame, schema: TableSchema) -> None:
    numbers = [column for column, kind in schema.columns.items() if kind in ("numerical", "boolean")]
    categories = [column for column, kind in schema.columns.items() if kind == "categorical"]
    values = [frame[column].to_numpy(np.float32, na_value=np.nan) for column in numbers]
    codes = [frame[column].cat.codes.to_numpy(np.int64) for column in categories]
    graph[name].num_nodes = len(frame)
    graph[name].x = torch.from_numpy(_columns(values, len(frame), np.float32))
    graph[name].x_columns = numbers
    if categories:
        graph[name].codes = torch.from_numpy(_columns(codes, len(frame), np.int64))
        graph[name].codes_columns = categories
        graph[name].labels = [frame[column].cat.categories.tolist() for column in categories]
    if schema.time_col:
        seconds = frame[schema.time_col].to_numpy("datetime64[s]").astype(np.int64)
        graph[name].time = torch.from_numpy(seconds)


def _columns(columns: list[np.ndarray], n_row: int, dtype: type) -> np.ndarray:
    """Columns side by side, of which there may be none."""
    return np.stack(columns, axis=1) if columns else np.zeros((n_row, 0), dtype)
