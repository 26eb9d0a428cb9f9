r"""One prediction out of those of several members: weighed by what they predict of held-out labels, and calibrated on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float64

from plurel_prob.rfm.rows.features import Kind
from plurel_prob.rfm.rows.learner.laws import LEVELS, MEDIAN, Law, log_odds, losses, sigmoid

N_STEP = 10  # of each weight
TEMPER = 0.25  # held-out rows are worth so much of independent ones: they share entities, and times
N_PRIOR = 50  # rows of which quantiles would have to be off to be moved half the way
Weights = Float64[np.ndarray, " member"]


@dataclass(frozen=True)
class Blend:
    r"""Average of members, and its calibration.

    Of a binary label log-odds are averaged, and :math:`\text{logit}\,p' = a + b\,\text{logit}\,p`. Of a number each quantile is
    moved away from the median, or towards it, by as many interquartile ranges of the row as it lay off on the held-out rows.
    Quantiles do not cross. The mean is one of the members' means and medians: where squared errors are heavy-tailed, medians
    tell more of it.

    Attributes:
        kind: of the labels.
        weight: of each member; of a number, in its quantiles.
        mean_weight: of the mean and of the median of each member in the mean of a number.
        line: a and b.
        shift: of each quantile.
        bounds: of numbers, 0 if none is on its other side.
    """

    kind: Kind
    weight: Weights
    mean_weight: Float64[np.ndarray, " centre"]
    line: tuple[float, float] = (0.0, 1.0)
    shift: Float64[np.ndarray, " level"] | None = None
    bounds: tuple[float, float] = (-np.inf, np.inf)

    def __call__(self, laws: Sequence[Law]) -> Law:
        """Blend the members' laws of the same rows."""
        law = average(laws, self.weight, self.kind)
        if self.kind == "binary":
            return sigmoid(self.line[0] + self.line[1] * log_odds(law))
        if self.kind == "number":
            law[:, 0] = _centres(laws) @ self.mean_weight
            if self.shift is not None:
                law[:, 1:] = np.sort(law[:, 1:] + self.shift * _spread(law), 1)
            return law.clip(*self.bounds)
        return law


def average(laws: Sequence[Law], weight: Weights, kind: Kind) -> Law:
    """Weighted mean of laws; of chances of 1, of their log-odds."""
    if kind == "binary":
        return sigmoid(np.tensordot(weight, np.stack([log_odds(law) for law in laws]), 1))
    return np.tensordot(weight, np.stack(laws), 1)


def blend(laws: Sequence[Law], y: Float64[np.ndarray, " row"], kind: Kind) -> Blend:
    r"""Weigh members, and calibrate, by held-out rows.

    Weights are the mean of those on a grid, each with the chance that it has by the held-out labels,
    :math:`\propto \exp(-\tau n \ell)`, :math:`\ell` the mean loss; of a number the log of its mean pinball loss, and for the mean
    half the log of the mean squared error. So few labels hardly move them from equal ones.
    """
    grid, tempered = _grid(len(laws)), TEMPER * len(y)
    if kind != "number":
        weight = _weigh(grid, [-tempered * losses(average(laws, each, kind), y, kind).mean() for each in grid])
        line = _line(average(laws, weight, kind)[:, 0], y) if kind == "binary" else (0.0, 1.0)
        return Blend(kind, weight, weight, line)
    tiny = 1e-6 * max(float(y.std()), 1e-30)
    pinball = [losses(average(laws, each, kind), y, kind).mean() for each in grid]
    centres, grid_of_centres = _centres(laws), _grid(2 * len(laws))
    square = [np.square(centres @ each - y).mean() for each in grid_of_centres]
    weight = _weigh(grid, [-tempered * np.log(loss + tiny) for loss in pinball])
    mean_weight = _weigh(grid_of_centres, [-tempered * 0.5 * np.log(loss + tiny**2) for loss in square])
    bounds = (0.0 if y.min() >= 0 else -np.inf, 0.0 if y.max() <= 0 else np.inf)
    return Blend(kind, weight, mean_weight, shift=_shift(average(laws, weight, kind), y), bounds=bounds)


def _grid(n: int) -> list[Weights]:
    """Weights that add to 1."""
    return [np.array(step) / N_STEP for step in product(range(N_STEP + 1), repeat=n) if sum(step) == N_STEP]


def _centres(laws: Sequence[Law]) -> Float64[np.ndarray, "row centre"]:
    """Means and medians of the members."""
    return np.stack([law[:, part] for law in laws for part in (0, MEDIAN)], 1)


def _weigh(grid: Sequence[Weights], score: Sequence[float]) -> Weights:
    chance = np.exp(np.array(score) - max(score))
    return np.average(grid, axis=0, weights=chance)


def _line(chance: Float64[np.ndarray, " row"], y: Float64[np.ndarray, " row"]) -> tuple[float, float]:
    """Platt's a and b, with a Gaussian prior around 0 and 1, by Newton's method; how frequent a 1 is, a, changes with time."""
    design = np.stack([np.ones(len(y)), log_odds(chance)], 1)
    prior, start = np.array([100.0, 16.0]), np.array([0.0, 1.0])
    found = start.copy()
    for _ in range(20):
        p = sigmoid(design @ found)
        gradient = TEMPER * design.T @ (p - y) + prior * (found - start)
        curvature = TEMPER * (design * (p * (1 - p))[:, None]).T @ design + np.diag(prior)
        found = found - np.linalg.solve(curvature, gradient)
    a, b = (float(value) for value in found)
    return (a, b) if np.isfinite(a) and b > 0 else (0.0, 1.0)


def _spread(law: Law) -> Float64[np.ndarray, "row 1"]:
    """Interquartile range of each row."""
    quantiles = law[:, 1:]
    return (quantiles[:, [14]] - quantiles[:, [4]]).clip(min=0)


def _shift(law: Law, y: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " level"] | None:
    spread = _spread(law)[:, 0]
    is_spread = spread > 0
    if is_spread.sum() < 2:
        return None
    off = (y[is_spread, None] - law[is_spread, 1:]) / spread[is_spread, None]
    shift = np.array([np.quantile(off[:, place], level) for place, level in enumerate(LEVELS)])
    shift -= shift[MEDIAN - 1]  # held-out rows say how far labels lie apart; where they lie changes with time
    return shift * is_spread.sum() / (is_spread.sum() + N_PRIOR)
