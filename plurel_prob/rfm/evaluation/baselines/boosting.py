"""Boosted trees."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from plurel_prob.rfm.evaluation.problem import Prediction
from plurel_prob.rfm.rows.learner.boosting import PARAMETERS
from plurel_prob.rfm.rows.learner.laws import Labelled
from plurel_prob.rfm.rows.learner.samples import latest_fifth

Query = Float32[np.ndarray, "row feature"]
MAX_ROUND, PATIENCE = 600, 50  # trees, and those without a better loss after which there are no more


def boosted_trees(labelled: Labelled, query: Query) -> Prediction:
    """Predict with LightGBM, on the features that the network of rows sees.

    Parameters are fixed. A binary label has the logistic loss. A number has two fits, each for the metrics that it is evaluated
    by: the mean by the squared loss (R2), the median by the absolute one (NMAE). The number of trees is the one that predicts the
    last fifth of the labelled rows best; then that many trees are fitted to all of them.

    Raises:
        ModuleNotFoundError: LightGBM is not installed.
    """
    if labelled.kind == "binary":
        return Prediction(_predicted(labelled, query, "binary"))
    return Prediction(_predicted(labelled, query, "regression"), _predicted(labelled, query, "regression_l1"))


def _predicted(labelled: Labelled, query: Query, objective: str) -> Float64[np.ndarray, " row"]:
    """Fit trees, as many as predict what is held out best when they are fitted to the rest."""
    import lightgbm

    parameters, is_held_out = PARAMETERS | {"objective": objective, "seed": 0}, latest_fifth(labelled.time)

    def dataset(is_row: Bool[np.ndarray, " row"], reference: Any = None) -> Any:
        return lightgbm.Dataset(labelled.x[is_row], labelled.y[is_row], reference=reference, params=parameters)

    rest = dataset(~is_held_out)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    trees = lightgbm.train(parameters, rest, MAX_ROUND, valid_sets=[dataset(is_held_out, rest)], callbacks=[stop])
    trees = lightgbm.train(parameters, dataset(np.full(len(labelled), True)), trees.best_iteration)
    return np.asarray(trees.predict(query))
