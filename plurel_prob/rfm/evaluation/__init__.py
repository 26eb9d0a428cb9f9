"""Predictions of a trained network on the tasks of databases, beside baselines."""

from plurel_prob.rfm.evaluation.evaluate import Evaluation, evaluate, task_names

__all__ = ["Evaluation", "evaluate", "task_names"]
