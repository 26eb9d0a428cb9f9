"""The tasks that a folder has."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from plurel_prob.databases.manifest import MANIFEST, check_database, read_task_manifest, refuse_file
from plurel_prob.errors import DatabaseError
from plurel_prob.files import within

if TYPE_CHECKING:
    from relbench.manifest import TaskManifest
else:
    TaskManifest = Any  # RelBench is slow to import


def manifests_of(folder: Path | str) -> list[TaskManifest]:
    """Manifests of the tasks of a folder in RelBench format, by name.

    Raises:
        DatabaseError: there is no such database, or a manifest is broken; the message names it.
    """
    folder = Path(folder)
    check_database(folder)
    refuse_file(folder)
    if not (folder / MANIFEST).exists():
        raise DatabaseError(f"{folder}: has no manifest.yaml; tasks are in folders in RelBench format")
    files = sorted((folder / "tasks").glob(f"*/{MANIFEST}"))
    return [read_task_manifest(within(folder, file.relative_to(folder).as_posix())) for file in files]
