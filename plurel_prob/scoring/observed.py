"""Log densities of what the tables of any database determine, real ones included."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import DatabaseSchema, TableSchema
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.inference.features import columns_log_prob, foreign_columns_of
from plurel_prob.inference.links import links_log_prob, uniform_log_prob
from plurel_prob.inference.schema import graph_log_prob, table_graph
from plurel_prob.priors import GrowingSchemaPrior, KindsSchemaPrior, Prior, SchemaPrior
from plurel_prob.scoring.score import Score

if TYPE_CHECKING:
    import networkx
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import


class GivenError(DatabaseError):
    """A posterior that is given is about other tables, or none."""


def observed_log_density(observed: Database, prior: Prior, given: Sequence[DataTree] = ()) -> Score:
    r"""Log probability of a database's tables, as far as they determine it, under a prior.

    The parts are the number of tables, :math:`\log p(n)`; the graph over them, :math:`\log p(G \mid n)`, summed over what is not
    seen (families, their parameters, marks, topological orders: :func:`plurel_prob.inference.schema.graph_log_prob`); the
    number of rows of each table given its kind; every foreign key given the block structure in ``given``, or the simplest, a
    single cluster, by which all parents are alike; and columns given their graph and mechanisms, where ``given`` has them.
    What the prior cannot draw has minus infinity. A key without any value, or into a table of one row, has log probability 0
    under every block structure. What cannot be scored is left out: a graph with a cycle; a key that is broken, as its column or
    its parent is missing, or a value is no row of the parent, or several; and columns of a table that has such a key, or no rows.
    The score's ``notes`` name all of these.

    Args:
        observed: the tables; missing keys add nothing.
        prior: of tables, rows and graphs.
        given: what ``plurel-prob infer links`` and ``infer features`` have written: log densities are means over the draws.
            Columns are scored at rows without missing cells, 2,000 at most, in normal scores.

    Raises:
        GivenError: what is given is about other tables, or no posterior.
    """
    graph, schema, notes = table_graph(_with_known_parents(observed)), prior.schema, list[str]()
    rows = [("schema", "", "n_table", log_prob(schema.n_table, len(observed.schema.tables)))]
    if np.isfinite(rows[0][-1]):
        with _leaving_out(notes):
            rows.append(("schema", "", "graph", graph_log_prob(graph, prior)))
    n_row = {name: table.n_row for name, table in observed.schema.tables.items()}
    rows += [("schema", name, *_rows_log_prob(schema, graph, name, n_row)) for name in n_row]
    blocks = {str(tree.attrs["key"]): tree for tree in given if "key" in tree.attrs}
    for child, key, parent in observed.schema.foreign_keys:
        tree = blocks.pop(f"{child}.{key}", None)
        with _leaving_out(notes):
            parent_row = observed.parent_row(child, key)
            value, note = _key_log_prob(parent_row, parent, len(observed.tables[parent]), tree)
            rows.append(("links", child, key, value))
            notes += [f"adds 0: {observed.name}: {shown(f'{child}.{key}')} {note}"] if note else []
    if blocks:
        what = shown(next(iter(blocks)))
        raise GivenError(f"{observed.name}: no foreign key {what}, which a posterior is given for")
    for tree in given:
        if "table" in tree.attrs:
            with _leaving_out(notes):
                rows += _columns(observed, tree)
        elif "key" not in tree.attrs:
            raise GivenError("a posterior is given that `plurel-prob infer links` or `infer features` did not write")
    return Score(pd.DataFrame(rows, columns=["stage", "table", "site", "log_density"]), tuple(notes))


def _with_known_parents(observed: Database) -> Database:
    """Leave out keys to what is no table."""

    def known(schema: TableSchema) -> TableSchema:
        return replace(schema, fkeys={key: parent for key, parent in schema.fkeys.items() if parent in observed.schema.tables})

    tables = {name: known(schema) for name, schema in observed.schema.tables.items()}
    return Database(observed.name, observed.tables, DatabaseSchema(tables))


@contextmanager
def _leaving_out(notes: list[str]) -> Iterator[None]:
    """Note why a part of the tables cannot be scored; what is wrong with a posterior that is given is raised."""
    try:
        yield
    except GivenError:
        raise
    except DatabaseError as error:
        notes.append(f"left out: {error}")


@contextmanager
def _using(what: str) -> Iterator[None]:
    """Name the posterior that cannot be used.

    Raises:
        GivenError: whatever its use raises, as a file of another kind, or a damaged one, can have anything in it.
    """
    try:
        yield
    except Exception as error:
        hint = "give one that `plurel-prob infer` wrote for it"
        raise GivenError(f"the posterior given for {shown(what)} cannot be used: {reason(error)}; {hint}") from None


def _key_log_prob(parent_row: np.ndarray, parent: str, n_parent: int, tree: DataTree | None) -> tuple[float, str]:
    """Log probability of a key, and why there is nothing to explain, if there is not."""
    if not (parent_row >= 0).any():
        return 0.0, "has no value"
    if n_parent == 1:
        return 0.0, f"refers to {shown(parent)}, which has one row"
    if tree is None:
        return uniform_log_prob(parent_row, n_parent), ""
    with _using(str(tree.attrs["key"])):
        return _number(mean_log_prob(parent_row, n_parent, tree)), ""


def mean_log_prob(parent_row: np.ndarray, n_parent: int, tree: DataTree) -> float:
    """Log probability of a key under block structures and affinities, the mean over their draws."""
    drawn = tree["blocks/posterior"].dataset
    parameters = [drawn[name].values[0] for name in ("n_parent_cluster", "n_child_cluster", "affinity")]
    return float(np.mean([links_log_prob(parent_row, n_parent, *draw) for draw in zip(*parameters, strict=True)]))


def _columns(observed: Database, tree: DataTree) -> list[tuple[str, str, str, float]]:
    """Log densities of a table's columns under their mechanisms, means over the draws."""
    table = str(tree.attrs["table"])
    if table not in observed.schema.tables:
        raise GivenError(f"{observed.name}: no table {shown(table)}, which a posterior is given for")
    if observed.tables[table].empty:
        raise DatabaseError(f"{observed.name}: columns of {shown(table)}, which has no rows")
    foreign = foreign_columns_of(observed, table)
    with _using(table):
        found = columns_log_prob(observed.tables[table], tree.children["mechanisms"], foreign=foreign)
        return [("features", table, str(column), _number(value)) for column, value in found.mean().items()]


