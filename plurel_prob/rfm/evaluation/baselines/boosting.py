"""Boosted trees on simple aggregates."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.contexts.columns import microseconds
from plurel_prob.rfm.contexts.kernel import NEVER
from plurel_prob.rfm.evaluation.baselines.features import DAY, features
from plurel_prob.rfm.evaluation.baselines.labels import Labels, concatenate, known_labels, read_labels, training_labels, wait_of
from plurel_prob.rfm.evaluation.baselines.tables import read_numbers

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


def boosted_trees(task: Any, split: str, *, until: pd.Timestamp | None = None) -> Float64[np.ndarray, " row"]:
    """Predict with LightGBM, on features as of each row's timestamp, see :func:`features`.

    Parameters are fixed. A binary label has the logistic loss; a number the absolute one, since RelBench evaluates by the mean
    absolute error. The number of trees is the one that predicts the validation split best, for predictions of that split the last
    fifth of the training rows; then that many trees are fitted to all labels that are known, of these rows too.

    Args:
        task: of :func:`plurel_prob.tasks.load.load_task`.
        split: ``"val"`` or ``"test"``.
        until: the last time that features see, beside the entity itself; RelBench gives rows up to the test timestamp by default.

    Raises:
        DatabaseError: the task has no training labels, or of rows that its table has not, or see :func:`read_labels`.
        ModuleNotFoundError: LightGBM is not installed.
    """
    known, rows = known_labels(task, split), read_labels(task, split)
    is_held_out = _last_fifth(known) if split == "val" else np.arange(len(known)) >= len(training_labels(task))
    tables = read_numbers(task.get_db(upto_test_timestamp=False), task.dataset.val_timestamp)
    both, last = concatenate(known, rows), NEVER if until is None else int(microseconds(pd.Series([until]))[0])
    _check_entities(task, both, len(tables[task.entity_table].time))
    table = features(tables, task.entity_table, both, known.later(wait_of(task)), windows_of(task), last).to_numpy()
    return _fit(task, table[: len(known)], known.value, is_held_out).predict(table[len(known) :])


def _check_entities(task: Any, labels: Labels, n_entity: int) -> None:
    if labels.entity.max() >= n_entity:
        what = f"{task.entity_col} {labels.entity.max()}, but {task.entity_table} has {n_entity} rows, counted from 0"
        raise DatabaseError(f"{task.dataset.dataset_dir}: task {task.name} has a label of {what}")


def windows_of(task: Any) -> list[int]:
    """One and four of a forecast's timedeltas, in microseconds; a month and a year where labels are not about a time."""
    return [wait_of(task), 4 * wait_of(task)] if task.kind == "forecast" else [30 * DAY, 365 * DAY]


def _last_fifth(train: Labels) -> Bool[np.ndarray, " label"]:
    is_last = np.zeros(len(train), bool)
    is_last[np.argsort(train.time, kind="stable")[len(train) - max(1, len(train) // 5) :]] = True
    return is_last


def _fit(
    task: Any, table: Float64[np.ndarray, "row column"], value: Float64[np.ndarray, " row"], is_held_out: Bool[np.ndarray, " row"]
) -> Any:
    """Fit trees, as many as predict what is held out best when they are fitted to the rest."""
    import lightgbm

    parameters = PARAMETERS | {"objective": "binary" if task.task_type.value == "binary_classification" else "regression_l1"}

    def dataset(is_row: Bool[np.ndarray, " row"], reference: Any = None) -> Any:
        return lightgbm.Dataset(table[is_row], value[is_row], reference=reference, params=parameters)

    rest = dataset(~is_held_out)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    trees = lightgbm.train(parameters, rest, MAX_ROUND, valid_sets=[dataset(is_held_out, rest)], callbacks=[stop])
    return lightgbm.train(parameters, dataset(np.full(len(value), True)), trees.best_iteration)
