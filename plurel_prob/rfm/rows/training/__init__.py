"""Training of the network of rows: on tasks of drawn databases, and on random labels of their rows."""

from plurel_prob.rfm.rows.training.config import RowTrainingConfig
from plurel_prob.rfm.rows.training.data import Recipe, RowData, Tasks
from plurel_prob.rfm.rows.training.databases import HELD_OUT_SEED, Fresh, Stored, TrainingDatabases, check_held_out, stored
from plurel_prob.rfm.rows.training.run import RowsRun, load_run, train
from plurel_prob.rfm.rows.training.validation import ValidationTasks

__all__ = [
    "HELD_OUT_SEED",
    "TrainingDatabases",
    "Fresh",
    "Recipe",
    "RowData",
    "RowTrainingConfig",
    "RowsRun",
    "Stored",
    "Tasks",
    "ValidationTasks",
    "check_held_out",
    "load_run",
    "stored",
    "train",
]
