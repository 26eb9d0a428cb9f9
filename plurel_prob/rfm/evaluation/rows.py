"""The learner of rows, and its network alone, as methods."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plurel_prob.rfm.evaluation.problem import Prediction, Problem
from plurel_prob.rfm.rows.features import Kind
from plurel_prob.rfm.rows.learner import RowLearner
from plurel_prob.rfm.rows.learner.laws import MEDIAN, Law
from plurel_prob.rfm.rows.learner.learner import Members


@dataclass(frozen=True)
class RowsMethod:
    """Predictions of the learner of rows.

    Attributes:
        network: of rows.
        members: of the learner that predict: ``"all"``, as users have it, or ``"network"`` alone.
        on_rows: called with the number of rows that are predicted, and of all.
    """

    network: Any
    members: Members = "all"
    on_rows: Callable[[int, int], None] = lambda n, of: None

    def __call__(self, problem: Problem) -> Prediction:
        """Predict rows.

        Raises:
            DatabaseError: see :meth:`~plurel_prob.rfm.rows.learner.RowLearner.fit`.
        """
        learner = RowLearner(self.network, members=self.members, on_rows=lambda what, n, of: self.on_rows(n, of))
        learner.fit(problem.task, split=problem.split, regime=problem.regime)
        return of_law(learner.law(problem.rows), problem.task.question.kind)


def of_law(law: Law, kind: Kind) -> Prediction:
    """Prediction by a law of each row's label."""
    if kind == "binary":
        return Prediction(law[:, 0])
    return Prediction(law[:, 0], law[:, MEDIAN], law[:, 1:])


def networks(weights: Path | None) -> tuple[Any, Any]:
    """The network of a file, by default of the package's, and one of the same size that was not trained.

    Raises:
        DatabaseError: the file cannot be read.
    """
    import jax

    from plurel_prob.rfm.rows.network import RowNetwork

    network = RowLearner.load(weights).network
    return network, RowNetwork(network.size, key=jax.random.key(0))
