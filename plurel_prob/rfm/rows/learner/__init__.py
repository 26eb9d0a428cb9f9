"""Predictions for rows of a database: a network of rows and boosted trees, together."""

from plurel_prob.rfm.rows.learner.laws import LEVELS
from plurel_prob.rfm.rows.learner.learner import RowLearner

__all__ = ["LEVELS", "RowLearner"]
