"""Methods that predict by samples of labelled rows, as the network of rows does."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32

from plurel_prob.rfm.evaluation.problem import Prediction
from plurel_prob.rfm.rows.learner.laws import Labelled, log_odds, sigmoid
from plurel_prob.rfm.rows.learner.samples import Rows, sample_rows

N_ROW, N_CONTEXT = 800, 8  # labelled rows of a context, and contexts that predictions are averaged over


def contexts_of(labelled: Labelled, n_row: int = N_ROW, n_context: int = N_CONTEXT) -> list[Rows]:
    """Samples of labelled rows, those that :class:`~plurel_prob.rfm.rows.learner.RowLearner` draws; one if it has all rows."""
    if len(labelled) <= n_row:
        return [np.arange(len(labelled))]
    return [sample_rows(labelled, n_row, np.random.default_rng([0, i]), late=i % 2 == 1) for i in range(n_context)]


def averaged(
    method: Callable[[Labelled, Float32[np.ndarray, "row feature"]], Prediction],
    labelled: Labelled,
    query: Float32[np.ndarray, "row feature"],
) -> Prediction:
    """Average what a method predicts by each context.

    A context has more of a rare class than there is: log-odds are averaged, less those of the context, with those of all rows.
    """
    contexts = contexts_of(labelled)
    predictions = [method(labelled.of(rows), query) for rows in contexts]
    if labelled.kind != "binary":
        return average(predictions)
    more = log_odds(np.array([labelled.y[rows].mean() for rows in contexts])) - log_odds(labelled.y.mean(keepdims=True))
    return Prediction(sigmoid(np.mean([log_odds(prediction.mean) for prediction in predictions], 0) - more.mean()))


def average(predictions: Sequence[Prediction]) -> Prediction:
    """Means of predictions' means, medians and quantiles."""
    means, medians, quantiles = zip(*predictions, strict=True)
    return Prediction(np.mean(means, 0), *(None if part[0] is None else np.mean(part, 0) for part in (medians, quantiles)))
