"""Contexts of cells: from databases to batches of tokens that a network takes."""

from plurel_prob.rfm.cells.contexts.assembly import relational_data
from plurel_prob.rfm.cells.contexts.batch import PADDING, Batch
from plurel_prob.rfm.cells.contexts.data import RelationalData
from plurel_prob.rfm.cells.contexts.sampler import ContextSampler
from plurel_prob.rfm.cells.contexts.targets import Targets, pretraining_targets
from plurel_prob.rfm.cells.contexts.tasks import task_targets
from plurel_prob.rfm.columns import BOOLEAN, DATETIME, NUMBER, TEXT
from plurel_prob.rfm.vocabulary import Vocabulary

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
