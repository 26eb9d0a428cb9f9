"""Tasks on disk: a folder each, beside the tables."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from plurel_prob.databases.disk import PROVENANCE, checksums
from plurel_prob.databases.provenance import dumps, read_provenance
from plurel_prob.errors import DatabaseError
from plurel_prob.tasks.autocomplete import autocomplete_tasks
from plurel_prob.tasks.forecast import forecast_tasks
from plurel_prob.tasks.split import SplitDatabase, split_database
from plurel_prob.tasks.task import Task

FOLDER, PARTIAL = "tasks", ".tasks.partial-"
Kind = Literal["autocomplete", "forecast"]


def write_tasks(folder: Path, kind: Kind | None = None) -> list[Task]:
    """Write all tasks of a kind, or of both, into a folder in RelBench format that nobody reads yet, and that has none.

    A forecast task has its label tables, an autocomplete task only a manifest.

    Returns:
        The tasks, without their labels.

    Raises:
        DatabaseError: see :func:`split_database` and :func:`forecast_tasks`.
    """
    database = split_database(folder)
    return [_write(task, folder / FOLDER / task.manifest.name) for task in _tasks(database, kind)]


def add_tasks(path: Path | str, kind: Kind | None = None, *, overwrite: bool = False) -> tuple[list[Task], list[str]]:
    """Write tasks beside the tables of a folder in RelBench format, drawn or real, and note them in a drawn one's provenance.

    All tasks are made before the first appears, complete; others that are in the folder stay as they are.

    Args:
        path: the folder.
        kind: of the tasks, or both.
        overwrite: replace tasks of the same name, which stay otherwise.

    Returns:
        The tasks that were written, without their labels, and the names of those that were there already, and stayed.

    Raises:
        DatabaseError: see :func:`write_tasks`; or the folder cannot be written.
    """
    path = Path(path)
    database, content = split_database(path), _read_provenance(path)
    written, kept = [], []
    try:
        for left in path.glob(f"{PARTIAL}*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=path) as partial:
            for task in _tasks(database, kind):
                name = task.manifest.name
                if overwrite or not (path / FOLDER / name).exists():
                    written.append(_write(task, Path(partial) / "new" / name))
                else:
                    kept.append(name)
            for task in written:
                _move(Path(partial), path / FOLDER / task.manifest.name)
            if content is not None:
                _write_provenance(content, path, Path(partial))
    except OSError as error:
        raise DatabaseError(f"{path}: cannot write tasks there: {error.strerror or error}") from None
    return written, kept


def _tasks(database: SplitDatabase, kind: Kind | None) -> Iterator[Task]:
    if kind != "forecast":
        yield from autocomplete_tasks(database)
    if kind != "autocomplete":
        yield from forecast_tasks(database)


def _write(task: Task, folder: Path) -> Task:
    folder.mkdir(parents=True)
    task.manifest.validate()
    for split, table in task.labels.items():
        table.to_parquet(folder / f"{split}.parquet", index=False)
    task.manifest.save(folder / "manifest.yaml")
    return replace(task, labels={})


def _move(partial: Path, place: Path) -> None:
    """Put a new task in its place; one that is there goes the way of what is partial."""
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        (partial / "old").mkdir(exist_ok=True)
        place.rename(partial / "old" / place.name)
    (partial / "new" / place.name).rename(place)


def _read_provenance(path: Path) -> dict[str, Any] | None:
    """What a drawn database says about itself; None for a real one."""
    if not (path / PROVENANCE).exists():
        return None
    content = read_provenance(path)
    if "files" not in content:
        raise DatabaseError(f"{path / PROVENANCE}: files is missing; draw the database again")
    return content


def _write_provenance(content: dict[str, Any], path: Path, partial: Path) -> None:
    """Note the files of all tasks; what is noted of other files stays, so that damage to them is still found."""
    files = {name: file for name, file in content["files"].items() if not name.startswith(f"{FOLDER}/")}
    if (path / FOLDER).exists():
        files |= {f"{FOLDER}/{name}": file for name, file in checksums(path / FOLDER).items()}
    (partial / PROVENANCE).write_text(dumps(content | {"files": dict(sorted(files.items()))}))
    (partial / PROVENANCE).replace(path / PROVENANCE)
