"""What the labels of the same entity were before."""

import numpy as np
from jaxtyping import Float64

from plurel_prob.rfm.evaluation.problem import Prediction, Problem
from plurel_prob.rfm.rows.features import Labels
from plurel_prob.rfm.rows.features.log import Log


def history(problem: Problem) -> Prediction:
    r"""Predict the mean of an entity's labels that are known, shrunk towards the mean of all.

    .. math:: (\bar y + \sum_{i=1}^n y_i) / (1 + n), \quad \bar y \text{ the mean of the training labels.}

    Known at a row's timestamp are the labels whose own timestamp plus the task's timedelta is not after it; see
    :meth:`~plurel_prob.rfm.rows.tasks.RowTask.known`. Without any, the prediction is the mean. A task that completes a column has
    each entity once; there the labels are those of rows with the same parent, by the foreign key whose predictions of the
    training labels have the smallest mean squared error.
    """
    task, rows, train = problem.task, problem.rows, problem.train
    known, mean, wait = task.known(problem.split, problem.regime), train.value.mean(), task.question.wait
    if not task.question.column:
        return Prediction(shrunk_means(known, rows, mean))
    best, error = np.full(len(rows), mean), np.inf
    for _, parent in task.tables[task.question.table].parents.values():
        of_train = shrunk_means(train.of(parent).later(wait), train.of(parent), mean)
        if np.square(of_train - train.value).mean() < error:
            error = np.square(of_train - train.value).mean()
            best = shrunk_means(known.of(parent), rows.of(parent), mean)
    return Prediction(best)


def shrunk_means(known: Labels, rows: Labels, mean: float) -> Float64[np.ndarray, " row"]:
    """Mean of the labels that are known of each row's entity at its time, and of one more that is the mean."""
    log = Log(known.entity, known.time)
    span = log.span(rows.entity, rows.time)
    pairs = np.stack([span.start, span.end], 1).ravel()
    count, total = span.end - span.start, np.add.reduceat(np.append(known.value[log.row], 0.0), pairs)[::2] if len(pairs) else 0.0
    return (mean + np.where(count > 0, total, 0.0)) / (1 + count)
