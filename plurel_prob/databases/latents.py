"""A draw's latents as an ``xarray.DataTree`` in ArviZ's group layout.

The group ``prior`` (a draw from the prior: one chain, one draw) holds what a database has once; its groups
``table_0``, ``table_1``, ... hold what each table has, with dimensions of the table's own sizes. Nothing is padded.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from plurel_prob.databases.schema import column_name, key_name, table_name
from plurel_prob.databases.tables import node_values
from plurel_prob.distributions import FAMILIES
from plurel_prob.models.database import Draw

if TYPE_CHECKING:
    from xarray import Dataset, DataTree
else:
    DataTree = Dataset = Any  # imported where it is used: xarray is slow to import

# parameters of a graph family: recorded where the family was drawn
FAMILY_PARAMETERS = {
    "ErdosRenyi": ("edge_prob",),
    "WattsStrogatz": ("n_neighbor", "rewire_prob"),
    "Layered": ("depth",),
    "RandomCauchy": ("log_odds", "as_cause", "as_effect"),
}
# A variable is its values (without the chain and draw axes) and the names of its dimensions.
Variables = dict[str, tuple[Any, list[str]]]


def latents(draw: Draw) -> DataTree:
    """Build the tree of a draw's latents."""
    import xarray as xr

    n_table = int(draw.stages.schema.n_table)
    groups = {"/prior": _dataset(_of_database(draw), {"place": range(n_table), "table": _names(n_table)})}
    for table in range(n_table):
        groups[f"/prior/{table_name(table)}"] = _dataset(_of_table(draw, table), _coords(draw, table))
    return xr.DataTree.from_dict(groups)


def _names(n_table: int) -> list[str]:
    return [table_name(table) for table in range(n_table)]


def _coords(draw: Draw, table: int) -> dict[str, Any]:
    schema, _, mechanisms, _ = draw.stages
    node = np.arange(int(mechanisms.n_node[table]))
    return {
        "column": [column_name(column) for column in range(int(schema.n_column[table]))],
        "foreign_key": [key_name(slot) for slot in range(int(schema.n_parent[table]))],
        "node": node,
        "cause": node,
        "effect": node,
        "row": np.arange(int(schema.n_row[table])),
    }


def _dataset(variables: Variables, coords: dict[str, Any]) -> Dataset:
    from arviz_base import dict_to_dataset

    used = {dim for _, dims in variables.values() for dim in dims}
    dataset = dict_to_dataset(
        {name: np.asarray(value)[None, None] for name, (value, _) in variables.items()},
        coords={dim: list(values) for dim, values in coords.items() if dim in used},
        dims={name: dims for name, (_, dims) in variables.items()},
    )
    dataset.attrs.pop("created_at", None)  # a draw does not depend on when it was made
    return dataset


def _graph(draw: Draw, stage: str, at: tuple[int, ...], n: int, dims: list[str]) -> Variables:
    """Family, its parameters and the marks of a graph of ``n`` nodes."""
    site = {name.removeprefix(f"{stage}/"): value[at] for name, value in draw.sites.items() if _is_graph(name, stage)}
    family = list(FAMILIES)[int(site["family"])]
    result: Variables = {
        "family": (np.array(family), []),
        "graph": (site["graph"][:n, :n], dims),
    }
    for name in FAMILY_PARAMETERS.get(family, ()):
        value = site[name]
        result[name] = (value[:n], [dims[0] if name == "as_cause" else dims[1]]) if np.ndim(value) else (value, [])
    return result


def _is_graph(name: str, stage: str) -> bool:
    names = ["family", "graph", *(parameter for names in FAMILY_PARAMETERS.values() for parameter in names)]
    return name in {f"{stage}/{parameter}" for parameter in names}


def _of_database(draw: Draw) -> Variables:
    schema = draw.stages.schema
    n = int(schema.n_table)
    return {
        "n_table": (schema.n_table, []),
        **_graph(draw, "schema", (), n, ["place", "child_place"]),
        "label": (schema.order[:n], ["place"]),
        "window": (schema.window, ["day"]),
        "is_entity": (schema.is_entity[:n].astype(np.int8), ["table"]),
        "n_row": (schema.n_row[:n], ["table"]),
        "n_column": (schema.n_column[:n], ["table"]),
        "n_node": (draw.stages.mechanisms.n_node[:n], ["table"]),
    }


def _of_table(draw: Draw, table: int) -> Variables:
    schema, _, mechanisms, _ = draw.stages
    n_column, n_node = int(schema.n_column[table]), int(mechanisms.n_node[table])
    edge = mechanisms.edge[table, :n_node, :n_node]
    is_categorical = mechanisms.is_categorical[table, :n_node]
    return {
        "column_ratio": (draw.sites["features/column_ratio"][table], []),
        "column_node": (mechanisms.column_node[table, :n_column], ["column"]),
        "mechanism_key": (mechanisms.mechanism_key[table], ["word"]),
        **_graph(draw, "features", (table,), n_node, ["cause", "effect"]),
        "edge_weight": (np.where(edge, mechanisms.edge_weight[table, :n_node, :n_node], 0), ["cause", "effect"]),
        "is_categorical": (is_categorical.astype(np.int8), ["node"]),
        "n_category": (np.where(is_categorical, mechanisms.n_category[table, :n_node], 0), ["node"]),
        "noise_scale": (np.where(is_categorical, np.nan, mechanisms.noise_scale[table, :n_node]), ["node"]),
        "value": (node_values(draw, table), ["node", "row"]),
        **_of_links(draw, table),
    }


def _of_links(draw: Draw, table: int) -> Variables:
    schema, links = draw.stages.schema, draw.stages.links
    n = int(schema.n_parent[table])
    if n == 0:
        return {}
    n_level = int(links.n_level[table, :n].max())
    cluster = ["foreign_key", "level", "parent_cluster", "child_cluster"]
    return {
        "parent_table": (schema.parent_table[table, :n], ["foreign_key"]),
        "n_level": (links.n_level[table, :n], ["foreign_key"]),
        "n_parent_cluster": (links.n_parent_cluster[table, :n, :n_level], cluster[:2]),
        "n_child_cluster": (links.n_child_cluster[table, :n, :n_level], cluster[:2]),
        "affinity": (links.affinity[table, :n, :n_level], cluster),
        "parent_row": (links.parent_row[table, :n, : schema.n_row[table]], ["foreign_key", "row"]),
    }
