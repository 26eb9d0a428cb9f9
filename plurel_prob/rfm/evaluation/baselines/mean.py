"""The mean of the training labels, whatever the row."""

import numpy as np

from plurel_prob.rfm.evaluation.problem import Prediction, Problem
from plurel_prob.rfm.rows.learner.laws import LEVELS


def mean(problem: Problem) -> Prediction:
    """Predict the mean of the training labels, of a binary one the rate of the positive class; of a number their quantiles."""
    label, n = problem.train.value, len(problem.rows)
    if problem.task.question.kind == "binary":
        return Prediction(np.full(n, label.mean()))
    return Prediction(np.full(n, label.mean()), np.full(n, np.median(label)), np.tile(np.quantile(label, LEVELS), (n, 1)))
