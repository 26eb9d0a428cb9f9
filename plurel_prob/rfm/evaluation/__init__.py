"""Predictions of a trained network on the tasks of databases, beside baselines."""

from plurel_prob.rfm.evaluation.evaluate import Evaluation, evaluate, task_names
from plurel_prob.rfm.evaluation.predict import predict

__all__ = ["Evaluation", "evaluate", "predict", "task_names"]
