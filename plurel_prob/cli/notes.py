"""What stands beside a store: what it was drawn with, so that a run that goes on knows it.

The note is there before the store is, so no store is ever without one. Where a store is replaced, the note has the checksum of
the one that is there until then, and what that was drawn with.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plurel_prob.documents import read_json
from plurel_prob.errors import DatabaseError, reason
from plurel_prob.files import whole_file

REPLACED = "replaces"


def note_of(target: Path) -> Path:
    """File beside a store that says what it was drawn with."""
    return target.with_name(f"{target.name}.plurel_prob.json")


def origin_noted(target: Path) -> dict[str, Any] | None:
    """What a store was drawn with; None if nobody knows."""
    note = _read(target)
    replaced = (note or {}).pop(REPLACED, None)
    if isinstance(replaced, dict) and replaced.get("sha256") == _digest(target):  # a run was killed before it replaced it
        origin = replaced.get("origin")
        return origin if isinstance(origin, dict) else None
    return note


@contextmanager
def noted(target: Path | str, origin: dict[str, Any]) -> Iterator[None]:
    """Note what a store is drawn with that appears in the block; of a database by its URL nothing is noted.

    Raises:
        DatabaseError: the note cannot be written, or something else has its name.
    """
    if not isinstance(target, Path):
        yield
        return
    note = note_of(target)
    if note.exists() and _read(target) is None:
        raise DatabaseError(f"{note}: is no note of what a store was drawn with; move it away")
    old = {"sha256": _digest(target), "origin": origin_noted(target)} if target.exists() else None
    _write(note, origin if old is None else origin | {REPLACED: old})
    try:
        yield
    except BaseException:
        if not target.exists():
            note.unlink(missing_ok=True)
        raise
    if old is not None:
        _write(note, origin)


def _read(target: Path) -> dict[str, Any] | None:
    try:
        content = read_json(note_of(target))
    except DatabaseError:
        return None
    return content if isinstance(content, dict) and "fingerprint" in content else None


def _write(note: Path, content: dict[str, Any]) -> None:
    try:
        with whole_file(note) as new:
            new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DatabaseError(f"cannot write {note}: {reason(error)}") from None


def _digest(target: Path) -> str:
    """SHA-256 of a file, or of the files of a folder with their names."""
    from plurel_prob.databases.disk import checksums, sha256

    return hashlib.sha256(json.dumps(checksums(target)).encode()).hexdigest() if target.is_dir() else sha256(target)
