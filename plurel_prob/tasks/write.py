"""Tasks on disk: a folder each, beside the tables."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from plurel_prob.databases.disk import PROVENANCE, checksums
from plurel_prob.databases.manifest import MANIFEST, read_task_manifest, refuse_file, write_manifest
from plurel_prob.databases.provenance import dumps, read_provenance
from plurel_prob.errors import DatabaseError, reason
from plurel_prob.files import add_to_record, check_no_link, files_below, placing, put, whole_file, within
from plurel_prob.tasks.autocomplete import autocomplete_tasks
from plurel_prob.tasks.forecast import forecast_tasks
from plurel_prob.tasks.split import SplitDatabase, split_database
from plurel_prob.tasks.task import PARTS, Task

FOLDER = "tasks"
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
        overwrite: replace tasks of the same name, which stay otherwise, unless there are other files with them.

    Returns:
        The tasks that were written, without their labels, and the names of those that were there already, and stayed.

    Raises:
        DatabaseError: see :func:`write_tasks`; or the folder cannot be written.
    """
    path = Path(path)
    refuse_file(path)
    database, content = split_database(path), _read_provenance(path)
    written, kept, noted = list[Task](), list[str](), list[str]()
    try:
        with _new_tasks(path / FOLDER) as new:
            for task in _tasks(database, kind):
                name = task.manifest.name
                if overwrite or not (path / FOLDER / name).exists():
                    _check_replaced(path, name)
                    written.append(_write(task, new / name))
                    noted.append(name)
                else:
                    kept.append(name)
                    noted += [name] if _is_alike(task, path) else []  # a run that was killed had not noted it
            for task in written:
                put(new / task.manifest.name, path / FOLDER / task.manifest.name)
        _note(content, path, noted)
    except OSError as error:
        raise DatabaseError(f"{path}: cannot write tasks there: {reason(error)}") from None
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
    write_manifest(task.manifest, folder / MANIFEST)
    return replace(task, labels={})


@contextmanager
def _new_tasks(folder: Path) -> Iterator[Path]:
    """Give a folder for new tasks beside those that are there."""
    check_no_link(folder)
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        with placing(folder) as new:
            yield new
    finally:
        with suppress(OSError):  # it has tasks
            if is_new:
                folder.rmdir()


def _check_replaced(path: Path, task: str) -> None:
    """Refuse to replace a task that has files which no task has.

    Raises:
        DatabaseError: it has; the message names one.
    """
    for name in files_below(path, f"{FOLDER}/{task}"):
        if name.removeprefix(f"{FOLDER}/{task}/") not in PARTS:
            raise DatabaseError(f"{path / name} is no part of a task, so the task is not overwritten; move the file away")


def _is_alike(task: Task, path: Path) -> bool:
    """Whether a task that is there is the one that would be written."""
    try:
        return bool(read_task_manifest(within(path, f"{FOLDER}/{task.manifest.name}/{MANIFEST}")) == task.manifest)
    except DatabaseError:
        return False


def _read_provenance(path: Path) -> dict[str, Any] | None:
    """What a drawn database says about itself; None for a real one."""
    if not (path / PROVENANCE).exists():
        return None
    content = read_provenance(path)
    if "files" not in content:
        raise DatabaseError(f"{path / PROVENANCE}: files is missing; draw the database again")
    return content


def _note(content: dict[str, Any] | None, path: Path, tasks: list[str]) -> None:
    """Note the files of tasks in the list of what was written into a folder, if it has one. What is noted of other files stays,
    so that damage to them is still found.
    """
    found = {f"{FOLDER}/{task}/{name}": file for task in tasks for name, file in checksums(path / FOLDER / task).items()}
    files = {name: file for name, file in found.items() if name.rpartition("/")[2] in PARTS}
    if content is None:
        add_to_record(path, files)
        return
    replaced = tuple(f"{FOLDER}/{task}/" for task in tasks)
    files |= {name: file for name, file in content["files"].items() if not name.startswith(replaced)}
    with whole_file(path / PROVENANCE) as partial:
        partial.write_text(dumps(content | {"files": dict(sorted(files.items()))}), encoding="utf-8")
