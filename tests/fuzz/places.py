"""What else may stand in the place of a file or a folder."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

PLACES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "a folder": Path.mkdir,
    "an empty file": Path.touch,
    "a link elsewhere": lambda path: path.symlink_to(_top(path) / "elsewhere" / "secret.parquet"),
    "a link to a folder elsewhere": lambda path: path.symlink_to(_top(path) / "elsewhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to where it is": lambda path: path.symlink_to("."),
    "a pipe": os.mkfifo,
    "without end": lambda path: path.symlink_to("/dev/zero"),
}


def _top(path: Path) -> Path:
    """Folder of an example."""
    return next(parent for parent in path.parents if (parent / "elsewhere").is_dir())


def put(path: Path, what: str) -> None:
    """Put something in the place of a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    PLACES[what](path)
