"""Runs of training in folders of their own: settings, logs, checkpoints, and batches that are made ahead."""

from plurel_prob.rfm.runs.ahead import made_ahead
from plurel_prob.rfm.runs.checkpoints import CHECKPOINTS, Checkpoints
from plurel_prob.rfm.runs.logs import BOARD, LOG, TrainingLog, means_of
from plurel_prob.rfm.runs.places import check_place, writable
from plurel_prob.rfm.runs.settings import CONFIG, check_same, read_settings, save_settings

__all__ = [
    "BOARD",
    "CHECKPOINTS",
    "CONFIG",
    "LOG",
    "Checkpoints",
    "TrainingLog",
    "check_place",
    "check_same",
    "made_ahead",
    "means_of",
    "read_settings",
    "save_settings",
    "writable",
]
