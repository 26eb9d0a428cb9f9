"""Do edge probabilities find the causal graphs of compact tables?

No calibration in the strict sense, as the scoring model is only close to the compact prior: tables are drawn from that prior,
and edge probabilities of ordered pairs of nodes are compared with the true edges.
"""

from itertools import count

import numpy as np
import pandas as pd
from xarray import Dataset

from plurel_prob import get_prior, sample
from plurel_prob.inference.features import infer_graph
from plurel_prob.priors import Prior, override

SCALES = {"normal scores": True, "units of nodes": False}  # whether columns may be transformed nodes
MAX_NODE = 8  # of infer_graph


def small_prior() -> Prior:
    """Compact tables of at most seven nodes, one dimension each, whose effects add up, in databases of few tables."""
    numbers = {"n_table": {"DiscreteUniform": [3, 4]}, "n_column": {"TruncatedZipf": [1.0, 3, 4]}}
    rows = {"n_row_entity": {"DiscreteUniform": [600, 1000]}, "n_row_activity": {"DiscreteUniform": [600, 1000]}}
    schema = {"n_category": {"DiscreteUniform": [2, 4]}} | numbers | rows
    own = {"n_dim": {"Pick": [1]}, "aggregation": {"Aggregation": ["sum"]}, "n_aggregation": 0}
    return override(get_prior("compact"), {"schema": schema, "features": own})


def repeat(index: int, seed: int) -> dict:
    """Infer the graph over the nodes of a table: the first one of a database without foreign keys, with two nodes that vary.

    Returns:
        ``edge``, the true graph (cause, effect), and ``edge_prob`` for numbers as normal scores, as when columns may be
        transformed, and standardised, as when the units of nodes are known.
    """
    rng, prior = np.random.default_rng([seed, index]), small_prior()
    for _ in count():
        tree = sample(int(rng.integers(2**31)), prior).latents["prior"]
        for group in tree.children.values():
            if "parent_row" not in group.dataset and (found := recovered(group.dataset)):
                return found
    raise AssertionError


def recovered(latents: Dataset) -> dict:
    """Compare a table's true and inferred graphs; nothing if it has too few or too many nodes that vary."""
    first = np.unique(latents["line_node"].values, return_index=True)[1]
    value, is_categorical = latents["value"].values[0, 0][first], latents["is_categorical"].values[0, 0]
    table = pd.DataFrame({str(node): pd.Categorical(x) if is_categorical[node] else x for node, x in enumerate(value)})
    table = table[[column for column in table if table[column].nunique() > 1]]
    if not 2 <= table.shape[1] <= MAX_NODE:
        return {}
    node = table.columns.astype(int)
    edge = latents["edge"].values[0, 0][np.ix_(node, node)] != 0
    prob = {
        scale: infer_graph(table, is_transformed=is_transformed, n_draw=1)["sample_stats"].dataset["edge_prob"].to_numpy()
        for scale, is_transformed in SCALES.items()
    }
    return {"edge": edge.astype(int).tolist(), "edge_prob": {scale: value.round(5).tolist() for scale, value in prob.items()}}
