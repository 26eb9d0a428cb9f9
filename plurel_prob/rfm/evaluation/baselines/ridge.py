"""Ridge regression in closed form."""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64

from plurel_prob.rfm.evaluation.problem import Prediction
from plurel_prob.rfm.rows.learner.laws import Labelled

ALPHAS = tuple(10.0 ** (power / 2) for power in range(-2, 11))
MAX_SCORE = 3.0  # standard deviations from the mean that a feature is cut off at


def ridge(labelled: Labelled, query: Float32[np.ndarray, "row feature"], alphas: Sequence[float] = ALPHAS) -> Prediction:
    """Predict by ridge regression on scores of features, with the penalty that predicts labelled rows best, each left out.

    A missing feature has the mean's score, and a column that says so. The label of a binary task is regressed on as 0 or 1.
    """
    from sklearn.linear_model import RidgeCV

    x, asked = scores(labelled.x, query)
    center, scale = labelled.y.mean(), labelled.y.std() or 1.0
    fitted = RidgeCV(alphas).fit(x, (labelled.y - center) / scale)
    return Prediction(center + scale * fitted.predict(asked))


def scores(
    x: Float32[np.ndarray, "label feature"], query: Float32[np.ndarray, "row feature"]
) -> tuple[Float64[np.ndarray, "label score"], Float64[np.ndarray, "row score"]]:
    """Standard scores of labelled rows' features and of others, and whether each is missing; constant ones are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # features that no labelled row has
        mean, std = (np.asarray(of(x, 0, np.float64)) for of in (np.nanmean, np.nanstd))
    varies = np.isfinite(std) & (std > 0)
    is_missing = np.isnan(x).any(0) & ~np.isnan(x).all(0)

    def scored(part: Float32[np.ndarray, "row feature"]) -> Float64[np.ndarray, "row score"]:
        score = np.clip((part[:, varies] - mean[varies]) / std[varies], -MAX_SCORE, MAX_SCORE)
        return np.concatenate([np.nan_to_num(score), np.isnan(part[:, is_missing])], 1)

    return scored(x), scored(query)
