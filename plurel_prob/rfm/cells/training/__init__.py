"""Training of the network: on a folder of databases, on a stream of fresh ones, or on a task."""

from plurel_prob.rfm.cells.training.config import TrainingConfig
from plurel_prob.rfm.cells.training.data import Data, FolderData, StreamData, TaskData, check_held_out, folder_data
from plurel_prob.rfm.cells.training.run import Run, load_model, train
from plurel_prob.rfm.cells.training.validation import Validation

__all__ = [
    "Data",
    "FolderData",
    "Run",
    "StreamData",
    "TaskData",
    "TrainingConfig",
    "Validation",
    "check_held_out",
    "folder_data",
    "load_model",
    "train",
]
