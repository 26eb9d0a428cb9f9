"""Training of the network: on a folder of databases, on a stream of fresh ones, or on a task."""

from plurel_prob.rfm.cells.training.config import TrainingConfig
from plurel_prob.rfm.cells.training.data import Data, FolderData, StreamData, TaskData, check_held_out, folder_data
from plurel_prob.rfm.cells.training.run import CellsRun, load_model, train
from plurel_prob.rfm.cells.training.validation import ValidationCells

__all__ = [
    "Data",
    "FolderData",
    "CellsRun",
    "StreamData",
    "TaskData",
    "TrainingConfig",
    "ValidationCells",
    "check_held_out",
    "folder_data",
    "load_model",
    "train",
]
