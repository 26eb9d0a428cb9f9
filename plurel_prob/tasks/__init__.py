"""Prediction tasks for databases, drawn or real, in RelBench 3 format."""

from plurel_prob.tasks.autocomplete import autocomplete_tasks
from plurel_prob.tasks.forecast import forecast_tasks
from plurel_prob.tasks.listed import manifests_of
from plurel_prob.tasks.reasons import why_none
from plurel_prob.tasks.split import SplitDatabase, split_database
from plurel_prob.tasks.task import Task
from plurel_prob.tasks.write import Kind, add_tasks, write_tasks

__all__ = [
    "Kind",
    "SplitDatabase",
    "Task",
    "add_tasks",
    "autocomplete_tasks",
    "forecast_tasks",
    "manifests_of",
    "split_database",
    "why_none",
    "write_tasks",
]
