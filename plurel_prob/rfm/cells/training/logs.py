"""What a run tells while it goes on: lines of JSON, and TensorBoard."""

import json
from pathlib import Path

from tensorboardX import SummaryWriter

from plurel_prob.files import whole_file

LOG, BOARD = "log.jsonl", "tensorboard"


class Log:
    """Figures by step, in ``log.jsonl`` and for TensorBoard.

    Args:
        run: folder of the run.
        step: last step that counts; what an earlier process wrote of later ones is dropped.
    """

    def __init__(self, run: Path, step: int):
        path = run / LOG
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True) if path.exists() else []
        with whole_file(path) as new:
            new.write_text("".join(line for line in lines if _step(line) <= step), encoding="utf-8")
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


def _step(line: str) -> float:
    """Step of a line; one that a killed process left unfinished has none that counts."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return float("inf")
