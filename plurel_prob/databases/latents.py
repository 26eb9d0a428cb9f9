"""A draw's latents in ArviZ's group layout.

The group ``prior`` (a draw from the prior: one chain, one draw) holds what a database has once; its groups
``table_0``, ``table_1``, ... hold what each table has, with dimensions of the table's own sizes. Nothing is padded.
"""

from typing import Any

import numpy as np

from plurel_prob.databases.flat import Group, Groups
from plurel_prob.databases.row_times import held_rows
from plurel_prob.databases.schema import column_name, key_name, table_name
from plurel_prob.databases.tables import node_values
from plurel_prob.distributions import EDGE_WEIGHTS, FAMILIES, TABLE_KINDS
from plurel_prob.distributions.mechanisms.sources import SOURCES
from plurel_prob.models.database import Draw

# parameters of a graph family: recorded where the family was drawn
FAMILY_PARAMETERS = {
    "ErdosRenyi": ("edge_prob",),
    "WattsStrogatz": ("n_neighbor", "rewire_prob"),
    "Layered": ("depth",),
    "RandomCauchy": ("log_odds", "as_cause", "as_effect"),
}
# sites of stage 3 beside its graph, and the names of their dimensions within a table
CHOICES: dict[str, list[str]] = {
    **dict.fromkeys(["column_ratio", "edge_weight_family", "missing_rate"], []),
    **dict.fromkeys(["is_lazy", "permute_prob", "reverse_prob"], []),
    **dict.fromkeys(["noise_level", "sharpness", "foreign_strength"], []),
    **dict.fromkeys(["mechanism_key", "noise_key", "missing_key"], ["word"]),
    "source": ["node"],
    **dict.fromkeys(["source_exponent", "source_bound_0", "source_bound_1"], ["node", "component"]),
    **dict.fromkeys(["time_grain", "time_burst", "time_trend", "time_season", "time_lag"], []),
    "time_key": ["word"],
    **dict.fromkeys(["label_share", "label_share_of_events"], []),
    **dict.fromkeys(["has_drift", "drift", "is_own_drift", "is_follower"], ["node"]),
    "is_complete": ["column"],
    **dict.fromkeys(["aggregation", "noise_a", "noise_b", "noise_factor"], ["node"]),
    **dict.fromkeys(["is_permuted", "is_reversed", "transform"], ["column"]),
    "transform_shape": ["column", "shape"],
    "edge_effect": ["cause", "effect"],
    "foreign_effect": ["foreign_key"],
    **{f"{name}_palette": [f"{name}_color"] for name in ("aggregation", "edge_effect", "foreign_effect", "transform")},
}
# sites of stage 2 where parents differ
OF_PARENTS = (
    "popularity",
    "inactive_rate",
    "repeat_prob",
    "is_covering",
    "is_sorted",
    "round_size",
    "period_size",
    "popularity_key",
)
# sites that a database has once, and the names of their dimensions
OF_DATABASE = {"features/transform_style": ["style"], "features/drift_share": [], "links/popularity_level": []}
OF_KINDS = ("is_special", "is_event", "has_time", "is_lean")
NEEDED = {"n_table", "family"}  # variables of every database
NEEDED_OF_TABLE = {"family", "column_node", "edge", "edge_weight", "is_categorical"}
REGISTRIES = {"edge_weight_family": list(EDGE_WEIGHTS), "source": list(SOURCES)}
# A variable is its values (without the chain and draw axes) and the names of its dimensions.
Variables = dict[str, tuple[Any, list[str]]]


def latents(draw: Draw) -> Groups:
    """Collect a draw's latents."""
    n_table = int(draw.stages.schema.n_table)
    groups = {"prior": Group(_of_database(draw), {"table": _names(n_table)})}
    for table in range(n_table):
        groups[f"prior/{table_name(table)}"] = Group(_of_table(draw, table), _labels(draw, table))
    return groups


def check_latents(groups: Groups) -> Groups:
    """Return groups if they have the variables that the latents of every database have.

    Raises:
        ValueError: they have not.
    """
    if "prior" not in groups or not NEEDED <= groups["prior"].variables.keys():
        raise ValueError(f"its group prior must have {' and '.join(sorted(NEEDED))}")
    for path in (f"prior/{name}" for name in _names(int(groups["prior"].variables["n_table"][0]))):
        if path not in groups or not NEEDED_OF_TABLE <= groups[path].variables.keys():
            raise ValueError(f"its group {path} must have {', '.join(sorted(NEEDED_OF_TABLE))}")
    return groups


