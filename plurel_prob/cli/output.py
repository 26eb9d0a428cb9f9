"""Files that commands write: complete or not at all."""

from collections.abc import Callable
from pathlib import Path

from plurel_prob.errors import DatabaseError
from plurel_prob.files import whole_file


def check_out(out: Path | None) -> None:
    """Fail before anything is computed where the folder of the output is missing or the output is a folder."""
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        problem = "is a folder" if out.is_dir() else f"there is no folder {out.parent}"
        raise DatabaseError(f"--out {out}: {problem}; give the path of a file in a folder that exists")


def write_whole(out: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name until it is complete; one that exists is replaced.

    Raises:
        DatabaseError: it cannot be written.
    """
    try:
        with whole_file(out) as partial:
            write(partial)
    except OSError as error:
        raise DatabaseError(f"--out {out}: cannot write there: {error.strerror or error}") from None
