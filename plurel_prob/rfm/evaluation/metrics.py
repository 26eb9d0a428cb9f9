"""How good predictions are: metrics, with bootstrap intervals.

A metric takes weights, a row of them for each sample of the bootstrap: how often the sample has each row of the split.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from plurel_prob.rfm.evaluation.problem import Prediction
from plurel_prob.rfm.rows.features import Kind
from plurel_prob.rfm.rows.learner.laws import LEVELS

N_SAMPLE = 500  # of the bootstrap
INSIDE = (0.025, 0.975)  # what its intervals hold
MIN_CHANCE = 1e-3  # of a class, in the logarithmic loss
CENTRAL = {50: (4, 14), 80: (1, 17), 90: (0, 18)}  # intervals of predictions, in per cent: places of their ends in LEVELS

Weights = Float64[np.ndarray, "sample row"]
Values = Float64[np.ndarray, " sample"]
Metric = Callable[[Weights], Values]


class Figure(NamedTuple):
    """A metric's value, and its interval; NaN where it has none, as AUROC has not if all labels are equal."""

    value: float
    low: float
    high: float


def bootstrap(entity: Int64[np.ndarray, " row"], seed: int = 0) -> Weights:
    """Weights of every row once, then of samples of entities with replacement, each with all its rows."""
    _, idx = np.unique(entity, return_inverse=True)
    n = idx.max() + 1
    samples = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), N_SAMPLE)
    return np.concatenate([np.ones((1, len(entity))), samples[:, idx]])


def figures(
    kind: Kind, label: Float64[np.ndarray, " row"], prediction: Prediction, std: float, weights: Weights
) -> dict[str, Figure]:
    """Evaluate predictions by all metrics of their kind.

    Args:
        kind: of the labels.
        label: of every row.
        prediction: of every row.
        std: of the training labels, which the mean absolute error is divided by.
        weights: see :func:`bootstrap`.
    """
    metrics = binary(label, prediction) if kind == "binary" else of_numbers(label, prediction, std)
    found = {}
    for name, metric in metrics.items():
        value, *samples = metric(weights)
        defined = np.array(samples)[np.isfinite(samples)]
        found[name] = Figure(float(value), *(np.quantile(defined, INSIDE).tolist() if len(defined) else (np.nan, np.nan)))
    return found


def binary(label: Float64[np.ndarray, " row"], prediction: Prediction) -> dict[str, Metric]:
    """AUROC; the logarithmic loss, for which no class is less likely than :data:`MIN_CHANCE`."""
    chance = np.clip(prediction.mean, MIN_CHANCE, 1 - MIN_CHANCE)
    loss = -np.log(np.where(label == 1, chance, 1 - chance))
    return {"AUROC": lambda weights: auroc(label, prediction.mean, weights), "log loss": mean_of(loss)}


def of_numbers(label: Float64[np.ndarray, " row"], prediction: Prediction, std: float) -> dict[str, Metric]:
    """NMAE of the median, as RelBench has it; R2 of the mean; of quantiles their loss, over the same deviation, and coverage."""
    median = prediction.mean if prediction.median is None else prediction.median
    metrics = {"NMAE": mean_of(np.abs(label - median) / std), "R2": lambda weights: r2(label, prediction.mean, weights)}
    if prediction.quantiles is None:
        return metrics
    below = label[:, None] - prediction.quantiles
    metrics["pinball"] = mean_of(np.maximum(LEVELS * below, (LEVELS - 1) * below).mean(1) / std)
    for percent, (low, high) in CENTRAL.items():
        is_inside = (prediction.quantiles[:, low] <= label) & (label <= prediction.quantiles[:, high])
        metrics[f"coverage {percent} %"] = mean_of(is_inside.astype(float))
    return metrics


def mean_of(loss: Float64[np.ndarray, " row"]) -> Metric:
    """Metric that is the mean of rows' losses."""
    return lambda weights: weights @ loss / weights.sum(1)


def r2(label: Float64[np.ndarray, " row"], prediction: Float64[np.ndarray, " row"], weights: Weights) -> Values:
    """Share of the labels' variance that the prediction explains."""
    n = weights.sum(1)
    centered = label - label.mean()  # so that squares do not cancel
    variance = weights @ np.square(centered) / n - np.square(weights @ centered / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, 1 - weights @ np.square(label - prediction) / n / variance, np.nan)


def auroc(label: Float64[np.ndarray, " row"], score: Float64[np.ndarray, " row"], weights: Weights) -> Values:
    """Chance that of a positive and a negative row the positive one has the higher score; half where they are equal."""
    order = np.argsort(score, kind="stable")
    is_first = np.r_[True, np.diff(score[order]) != 0]  # of rows with the same score
    positive = np.add.reduceat(weights[:, order] * label[order], np.flatnonzero(is_first), 1)
    negative = np.add.reduceat(weights[:, order] * (1 - label[order]), np.flatnonzero(is_first), 1)
    lower = np.cumsum(negative, 1) - negative / 2
    pairs = positive.sum(1) * negative.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(pairs > 0, (positive * lower).sum(1) / pairs, np.nan)
