"""Boosted trees on simple aggregates."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from plurel_prob.rfm.rows.features import Labels, concatenate
from plurel_prob.rfm.rows.tasks import Regime, RowTask

PARAMETERS = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "seed": 0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
MAX_ROUND, PATIENCE = 600, 50  # trees, and those without a better loss after which there are no more


def boosted_trees(task: RowTask, split: str, regime: Regime = "rolling") -> Float64[np.ndarray, " row"]:
    """Predict with LightGBM, on features as of each row's timestamp, see :func:`plurel_prob.rfm.rows.features.row_features`.

    Parameters are fixed. A binary label has the logistic loss; a number the absolute one, since RelBench evaluates by the mean
    absolute error. The number of trees is the one that predicts the validation split best, for predictions of that split the last
    fifth of the training rows; then that many trees are fitted to all labels that are known, of these rows too.

    Args:
        task: see :func:`plurel_prob.rfm.rows.tasks.read_task`.
        split: ``"val"`` or ``"test"``.
        regime: see :meth:`~plurel_prob.rfm.rows.tasks.RowTask.known`.

    Raises:
        ModuleNotFoundError: LightGBM is not installed.
    """
    context = task.context(split)
    n_train = len(task.labels["train"].present())
    is_held_out = _last_fifth(context) if split == "val" else np.arange(len(context)) >= n_train
    table = task.features(concatenate(context, task.labels[split]), split, regime).values
    return _fit(task, table[: len(context)], context.value, is_held_out).predict(table[len(context) :])


def _last_fifth(train: Labels) -> Bool[np.ndarray, " label"]:
    is_last = np.zeros(len(train), bool)
    is_last[np.argsort(train.time, kind="stable")[len(train) - max(1, len(train) // 5) :]] = True
    return is_last


def _fit(
    task: RowTask,
    table: Float32[np.ndarray, "row column"],
    value: Float64[np.ndarray, " row"],
    is_held_out: Bool[np.ndarray, " row"],
) -> Any:
    """Fit trees, as many as predict what is held out best when they are fitted to the rest."""
    import lightgbm

    parameters = PARAMETERS | {"objective": "binary" if task.question.kind == "binary" else "regression_l1"}

    def dataset(is_row: Bool[np.ndarray, " row"], reference: Any = None) -> Any:
        return lightgbm.Dataset(table[is_row], value[is_row], reference=reference, params=parameters)

    rest = dataset(~is_held_out)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    trees = lightgbm.train(parameters, rest, MAX_ROUND, valid_sets=[dataset(is_held_out, rest)], callbacks=[stop])
    return lightgbm.train(parameters, dataset(np.full(len(value), True)), trees.best_iteration)
