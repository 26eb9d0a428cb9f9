"""Lists of what was written into a folder, which lie in it: nothing else in it is ours to remove."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from plurel_prob.documents import read_json
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.files.inside import within
from plurel_prob.files.marks import tidy

PROVENANCE = "plurel_prob.json"  # of a drawn database: has such a list, with checksums, under "files"
RECORD = ".plurel_prob_files.json"  # of any other folder


def write_record(path: Path, names: Iterable[str]) -> None:
    """Write a list."""
    path.write_text(json.dumps({"files": sorted(names)}, indent=1) + "\n", encoding="utf-8")


def read_record(folder: Path) -> set[str] | None:
    """The list of a folder that is no drawn database; None if it has none."""
    return _listed(folder / RECORD)


def check_ours(folder: Path) -> None:
    """Refuse to remove a folder with anything in it, at any depth, that no run wrote there; one that is not there passes.

    Raises:
        DatabaseError: there is something else; the message names it.
    """
    if not folder.exists():
        return
    what_to_do = "so it is not overwritten; choose another place, or move it away"
    if not folder.is_dir():
        raise DatabaseError(f"{folder} is no folder of tables, {what_to_do}")
    listed = [_listed(folder / name) for name in (PROVENANCE, RECORD)]
    known = {PROVENANCE, RECORD}.union(*(names for names in listed if names is not None))
    tidy(folder)
    if any(folder.iterdir()) and listed == [None, None]:
        raise DatabaseError(f"{folder} is no folder of tables that has a list of what was written ({PROVENANCE}), {what_to_do}")
    for where, _, _ in os.walk(folder):
        tidy(Path(where))
    above = {"db", "tasks", *(parent.as_posix() for name in known for parent in Path(name).parents)}
    for where, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            path = Path(where, name)
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink() or inside not in (above if name in folders else known):
                other = f"{folder} is no folder of tables alone: {shown(inside)} was not written with them"
                raise DatabaseError(f"{other}, {what_to_do}")


def _listed(path: Path) -> set[str] | None:
    """Names in a list; None if there is none, or it cannot be read."""
    try:
        content = read_json(within(path.parent, path.name))
    except DatabaseError:
        return None
    names = content.get("files") if isinstance(content, dict) else None
    return set(map(str, names)) if isinstance(names, dict | list) else None
