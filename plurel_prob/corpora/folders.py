"""Which databases of a folder are complete, and who writes into it."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plurel_prob.databases import DatabaseError
from plurel_prob.databases.disk import PROVENANCE, reading
from plurel_prob.priors import Prior

LEFTOVERS = (".plurel-*.partial-*", ".plurel-*.old-*")  # of runs that were killed


@contextmanager
def writing(out: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Make a folder and keep other runs from writing into it meanwhile; remove what killed runs have left there.

    The operating system lifts the lock when the process ends, however it ends. There is none on Windows, nor on file systems
    that know no locks.

    Args:
        out: the folder.
        is_shared: let other shards of the same databases write there, too. What is left of killed runs stays while they do.

    Raises:
        DatabaseError: another run writes there, or the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".plurel-prob-probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DatabaseError(f"--out {out}: cannot write there: {error.strerror}") from None
    lock = _lock(out, is_shared)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder: Path, is_shared: bool) -> int | None:
    """Lock a folder, alone to tidy up, then with other shards if it is shared; return the open folder that holds the lock."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in leftovers_in(folder):
                shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            if not is_shared:
                raise
        if is_shared:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DatabaseError(f"--out {folder}: another run is writing there; wait for it, or use another --out") from None
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    return handle


def leftovers_in(path: Path) -> list[Path]:
    """What killed runs have left in a folder of databases."""
    return sorted(folder for pattern in LEFTOVERS for folder in path.glob(pattern))


def left_to_draw(out: Path, seeds: Iterable[int], prior: Prior) -> list[int]:
    """Seeds whose databases are not yet in the folder.

    Raises:
        DatabaseError: a folder of that name is not complete, or holds another database.
    """
    return [seed for seed in seeds if not _is_complete(out / f"plurel-{seed}", seed, prior)]


def _is_complete(path: Path, seed: int, prior: Prior) -> bool:
    if not path.exists():
        return False
    content = read_provenance(path)
    problems = [*missing_files(path, content)]
    if problems:
        raise DatabaseError(f"{path / problems[0]}; use --overwrite, or delete {path}: it is drawn again then")
    same = content["fingerprint"] == prior.fingerprint and content["seed"] == seed
    if not same or content["given"] or content["by_hand"]:
        raise DatabaseError(f"{path} exists and was drawn from another prior; use --overwrite to replace, or another --out")
    return True


def read_provenance(path: Path) -> dict[str, Any]:
    """What a database says about its origin and its files.

    Raises:
        DatabaseError: it says nothing, or not enough.
    """
    hint = f"is {path} a folder that `plurel-prob sample` wrote?"
    with reading(path / PROVENANCE, hint):
        content = json.loads((path / PROVENANCE).read_text())
        missing = {"fingerprint", "seed", "given", "by_hand", "files"} - set(content)
    if missing:
        raise DatabaseError(
            f"{path / PROVENANCE}: has no {sorted(missing)[0]!r}; it was written by an earlier version: draw it again"
        )
    return content


def missing_files(path: Path, content: dict[str, Any]) -> Iterator[str]:
    """Files of a database that are missing or have another size, with what is wrong."""
    for name, file in content["files"].items():
        if not (path / name).is_file():
            yield f"{name}: is missing"
        elif (size := (path / name).stat().st_size) != file["bytes"]:
            yield f"{name}: has {size:,} bytes instead of {file['bytes']:,}"
