"""Boosted trees as a member of the ensemble."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from plurel_prob.rfm.rows.learner.laws import LEVELS, HeldLaw, Labelled, Law

PARAMETERS = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
MAX_ROUND, PATIENCE = 600, 40  # trees, and those without a better loss after which there are no more
MORE = 1.1  # trees for all labelled rows, over those for the ones that are not held out
N_BIN, MIN_IN_BIN = 10, 40  # of held-out rows, by what is predicted of them, whose errors are a law
OBJECTIVES = {"binary": ["binary"], "classes": ["multiclass"], "number": ["regression", "regression_l1"]}


@dataclass
class Boosting:
    """LightGBM; of a number its mean and median, around which there are quantiles of errors on held-out rows that are like it."""

    seed: int
    name: str = "trees"

    def tune(self, labelled: Labelled, folds: Sequence[Bool[np.ndarray, " row"]]) -> tuple[HeldLaw, Any]:
        """Laws of rows that are held out, part after part, and what predicted the last part; finds the number of trees."""
        found = [[self._stopped(labelled, held, objective) for objective in OBJECTIVES[labelled.kind]] for held in folds]
        best = np.mean([[trees.best_iteration for trees in part] for part in found], axis=0)
        self._n_round = [max(10, int(MORE * n)) for n in best]
        raw = [self._raw(trees, labelled.x[held]) for trees, held in zip(found, folds, strict=True)]
        y = np.concatenate([labelled.y[held] for held in folds])
        if labelled.kind == "number":
            self._errors = errors_by_size(np.concatenate(raw)[:, 1], y)
        return np.concatenate([self._law(part) for part in raw]), lambda x: self._law(self._raw(found[-1], x))

    def fit(self, labelled: Labelled) -> None:
        """Fit as many trees to all labelled rows."""
        import lightgbm

        self._trees = []
        for objective, n_round in zip(OBJECTIVES[labelled.kind], self._n_round, strict=True):
            parameters = self._parameters(labelled, objective)
            data = lightgbm.Dataset(labelled.x, labelled.y, params=parameters)
            self._trees.append(lightgbm.train(parameters, data, n_round))

    def predict(self, x: Float32[np.ndarray, "row feature"]) -> Law:
        """Predict rows."""
        return self._law(self._raw(self._trees, x))

    def _parameters(self, labelled: Labelled, objective: str) -> dict[str, Any]:
        few = {"min_data_in_leaf": max(3, min(20, len(labelled) // 40))}
        classes = {"num_class": labelled.n_class} if objective == "multiclass" else {}
        return PARAMETERS | few | classes | {"objective": objective, "seed": self.seed}

    def _stopped(self, labelled: Labelled, held: Bool[np.ndarray, " row"], objective: str) -> Any:
        import lightgbm

        parameters = self._parameters(labelled, objective)
        rest = lightgbm.Dataset(labelled.x[~held], labelled.y[~held], params=parameters)
        valid = lightgbm.Dataset(labelled.x[held], labelled.y[held], reference=rest, params=parameters)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        return lightgbm.train(parameters, rest, MAX_ROUND, valid_sets=[valid], callbacks=[stop])

    def _raw(self, trees: Sequence[Any], x: Float32[np.ndarray, "row feature"]) -> Float64[np.ndarray, "row fit"]:
        return np.concatenate([np.asarray(each.predict(x)).reshape(len(x), -1) for each in trees], 1)

    def _law(self, raw: Float64[np.ndarray, "row fit"]) -> Law:
        if not hasattr(self, "_errors"):
            return raw
        centre, errors = self._errors
        quantiles = raw[:, [1]] + np.stack([np.interp(raw[:, 1], centre, of_level) for of_level in errors], 1)
        return np.concatenate([raw[:, :1], np.sort(quantiles, 1)], 1)


def errors_by_size(
    predicted: Float64[np.ndarray, " row"], y: Float64[np.ndarray, " row"]
) -> tuple[Float64[np.ndarray, " bin"], Float64[np.ndarray, "level bin"]]:
    """Mean prediction of bins of rows with about the same, and quantiles of their errors less the median one."""
    order = np.argsort(predicted, kind="stable")
    bins = np.array_split(order, max(1, min(N_BIN, len(order) // MIN_IN_BIN)))
    errors = np.stack([np.quantile(y[rows] - predicted[rows], LEVELS) for rows in bins], 1)
    return np.array([predicted[rows].mean() for rows in bins]), errors - errors[len(LEVELS) // 2]