def _names(n_table: int) -> list[str]:
    return [table_name(table) for table in range(n_table)]


def _labels(draw: Draw, table: int) -> dict[str, Any]:
    """Labels of a table's dimensions that are not 0, 1, ..."""
    schema, row = draw.stages.schema, held_rows(draw, table)
    labels: dict[str, Any] = {
        "column": [column_name(column) for column in range(int(schema.n_column[table]))],
        "foreign_key": [key_name(slot) for slot in range(int(schema.n_parent[table]))],
        "row": row,
    }
    return {dim: of for dim, of in labels.items() if len(of) and (dim != "row" or row[-1] >= len(row))}


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
        "kind": (np.array(TABLE_KINDS)[schema.kind[:n]], ["table"]),
        **{name.partition("/")[2]: (draw.sites[name], dims) for name, dims in OF_DATABASE.items() if name in draw.sites},
        **{name: (draw.sites[f"schema/{name}"][:n], ["table"]) for name in OF_KINDS if f"schema/{name}" in draw.sites},
        "n_row": (schema.n_row[:n], ["table"]),
        "n_column": (schema.n_column[:n], ["table"]),
        "n_node": (draw.stages.graphs.n_node[:n], ["table"]),
    }


def _of_table(draw: Draw, table: int) -> Variables:
    schema, graphs = draw.stages.schema, draw.stages.graphs
    n_column, n_node = int(schema.n_column[table]), int(graphs.n_node[table])
    edge = graphs.edge[table, :n_node, :n_node]
    is_categorical = graphs.is_categorical[table, :n_node]
    n_dim = graphs.n_dim[table, :n_node]
    return {
        "column_node": (graphs.column_node[table, :n_column], ["column"]),
        **_graph(draw, "features", (table,), n_node, ["cause", "effect"]),
        "edge": (edge.astype(np.int8), ["cause", "effect"]),
        "edge_weight": (np.where(edge, graphs.edge_weight[table, :n_node, :n_node], 0), ["cause", "effect"]),
        "is_categorical": (is_categorical.astype(np.int8), ["node"]),
        "n_category": (np.where(is_categorical, graphs.n_category[table, :n_node], 0), ["node"]),
        "n_dim": (n_dim, ["node"]),
        "line_node": (np.repeat(np.arange(n_node), n_dim), ["line"]),
        "value": (node_values(draw, table), ["line", "row"]),
        **_choices(draw, table, {"node": n_node, "cause": n_node, "effect": n_node, "column": n_column}),
        **_of_links(draw, table),
    }


def _choices(draw: Draw, table: int, sizes: dict[str, int]) -> Variables:
    """What the table's mechanisms choose: the sites of ``CHOICES`` that the prior's mechanisms have, without padding."""
    sizes = sizes | {"foreign_key": int(draw.stages.schema.n_parent[table])}
    result: Variables = {}
    for name, dims in CHOICES.items():
        value = draw.sites.get(f"features/{name}")
        if value is None or 0 in [sizes.get(dim, 1) for dim in dims]:
            continue
        value = value[table][tuple(slice(sizes.get(dim)) for dim in dims)]
        result[name] = (np.array(REGISTRIES[name])[value] if name in REGISTRIES else _plain(value), dims)
    return result


def _plain(value: Any) -> np.ndarray:
    return np.asarray(value, np.int8 if value.dtype == bool else None)


def _of_links(draw: Draw, table: int) -> Variables:
    schema, links = draw.stages.schema, draw.stages.links
    n = int(schema.n_parent[table])
    if n == 0:
        return {}
    n_level = int(links.n_level[table, :n].max())
    cluster = ["foreign_key", "level", "parent_cluster", "child_cluster"]
    of_parents = {
        name: (draw.sites[f"links/{name}"][table, :n], ["foreign_key", "word"][: draw.sites[f"links/{name}"].ndim - 1])
        for name in OF_PARENTS
        if f"links/{name}" in draw.sites
    }
    return {
        **of_parents,
        "parent_table": (schema.parent_table[table, :n], ["foreign_key"]),
        "n_level": (links.n_level[table, :n], ["foreign_key"]),
        "n_parent_cluster": (links.n_parent_cluster[table, :n, :n_level], cluster[:2]),
        "n_child_cluster": (links.n_child_cluster[table, :n, :n_level], cluster[:2]),
        "affinity": (links.affinity[table, :n, :n_level], cluster),
        "parent_row": (links.parent_row[table, :n, : len(held_rows(draw, table))], ["foreign_key", "row"]),
    }
