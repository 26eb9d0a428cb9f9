"""What is written of predictions, and how good they are beside baselines."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64

from plurel_prob.rfm.evaluation.methods import BASELINES
from plurel_prob.rfm.evaluation.metrics import Figure, bootstrap, figures, mean_of
from plurel_prob.rfm.evaluation.problem import Problem
from plurel_prob.rfm.evaluation.rows import of_law
from plurel_prob.rfm.prediction.ask import Asked
from plurel_prob.rfm.prediction.source import PredictionSource
from plurel_prob.rfm.rows.features import Labels
from plurel_prob.rfm.rows.learner import LEVELS, RowLearner
from plurel_prob.rfm.rows.learner.laws import Law

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # that are written
COMPARED = ("mean", "history", "ridge", "lightgbm")


class Compared(NamedTuple):
    """How good predictions are.

    Attributes:
        figures: by method, and metric.
        n_row: rows that were predicted.
        n_positive: of them; None: labels are not binary.
    """

    figures: dict[str, dict[str, Figure]]
    n_row: int
    n_positive: int | None


def table_of(source: PredictionSource, asked: Asked, rows: Labels, law: Law) -> pd.DataFrame:
    """Keys, times and predictions: a number with quantiles, or the likeliest value with chances."""
    keys = source.keys(asked.task.question.table).iloc[rows.entity].reset_index(drop=True)
    columns: dict[str, object] = {_free(str(name), ()): keys[name] for name in keys}
    columns[_free("time", columns)] = pd.to_datetime(rows.time, unit="us")
    kind, names = asked.task.question.kind, asked.names
    if kind == "number":
        columns[_free("prediction", columns)] = law[:, 0]
        for level in QUANTILES:
            columns[_free(f"quantile_{level:g}", columns)] = law[:, 1 + int(np.argmin(np.abs(LEVELS - level)))]
    elif kind == "binary":
        columns[_free("prediction", columns)] = np.array(names)[(law[:, 0] >= 0.5).astype(int)]
        columns[_free("probability", columns)] = law[:, 0]
    else:
        columns[_free("prediction", columns)] = np.array(names)[law.argmax(1)]
        for place, name in enumerate(names):
            columns[_free(f"probability_{name}", columns)] = law[:, place]
    return pd.DataFrame(columns)


def compare(
    asked: Asked, learner: RowLearner, law: Law | None, *, baselines: bool, on_method: Callable[[str], None]
) -> Compared | None:
    """Compare predictions of rows that have labels with those of baselines; None if there is no such row.

    Args:
        asked: what is asked.
        learner: fitted to the task that has labels.
        law: of all its rows; by default they are predicted.
        baselines: whether there are any.
        on_method: called with the name of each method.
    """
    if asked.held is None:
        return None
    labels = asked.held.labels[asked.split]
    has_label = ~np.isnan(labels.value)
    law = (learner.law() if law is None else law)[has_label]
    label, kind, weights = labels.value[has_label], asked.held.question.kind, bootstrap(labels.entity[has_label])
    train = asked.held.context(asked.split).value
    if kind == "classes":
        share = np.bincount(train.astype(int), minlength=law.shape[1]) / len(train)
        found = {"mean": _of_classes(np.tile(share, (len(label), 1)), label, weights)} if baselines else {}
        return Compared(found | {"rows": _of_classes(law, label, weights)}, len(label), None)
    std = float(np.std(train)) or 1.0
    problem, found = Problem(asked.held, asked.split, "rolling"), {}
    for name in COMPARED if baselines else ():
        on_method(name)
        try:
            found[name] = figures(kind, label, BASELINES[name](problem), std, weights)
        except ModuleNotFoundError:  # LightGBM is not installed, which the learner says
            continue
    found["rows"] = figures(kind, label, of_law(law, kind), std, weights)
    return Compared(found, len(label), int(label.sum()) if kind == "binary" else None)


def _of_classes(chance: Law, label: Float64[np.ndarray, " row"], weights: Float64[np.ndarray, "sample row"]) -> dict[str, Figure]:
    """Accuracy and logarithmic loss."""
    of_label = np.clip(chance[np.arange(len(label)), label.astype(int)], 1e-3, 1)
    found = {}
    for name, value in {"accuracy": (chance.argmax(1) == label).astype(float), "log loss": -np.log(of_label)}.items():
        first, *samples = mean_of(value)(weights)
        found[name] = Figure(float(first), *np.quantile(samples, (0.025, 0.975)).tolist())
    return found


def _free(name: str, taken: object) -> str:
    while name in taken:  # type: ignore[operator]
        name += "_"
    return name
