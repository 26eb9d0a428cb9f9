"""Log densities of what the tables of any database determine, real ones included."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plurel_prob.databases.observed import ObservedDatabase
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features import columns_log_prob, foreign_columns_of
from plurel_prob.inference.links import links_log_prob, uniform_log_prob
from plurel_prob.inference.schema import graph_log_prob, table_graph
from plurel_prob.priors import Prior
from plurel_prob.scoring.score import Score

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import


def observed_log_density(observed: ObservedDatabase, prior: Prior, given: Sequence[DataTree] = ()) -> Score:
    r"""Log probability of a database's tables, as far as they determine it, under a prior.

    The parts are the number of tables, :math:`\log p(n)`; the graph over them, :math:`\log p(G \mid n)`, summed over what is not
    seen (families, their parameters, marks, topological orders: :func:`plurel_prob.inference.schema.graph_log_prob`); the
    number of rows of each table given its kind; every foreign key given the block structure in ``given``, or the simplest, a
    single cluster, by which all parents are alike; and columns given their graph and mechanisms, where ``given`` has them.
    What the prior cannot draw has minus infinity.

    Args:
        observed: the tables; missing keys add nothing.
        prior: of tables, rows and graphs.
        given: what ``plurel-prob infer links`` and ``infer features`` have written: log densities are means over the draws.
            Columns are scored at rows without missing cells, 2,000 at most, in normal scores.

    Raises:
        DatabaseError: tables refer to each other in a cycle, a key is broken, or what is given is about other tables.
    """
    graph, schema = table_graph(observed), prior.schema
    rows = [("schema", "", "n_table", log_prob(schema.n_table, len(observed.schemas)))]
    if np.isfinite(rows[0][-1]):
        rows.append(("schema", "", "graph", graph_log_prob(graph, prior)))
    for name, table in observed.schemas.items():
        law, kind = (schema.n_row_entity, "entity") if graph.out_degree(name) else (schema.n_row_activity, "activity")
        rows.append(("schema", name, f"n_row_{kind}", log_prob(law, table.n_row)))
    blocks = {tree.attrs["key"]: tree for tree in given if "key" in tree.attrs}
    for child, key, parent in observed.foreign_keys:
        parent_row, n_parent = observed.parent_row(child, key), len(observed.tables[parent])
        tree = blocks.pop(f"{child}.{key}", None)
        value = uniform_log_prob(parent_row, n_parent) if tree is None else mean_log_prob(parent_row, n_parent, tree)
        rows.append(("links", child, key, value))
    if blocks:
        raise DatabaseError(f"{observed.name}: no foreign key {next(iter(blocks))}, which a posterior is given for")
    for tree in given:
        if "table" in tree.attrs:
            rows += _columns(observed, tree)
        elif "key" not in tree.attrs:
            raise DatabaseError("a posterior is given that `plurel-prob infer links` or `infer features` did not write")
    return Score(pd.DataFrame(rows, columns=["stage", "table", "site", "log_density"]))


def mean_log_prob(parent_row: np.ndarray, n_parent: int, tree: DataTree) -> float:
    """Log probability of a key under block structures and affinities, the mean over their draws."""
    drawn = tree["blocks/posterior"].dataset
    parameters = [drawn[name].values[0] for name in ("n_parent_cluster", "n_child_cluster", "affinity")]
    return float(np.mean([links_log_prob(parent_row, n_parent, *draw) for draw in zip(*parameters, strict=True)]))


def _columns(observed: ObservedDatabase, tree: DataTree) -> list[tuple[str, str, str, float]]:
    """Log densities of a table's columns under their mechanisms, means over the draws."""
    table = str(tree.attrs["table"])
    if table not in observed.schemas:
        raise DatabaseError(f"{observed.name}: no table {table}, which a posterior is given for")
    foreign = foreign_columns_of(observed, table)
    found = columns_log_prob(observed.tables[table], tree.children["mechanisms"], foreign=foreign)
    return [("features", table, str(column), float(value)) for column, value in found.mean().items()]


def log_prob(law: object, value: int) -> float:
    """Log probability of a number; minus infinity outside the support."""
    return float(law.log_prob(value)) if bool(law.support(value)) else -np.inf  # type: ignore[attr-defined]
