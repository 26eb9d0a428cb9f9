"""Folders for what is in the making, or temporary. Each has a mark, by which those that killed processes left are known.

A name proves nothing. What is removed has a name with a random token, the same token in a file inside, the same owner as this
process, and a lock that nobody holds: the operating system lifts it when the process that made the folder ends, however it ends.
What a process was killed in before it had written the token is empty, and goes if it is.
Where there are no locks (Windows, some network file systems), what killed processes left stays until somebody removes it.
"""

import atexit
import contextlib
import json
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX, MARK = ".plurel-prob-", ".plurel-prob-mark"
NEW, OLD = "new", "old"  # what will take a place, and what had it
MANY, REST = 1000, 5e-4  # entries, and seconds for each: a hundred times what it takes to look at them
MIN_AGE = 86_400.0  # seconds, of a folder made on another machine, whose locks may not be seen here

_made: dict[Path, int] = {}  # folders that are not yet removed, and the processes that made them: a fork has a copy of this
_rests: dict[Path, float] = {}  # folder to the time from which on it is tidied again


@contextmanager
def marked_folder(parent: Path) -> Iterator[Path]:
    """Give a new folder in ``parent``, which is removed afterwards."""
    while not (made := _marked(parent)):
        pass
    folder, handle = made
    try:
        yield folder
    finally:
        os.close(handle)
        _clear(folder)
        del _made[folder]


def _marked(parent: Path) -> tuple[Path, int] | None:
    """Make a folder, and its mark, open; None if somebody took it meanwhile for one that a killed process had left unmarked."""
    token = secrets.token_hex(16)
    folder = parent / f"{PREFIX}{token}"
    _made[folder] = os.getpid()
    folder.mkdir(0o700)
    try:
        handle = os.open(folder / MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        del _made[folder]
        return None
    with contextlib.suppress(OSError):  # where there are no locks nobody removes it
        _lock(handle, waits=True)  # somebody may be looking at it, and would remove it later
        if not os.fstat(handle).st_nlink:
            os.close(handle)
            del _made[folder]
            return None
    os.write(handle, json.dumps({"token": token, "host": platform.node()}).encode())  # it counts from now on
    return folder, handle


@atexit.register
def _clear_made() -> None:
    """Remove what a signal's exception has left: it may come before a folder is open, or while it is removed."""
    for folder, process in _made.items():
        if process == os.getpid():
            _clear(folder)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder among the system's temporary files, which is removed afterwards, as are those that killed processes left."""
    parent = Path(tempfile.gettempdir())
    tidy(parent)
    with marked_folder(parent) as folder:
        (folder / NEW).mkdir()
        yield folder / NEW


def tidy(parent: Path) -> int:
    """Remove what killed processes have left in a folder, and bring back what one of them was replacing.

    Returns:
        How many entries the folder has.
    """
    folders, n_entry = _candidates(parent)
    for folder in folders:
        with _held(folder) as is_free:
            if is_free:
                _clear(folder)
        if fcntl and _is_named(folder) and not os.path.lexists(folder / MARK):
            with contextlib.suppress(OSError):  # killed before it had a mark; only what is empty goes
                folder.rmdir()
    return n_entry


def tidy_in_passing(parent: Path) -> None:
    """Tidy a folder before something is written there; one of many entries now and then only, or a run that fills it would do
    little else.
    """
    if time.monotonic() >= _rests.get(parent, 0.0):
        n_entry = tidy(parent)
        if n_entry > MANY:
            _rests[parent] = time.monotonic() + n_entry * REST


def leftovers(parent: Path) -> list[Path]:
    """Folders that killed processes have left in another one."""
    result = []
    for folder in _candidates(parent)[0]:
        with _held(folder) as is_free:
            if is_free:
                result.append(folder)
    return result


def _candidates(parent: Path) -> tuple[list[Path], int]:
    """Folders that are called like marked ones, and how many entries there are in all."""
    try:
        with os.scandir(parent) as entries:
            all_entries = list(entries)
    except OSError:
        return [], 0
    named = (entry for entry in all_entries if entry.name.startswith(PREFIX))
    return sorted(Path(entry) for entry in named if entry.is_dir(follow_symlinks=False)), len(all_entries)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Hold a folder that carries a mark and that no process holds; give whether that is so."""
    try:
        handle = os.open(folder / MARK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        yield False
        return
    try:
        yield _is_left(folder, handle)
    finally:
        os.close(handle)


def _is_left(folder: Path, handle: int) -> bool:
    try:
        _lock(handle)
        content, state = os.read(handle, 1000), os.fstat(handle)
        if not content:  # killed before it was marked: there is nothing else then
            return _is_named(folder) and state.st_uid == os.geteuid() and [*os.listdir(folder)] == [MARK]
        mark = json.loads(content)
        is_here = mark["host"] == platform.node() or time.time() - state.st_mtime > MIN_AGE
        return bool(f"{PREFIX}{mark['token']}" == folder.name and is_here and state.st_uid == os.geteuid())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_named(folder: Path) -> bool:
    """Whether a folder has a name as those here have."""
    return re.fullmatch(re.escape(PREFIX) + "[0-9a-f]{32}", folder.name) is not None


def _lock(handle: int, *, waits: bool = False) -> None:
    """Lock an open file.

    Raises:
        OSError: another process has it, and this one does not wait, or there are no locks.
    """
    if fcntl is None:
        raise OSError("no locks")
    fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))


def _clear(folder: Path) -> None:
    """Remove a marked folder, its mark last. What it had taken from a place that nothing new has filled goes back there; if
    something else has that place by now, nobody can say which is wanted, and all stays.
    """
    with contextlib.suppress(OSError):  # it stays marked, for the next one
        is_taken = (folder / OLD).is_dir() and not (folder / OLD).is_symlink()
        for old in list((folder / OLD).iterdir()) if is_taken else ():
            if os.path.lexists(folder / NEW / old.name):
                if os.path.lexists(folder.parent / old.name):
                    return
                old.rename(folder.parent / old.name)
        for child in folder.iterdir():
            if child.name != MARK:
                shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
        (folder / MARK).unlink(missing_ok=True)
        folder.rmdir()
