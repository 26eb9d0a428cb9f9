"""Log densities of what the tables of any database determine, real ones included."""

import numpy as np
import pandas as pd

from plurel_prob.databases.observed import ObservedDatabase
from plurel_prob.inference.links import uniform_log_prob
from plurel_prob.inference.schema import graph_log_prob, table_graph
from plurel_prob.priors import Prior
from plurel_prob.scoring.score import Score


def observed_log_density(observed: ObservedDatabase, prior: Prior) -> Score:
    r"""Log probability of a database's tables, as far as they determine it, under a prior.

    The parts are the number of tables, :math:`\log p(n)`; the graph over them, :math:`\log p(G \mid n)`, summed over what is not
    seen (families, their parameters, marks, topological orders: :func:`plurel_prob.inference.schema.graph_log_prob`); the
    number of rows of each table given its kind; and every foreign key given the simplest block structure, a single cluster, by
    which all parents are alike (:func:`plurel_prob.inference.links.links_log_prob` takes any other).
    What the prior cannot draw has minus infinity.

    Args:
        observed: the tables; missing keys add nothing.
        prior: of tables, rows and graphs.

    Raises:
        DatabaseError: tables refer to each other in a cycle, or a key is broken.
    """
    graph, schema = table_graph(observed), prior.schema
    rows = [("schema", "", "n_table", log_prob(schema.n_table, len(observed.schemas)))]
    if np.isfinite(rows[0][-1]):
        rows.append(("schema", "", "graph", graph_log_prob(graph, prior)))
    for name, table in observed.schemas.items():
        law, kind = (schema.n_row_entity, "entity") if graph.out_degree(name) else (schema.n_row_activity, "activity")
        rows.append(("schema", name, f"n_row_{kind}", log_prob(law, table.n_row)))
    for child, key, parent in observed.foreign_keys:
        parent_row = observed.parent_row(child, key)
        rows.append(("links", child, key, uniform_log_prob(parent_row, len(observed.tables[parent]))))
    return Score(pd.DataFrame(rows, columns=["stage", "table", "site", "log_density"]))


def log_prob(law: object, value: int) -> float:
    """Log probability of a number; minus infinity outside the support."""
    return float(law.log_prob(value)) if bool(law.support(value)) else -np.inf  # type: ignore[attr-defined]
