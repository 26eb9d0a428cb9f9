"""From cells of tables to places in sites, and back."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from plurel_prob.blocks import BLOCK, Pages, all_blocks, lay_out
from plurel_prob.databases.schema import column_name, index_of, key_name, table_name
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.models.database import Structure
from plurel_prob.programs.layout import PARENT_ROW, VALUE

NODE = "node"


@dataclass(frozen=True)
class CellPlaces:
    """Where the cells of a column lie: ``values[site][index]`` has a number a row."""

    site: str
    index: tuple[Any, ...]  # of the table, the key and the rows; or of the pages, and of the rows within them


@dataclass(frozen=True)
class Cell:
    """A cell of a table, or of a node that no column shows."""

    table: str
    column: str
    row: int
    dim: int = 0  # of a node's value; columns show the first


def node_name(node: int) -> str:
    """Name of a node that no column shows."""
    return f"{NODE}_{node}"


def cells_of(structure: Structure, table: str, column: str) -> CellPlaces:
    """Where the cells of a column lie, see :meth:`plurel_prob.JointModel.cells`.

    Raises:
        DatabaseError: there is no such table or column.
    """
    schema, graphs = _on_host(structure)
    of = index_of(table, table_name)
    if of is None or of >= schema.n_table:
        raise DatabaseError(
            f"there is no {shown(table)}; the database has {table_name(0)} to {table_name(int(schema.n_table) - 1)}"
        )
    row = np.arange(schema.n_row[of])
    slot, feature, node = (index_of(column, name) for name in (key_name, column_name, node_name))
    if slot is not None and slot < schema.n_parent[of]:
        return CellPlaces(PARENT_ROW, (of, slot, row))
    if feature is not None and feature < schema.n_column[of]:
        node = int(graphs.column_node[of, feature])
    elif node is None or node >= graphs.n_node[of]:
        known = f"{schema.n_column[of]} features, {schema.n_parent[of]} foreign keys and {graphs.n_node[of]} nodes"
        raise DatabaseError(f"{table} has no {shown(column)}; it has {known}")
    line = int(graphs.n_dim[of, :node].sum())
    return CellPlaces(VALUE, (np.asarray(_pages(structure).page(of, row // BLOCK, line)), row % BLOCK))


def cell_at(structure: Structure, site: str, index: tuple[int, ...]) -> Cell:
    """The cell at a place of a site, see :meth:`plurel_prob.JointModel.cell_at`.

    Raises:
        DatabaseError: there is no cell.
        ValueError: the site has no cells.
    """
    schema, graphs = _on_host(structure)
    if site == PARENT_ROW:
        table, slot, row = index
        if table < schema.n_table and slot < schema.n_parent[table] and row < schema.n_row[table]:
            return Cell(table_name(table), key_name(slot), row)
    elif site == VALUE:
        page, within = index
        pages = _pages(structure)
        for table in range(int(schema.n_table)):
            position, line = divmod(page - int(pages.start[table]), int(pages.n_line[table]))
            row = position * BLOCK + within
            if 0 <= position and row < schema.n_row[table] and within < BLOCK:
                node = int((np.cumsum(graphs.n_dim[table]) <= line).sum())
                [*column] = np.flatnonzero(graphs.column_node[table] == node)
                name = column_name(int(column[0])) if column else node_name(node)
                return Cell(table_name(table), name, row, line - int(graphs.n_dim[table, :node].sum()))
    else:
        raise ValueError(f"{site} has no cells: {VALUE} and {PARENT_ROW} have")
    raise DatabaseError(f"there is no cell at {index} of {site}: it is padding")


def _on_host(structure: Structure) -> Any:
    return jax.device_get(structure)


def _pages(structure: Structure) -> Pages:
    schema, graphs = structure
    return lay_out(all_blocks(schema.n_row).n, graphs.n_line, schema.order)
