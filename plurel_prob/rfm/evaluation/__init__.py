"""Methods of prediction on the tasks of databases, and how good they are."""

from plurel_prob.rfm.evaluation.evaluate import Evaluation, evaluate, task_names
from plurel_prob.rfm.evaluation.methods import Method, methods
from plurel_prob.rfm.evaluation.metrics import Figure

__all__ = ["Evaluation", "Figure", "Method", "evaluate", "methods", "task_names"]
