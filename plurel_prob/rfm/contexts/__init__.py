"""Contexts of cells: from databases to batches of tokens that a network takes."""

from plurel_prob.rfm.contexts.assembly import relational_data
from plurel_prob.rfm.contexts.batch import BOOLEAN, DATETIME, NUMBER, PADDING, TEXT, Batch
from plurel_prob.rfm.contexts.data import RelationalData
from plurel_prob.rfm.contexts.sampler import ContextSampler
from plurel_prob.rfm.contexts.targets import Targets, pretraining_targets
from plurel_prob.rfm.contexts.tasks import task_targets
from plurel_prob.rfm.contexts.vocabulary import Vocabulary

__all__ = [
    "BOOLEAN",
    "DATETIME",
    "NUMBER",
    "PADDING",
    "TEXT",
    "Batch",
    "ContextSampler",
    "RelationalData",
    "Targets",
    "Vocabulary",
    "pretraining_targets",
    "relational_data",
    "task_targets",
]
