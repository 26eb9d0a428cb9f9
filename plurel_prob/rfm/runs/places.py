"""The folder of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plurel_prob.errors import DatabaseError, reason
from plurel_prob.rfm.runs.checkpoints import CHECKPOINTS
from plurel_prob.rfm.runs.logs import BOARD, LOG
from plurel_prob.rfm.runs.settings import CONFIG


@contextmanager
def writable(out: Path) -> Iterator[None]:
    """Say what the operating system has against writing."""
    try:
        yield
    except OSError as error:
        raise DatabaseError(f"--out {out}: cannot write there: {reason(error)}") from None


def check_place(out: Path, *others: str) -> None:
    """Refuse a folder that holds something else, or half of a run.

    Args:
        out: the folder.
        others: names of further files that a run of this kind has.

    Raises:
        DatabaseError: it does.
    """
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    if names - {CONFIG, CHECKPOINTS, LOG, BOARD, *others}:
        raise DatabaseError(f"--out {out}: is not empty, and no run of training; choose another folder")
    if names and CONFIG not in names and any((out / CHECKPOINTS).glob("[0-9]*")):
        raise DatabaseError(f"--out {out}: has checkpoints, but no {CONFIG}; choose another folder")
