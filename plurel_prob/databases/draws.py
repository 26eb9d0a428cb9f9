"""Latents of many databases, as draws that ArviZ takes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from plurel_prob.databases.database import Database

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # xarray is slow to import

OF_GRAPHS = ("family", "edge_prob", "n_neighbor", "rewire_prob", "depth", "log_odds")  # a schema's graph has them, and a table's


def draws_of(databases: Iterable[Database]) -> DataTree:
    """Return what every database has once, and what every table has once, of many draws from a prior.

    Of a database these are its numbers of tables, feature cells and foreign keys, and latents such as ``family``; of a table its
    numbers of rows and columns, and latents such as ``noise_level``; ``table_family`` is the family of its causal graph.
    Larger latents (graphs, weights, values) differ in shape from draw to draw: see
    :attr:`Database.latents` of each.

    Args:
        databases: drawn ones, with their latents, one after another; none is kept.

    Returns:
        A tree with a group ``prior``, whose variables have the dimensions ``chain`` (one) and ``draw``, those of tables also
        ``table``, the index in the name. Where a database has fewer tables, numbers are NaN and names empty.

    Raises:
        DatabaseError: a database was not drawn, or has no latents.
        ValueError: there is none.
    """
    import xarray as xr

    rows = [_once(database) for database in databases]
    if not rows:
        raise ValueError("there are no databases")
    n_table = max(len(values) for row in rows for values in row.values() if np.ndim(values))
    variables = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        of_tables = any(np.ndim(row.get(name, 0)) for row in rows)
        found = [_padded(row.get(name), n_table if of_tables else None) for row in rows]
        variables[name] = (("chain", "draw", "table")[: 2 + of_tables], np.stack(found)[None])
    return xr.DataTree.from_dict({"prior": xr.Dataset(variables)})


def _once(database: Database) -> dict[str, Any]:
    """Scalars of a database and, as lists, of its tables."""
    schema, groups = database.schema, database.read_latents()
    of_all = groups["prior"].variables
    found: dict[str, Any] = _scalars(of_all) | {"n_cell": schema.n_cell, "n_foreign_key": len(schema.foreign_keys)}
    found |= {name: np.asarray(value).tolist() for name, (value, dims) in of_all.items() if dims == ["table"]}
    of_tables = [_scalars(groups[f"prior/{name}"].variables) for name in schema.tables]
    for name in dict.fromkeys(name for table in of_tables for name in table):
        found[f"table_{name}" if name in OF_GRAPHS else name] = [table.get(name) for table in of_tables]
    return found


def _scalars(variables: Any) -> dict[str, Any]:
    """Latents with one value; those with a dimension of their own are left out."""
    return {name: np.asarray(value).item() for name, (value, dims) in variables.items() if not dims}


def _padded(value: Any, size: int | None) -> Any:
    """A value, or one a table, as numbers or texts; what there is none of is NaN, or empty."""
    values = list(value or ()) if size is not None else [value]
    values += [None] * ((size or 1) - len(values))
    is_text = any(isinstance(one, str) for one in values)
    array = np.array([("" if one is None else one) if is_text else np.nan if one is None else float(one) for one in values])
    return array if size is not None else array[0]
