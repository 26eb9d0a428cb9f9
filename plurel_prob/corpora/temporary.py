"""Temporary folders that do not stay when the process that made them is killed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "plurel-prob-"
MIN_AGE = 60.0  # seconds: a folder is locked a moment after it is made


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is removed afterwards, as are those here that killed processes have left.

    A process locks its folder; the operating system lifts the lock when the process ends, however it ends.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # locked, of another user, or gone
            if time.time() - folder.stat().st_mtime > MIN_AGE:
                with _locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, _locked(Path(name)):
        yield Path(name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
