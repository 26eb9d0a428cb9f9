"""From the latents of a database back to the sites of the program: the inverse of :mod:`plurel_prob.databases.latents`."""

from typing import Any

import numpy as np

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.flat import Groups
from plurel_prob.databases.latents import CHOICES, FAMILY_PARAMETERS, OF_DATABASE, OF_KINDS, OF_PARENTS, REGISTRIES
from plurel_prob.databases.schema import table_name
from plurel_prob.distributions import FAMILIES
from plurel_prob.errors import DatabaseError
from plurel_prob.models.database import Bucket
from plurel_prob.priors import Prior
from plurel_prob.programs.layout import N_ROW, PARENT_ROW, VALUE, site_layout
from plurel_prob.programs.sizes import Sizes, bucket_of_all

# what stands where a site is not used; where that is not 0, arrays of indices say so with -1, and laws refuse 0
PADDED_WITH = {
    **dict.fromkeys(["schema/label", "features/column_node", PARENT_ROW], -1),
    **{f"{stage}/{name}": 2 for stage in ("schema", "features") for name in ("n_neighbor", "depth")},
}
LINKS = ("n_level", "n_parent_cluster", "n_child_cluster", "affinity", "parent_row", *OF_PARENTS)

Sites = dict[str, np.ndarray]
Variables = dict[str, Any]


def variables_of(latents: Groups) -> tuple[Variables, list[Variables]]:
    """What the database has once, and what each table has, in the order of their indices, by name."""
    plain = {path: {name: value for name, (value, _) in group.variables.items()} for path, group in latents.items()}
    of_database = plain["prior"]
    return of_database, [plain[f"prior/{table_name(table)}"] for table in range(int(of_database["n_table"]))]


def check_complete(latents: Groups) -> None:
    """Refuse latents that have only some rows of a table.

    Raises:
        DatabaseError: names the table.
    """
    of_database, of_tables = variables_of(latents)
    for table, (variables, n_row) in enumerate(zip(of_tables, of_database["n_row"].tolist(), strict=True)):
        n_held = variables["value"].shape[-1]
        if n_held < n_row:
            raise DatabaseError(
                f"{table_name(table)}: latents of {n_held:,} of its {n_row:,} rows were kept; this needs those of all rows"
            )


def bucket_of_latents(latents: Groups) -> Bucket:
    """Smallest bucket that holds a database."""
    of_database, of_tables = variables_of(latents)
    n_line = np.array([len(variables["value"]) for variables in of_tables])
    return bucket_of_all(Sizes(of_database["n_row"], n_line, of_database["is_entity"] == 1))


def sites_of(latents: Groups, prior: Prior, bucket: Bucket) -> Sites:
    """Every sample site of the program that drew these latents, padded as the program has it.

    Padding adds nothing to the density. Parameters of graph families that were not picked are padding, too.

    Args:
        latents: of all rows (:func:`check_complete`).
        prior: what they were drawn from.
        bucket: sizes to pad to, at least those of the database.
    """
    layout = site_layout(prior, bucket)
    sites = {name: np.full(site.shape, PADDED_WITH.get(name, 0), site.dtype) for name, site in layout.items()}
    of_database, of_tables = variables_of(latents)
    _fill_schema(sites, of_database)
    for table, variables in enumerate(of_tables):
        _fill_graph(sites, "features", (table,), variables)
        _fill_columns(sites, table, variables)
        _fill_choices(sites, table, variables)
        for name in LINKS:
            if name in variables:
                _put(sites[f"links/{name}"], (table,), variables[name])
    if VALUE in layout:
        sites[VALUE] = value_pages(latents, bucket)
    return sites


def value_pages(latents: Groups, bucket: Bucket) -> np.ndarray:
    """Values of the nodes of all tables in pages, as programs hold them (:class:`plurel_prob.blocks.Pages`)."""
    pages = np.zeros((bucket.n_page, BLOCK), np.float32)
    first, (of_database, of_tables) = 0, variables_of(latents)
    for table in of_database["label"]:
        value = of_tables[table]["value"]
        n_line, n_row = value.shape
        n_block = -(-n_row // BLOCK)
        rows = np.zeros((n_line, n_block * BLOCK), np.float32)
        rows[:, :n_row] = value
        n = n_line * n_block
        pages[first : first + n] = rows.reshape(n_line, n_block, BLOCK).transpose(1, 0, 2).reshape(n, BLOCK)
        first += n
    return pages


def _put(site: np.ndarray, at: tuple[int, ...], value: Any) -> None:
    """Write a value without padding into the corner of a padded site."""
    value = np.asarray(value)
    site[at + tuple(slice(size) for size in value.shape)] = value


def _fill_graph(sites: Sites, stage: str, at: tuple[int, ...], variables: Variables) -> None:
    family = str(variables["family"])
    _put(sites[f"{stage}/family"], at, list(FAMILIES).index(family))
    for name in ("graph", *FAMILY_PARAMETERS.get(family, ())):
        _put(sites[f"{stage}/{name}"], at, variables[name])


def _fill_schema(sites: Sites, variables: Variables) -> None:
    _fill_graph(sites, "schema", (), variables)
    for name in ("n_table", "label", "window", "n_column", *(OF_KINDS if f"schema/{OF_KINDS[0]}" in sites else ())):
        _put(sites[f"schema/{name}"], (), variables[name])
    for site in OF_DATABASE.keys() & sites.keys():
        _put(sites[site], (), variables[site.partition("/")[2]])
    for site in N_ROW & sites.keys():
        _put(sites[site], (), variables["n_row"])


def _fill_columns(sites: Sites, table: int, variables: Variables) -> None:
    """What nodes are; columns have the type of the node that they show."""
    node = variables["column_node"]
    for name in ("column_node", "edge_weight", "n_dim"):
        _put(sites[f"features/{name}"], (table,), variables[name])
    for name in ("is_categorical", "n_category"):
        _put(sites[f"features/{name}"], (table,), variables[name])
        _put(sites[f"schema/{name}"], (table,), variables[name][node])


def _fill_choices(sites: Sites, table: int, variables: Variables) -> None:
    for name in CHOICES:
        if f"features/{name}" in sites and name in variables:
            value = variables[name]
            if name in REGISTRIES:
                known = np.array(REGISTRIES[name])
                value = (known == np.asarray(value)[..., None]).argmax(-1)
            _put(sites[f"features/{name}"], (table,), value)
