"""Files and folders that appear complete, or not at all; what they replace is there until then.

They are made in a marked folder beside their place (:mod:`plurel_prob.files.marks`). A file takes its place by one rename, as
does a folder where there is none. A folder that replaces another changes places with it at once where the system can do that
(Linux, macOS); elsewhere by two renames, and the next one to write there brings back what a process killed between them had taken
away.
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plurel_prob.errors import DatabaseError, reason
from plurel_prob.files.marks import NEW, OLD, marked_folder, tidy_in_passing
from plurel_prob.files.records import PROVENANCE, RECORD, check_ours, read_record, write_record

AT_FDCWD, RENAME_EXCHANGE, RENAME_SWAP = -100, 2, 2  # of Linux and macOS


def check_folder(path: Path, *, overwrite: bool) -> None:
    """Refuse to write a folder where there is something that may not be removed.

    Raises:
        DatabaseError: the folder exists and is not to be overwritten, or something in it was not written by us.
    """
    _check_free(path, overwrite=overwrite)
    check_ours(path)


def _check_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise DatabaseError(f"{path} exists; choose another place, or overwrite it (--overwrite)")


@contextmanager
def new_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give an empty folder that becomes ``path`` when the block ends well, and vanishes when it does not.

    Where ``path`` is a link, the folder that it leads to is meant. It gets a list of its files, unless it has one. A folder is
    overwritten if it is empty, or if all that it holds, at any depth, is in such a list.

    Raises:
        DatabaseError: ``path`` exists and may not be overwritten, or cannot be written.
    """
    place = Path(os.path.realpath(path))
    with _telling(path), _placing(place) as new:
        check_folder(path, overwrite=overwrite)
        new.mkdir()
        yield new
        if not (new / PROVENANCE).exists():
            write_record(new / RECORD, [name.relative_to(new).as_posix() for name in new.rglob("*") if not name.is_dir()])
        check_folder(path, overwrite=overwrite)  # again: it may have taken long
        put(new, place)


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give the path of a file that becomes ``path`` when the block ends well, and vanishes when it does not.

    Raises:
        DatabaseError: ``path`` exists and may not be overwritten, or cannot be written.
    """
    with _telling(path):
        _check_free(path, overwrite=overwrite)
        if path.is_symlink() and not overwrite:
            raise DatabaseError(f"{path} is a link that leads nowhere; choose another place, or overwrite the link")
        with whole_file(path) as new:
            yield new


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the path of a file that replaces ``path``, be it a link, when the block ends well, and vanishes when it does not.

    Raises:
        DatabaseError: there is a folder or a device.
        OSError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        raise DatabaseError(f"{path} is {'a folder' if path.is_dir() else 'no file'}; give the path of a file")
    with _placing(path) as new:
        yield new
        put(new, path)


def add_to_record(folder: Path, names: Iterable[str]) -> None:
    """Add names to the list of what was written into a folder, if it has one."""
    known = read_record(folder)
    if known is not None:
        with whole_file(folder / RECORD) as new:
            write_record(new, known | set(names))


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseError(f"cannot write {path}: {reason(error)}") from None


@contextmanager
def _placing(place: Path) -> Iterator[Path]:
    """Give a path of the same name in a marked folder beside."""
    Path(os.path.realpath(place.parent)).mkdir(parents=True, exist_ok=True)  # a link may lead to a folder that is not there
    with placing(place.parent) as new:
        yield new / place.name


@contextmanager
def placing(parent: Path) -> Iterator[Path]:
    """Give a folder for what will be put into ``parent`` under the same name, see :func:`put`; the rest is removed afterwards."""
    tidy_in_passing(parent)
    with marked_folder(parent) as folder:
        (folder / NEW).mkdir()
        yield folder / NEW


def put(new: Path, place: Path) -> None:
    """Let what is complete take its place. What was there is in the marked folder then, and goes with it."""
    if not (new.is_dir() and place.exists()):
        new.replace(place)
    elif not _exchange(new, place):
        old = new.parent.parent / OLD
        old.mkdir(exist_ok=True)
        place.rename(old / place.name)
        new.rename(place)


def _exchange(a: Path, b: Path) -> bool:
    """Let two paths change places at once; return whether they did: not every system and file system can."""
    if sys.platform not in ("linux", "darwin"):
        return False
    libc, names = ctypes.CDLL(None, use_errno=True), (os.fsencode(a), os.fsencode(b))
    try:
        if sys.platform == "linux":
            failed = libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)
        else:
            failed = libc.renamex_np(*names, RENAME_SWAP)
    except AttributeError:  # a C library without it
        return False
    return not failed
