"""Where stores go: files and folders that are there complete, or not at all."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plurel_prob.databases.disk import LATENTS, MANIFEST, PROVENANCE, check_free, new_folder
from plurel_prob.errors import DatabaseError

SCHEMA = "schema.sql"
JOURNALS = ("-wal", "-shm", "-journal", ".wal")  # files beside a database that its next reader would replay
PARTS = {MANIFEST, SCHEMA, "db", "tasks", "README.md", "croissant.json", LATENTS, PROVENANCE}  # of a folder of tables
OnTable = Callable[[str], None]


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give the path of a file that becomes ``path`` when the block ends well, and vanishes when it does not."""
    check_free(path, overwrite=overwrite)
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder; give the path of a file")
    leftovers = [left for left in (path.with_name(path.name + end) for end in JOURNALS) if left.exists()]
    if leftovers and not overwrite:
        raise DatabaseError(f"{leftovers[0]} is left of another database of this name; choose another file, or overwrite it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.partial-", dir=path.parent) as folder:
            partial = Path(folder) / path.name
            yield partial
            for left in leftovers:
                left.unlink()
            partial.replace(path)
    except OSError as error:
        raise DatabaseError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def new_store(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary folder that becomes ``path`` when the block ends well. Only an empty folder, or one that holds tables, is
    overwritten.
    """
    if path.exists() and overwrite:
        others = [] if not path.is_dir() else [part for part in path.iterdir() if part.name not in PARTS and not _is_table(part)]
        if not path.is_dir() or others:
            raise DatabaseError(f"{path} is no folder of tables, so it is not overwritten; choose another place")
    with new_folder(path, overwrite=overwrite) as folder:
        yield folder


def _is_table(path: Path) -> bool:
    return path.is_file() and path.suffix in (".csv", ".parquet")


def file_of(folder: Path, table: str, suffix: str) -> Path:
    """File of a table.

    Raises:
        DatabaseError: its name cannot be that of a file.
    """
    if not table or table.startswith(".") or any(mark in table for mark in "/\\\0"):
        raise DatabaseError(f"{folder.name}: {table!r} cannot be the name of a file; rename the table")
    return folder / f"{table}{suffix}"