def _number(value: float) -> float:
    """A log density.

    Raises:
        ValueError: it is none.
    """
    if np.isnan(value):
        raise ValueError("it gives no log density; its parameters are not numbers")
    return float(value)


def _rows_log_prob(schema: SchemaPrior, graph: "networkx.DiGraph", name: str, n_row: Mapping[str, int]) -> tuple[str, float]:
    """Site and log probability of the rows of a table."""
    if isinstance(schema, GrowingSchemaPrior):
        parents = [n_row[parent] for parent in graph.predecessors(name) if parent != name]
        return "n_row", _growing_log_prob(schema, parents, n_row[name])
    assert isinstance(schema, KindsSchemaPrior), "a schema has a law of rows"
    law, kind = (schema.n_row_entity, "entity") if graph.out_degree(name) else (schema.n_row_activity, "activity")
    return f"n_row_{kind}", log_prob(law, n_row[name])


def _growing_log_prob(schema: GrowingSchemaPrior, n_row_of_parents: Sequence[int], n_row: int) -> float:
    """Log probability of the rows of a table whose kind is not known: kinds are summed out, as if no table were the last."""
    others, special_prob, special = log_prob(schema.count(max(n_row_of_parents, default=None)), n_row), 0.0, -np.inf
    if not n_row_of_parents:
        special_prob, special = schema.lookup_prob, log_prob(schema.lookup_count(), n_row)
    elif len(n_row_of_parents) == 1:
        special_prob, special = schema.extension_prob, 0.0 if n_row == n_row_of_parents[0] else -np.inf
    with np.errstate(divide="ignore"):  # a kind that there never is
        return float(np.logaddexp(np.log(special_prob) + special, np.log1p(-special_prob) + others))


def log_prob(law: object, value: int) -> float:
    """Log probability of a number; minus infinity outside the support."""
    return float(law.log_prob(value)) if bool(law.support(value)) else -np.inf  # type: ignore[attr-defined]
