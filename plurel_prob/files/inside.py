"""Paths within a folder, whose names come from files there: none leads out of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from plurel_prob.errors import DatabaseError, reason, shown


def within(folder: Path, name: str) -> Path:
    """Path of a file below a folder, by its name there, parts separated by ``/``. It need not exist.

    No part may be a link, wherever it leads. Only the cache of the Hugging Face Hub, which has nothing but links, may have them
    to its own blobs.

    Raises:
        DatabaseError: the name leads out of the folder, a part of the path is a link, or there is something else than a file.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") or PurePath(part).name != part or "\0" in part for part in parts):
        raise DatabaseError(f"{folder}: {shown(name)} is no name of a file in this folder, so it is not read")
    path = folder
    try:
        for part in parts:
            path /= part
            if path.is_symlink() and not _is_cached(folder, path):
                raise DatabaseError(f"{path}: is a link, which is not followed; put the file itself there")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return path
    except (OSError, UnicodeEncodeError) as error:
        raise DatabaseError(f"{folder}: {shown(name)}: cannot be read: {reason(error)}") from None
    if not stat.S_ISREG(mode):
        raise DatabaseError(f"{path}: is no file")
    return path


def check_no_link(path: Path) -> None:
    """Refuse to write where a link leads that stands in a folder of ours.

    Raises:
        DatabaseError: there is a link.
    """
    if path.is_symlink():
        raise DatabaseError(f"{path}: is a link, which is not followed; remove it, or choose another place")


def _is_cached(folder: Path, path: Path) -> bool:
    """Whether a link is one of a cache of the Hub to its blobs, from ``repo/snapshots/revision/...`` to ``repo/blobs``."""
    real = folder.resolve()
    repos = [parent.parent.parent for parent in (real, *real.parents) if parent.parent.name == "snapshots"]
    return any(path.resolve().parent == repo / "blobs" for repo in repos)


def files_below(folder: Path, part: str) -> Iterator[str]:
    """Names in a folder of all files below a part of it, sorted; none if there is no such part.

    Raises:
        DatabaseError: there is a link, or something else than files and folders; see :func:`within`.
    """
    if (folder / part).is_symlink():
        within(folder, part)
    names = [
        Path(where, name).relative_to(folder).as_posix()
        for where, folders, files in os.walk(folder / part)
        for name in [*files, *(name for name in folders if Path(where, name).is_symlink())]
    ]
    for name in sorted(names):
        within(folder, name)
        yield name


def check_apart(source: Path, target: Path) -> None:
    """Refuse a target that is the source of what is written there, holds it, or lies in it.

    Raises:
        DatabaseError: it does.
    """
    a, b = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    how = "is" if a == b else "holds" if b in a.parents else "lies in" if a in b.parents else None
    if how is not None:
        raise DatabaseError(f"{target} {how} {source}, which is read; choose another place")
