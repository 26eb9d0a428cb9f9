"""What a run tells while it goes on: lines of JSON, and TensorBoard."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from tensorboardX import SummaryWriter

from plurel_prob.errors import DatabaseError
from plurel_prob.files import whole_file

LOG, BOARD = "log.jsonl", "tensorboard"


class TrainingLog:
    """Figures by step, in ``log.jsonl`` and for TensorBoard.

    Args:
        run: folder of the run.
        step: last step that counts; what an earlier process wrote of later ones is dropped.

    Attributes:
        last: figures of the last line that counts; none if there is no line.
    """

    def __init__(self, run: Path, step: int):
        path = run / LOG
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True) if path.exists() else []
        kept = [line for line in lines if _step(line) <= step]
        with whole_file(path) as new:
            new.write_text("".join(kept), encoding="utf-8")
        self.last: dict[str, Any] = json.loads(kept[-1]) if kept else {}
        self._file = path.open("a", encoding="utf-8")
        self._board = SummaryWriter(str(run / BOARD), purge_step=step + 1)

    def write(self, step: int, **figures: float) -> None:
        """Add the figures of a step."""
        self._file.write(json.dumps({"step": step} | figures) + "\n")
        self._file.flush()
        for name, value in figures.items():
            self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._board.close()


def means_of(told: Sequence[Mapping[str, SupportsFloat]], step: int) -> dict[str, float]:
    """Means of figures over some steps.

    Raises:
        DatabaseError: the loss is no number.
    """
    means = {name: float(np.mean([float(figures[name]) for figures in told])) for name in told[0]}
    if not np.isfinite(means["loss"]):
        raise DatabaseError(f"the loss is {means['loss']} at step {step}: lower --learning-rate; the last checkpoint stays")
    return means


def _step(line: str) -> float:
    """Step of a line; one that a killed process left unfinished has none that counts."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return float("inf")
