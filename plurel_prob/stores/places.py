"""Where stores go: files and folders that are there complete, or not at all."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plurel_prob.databases import DatabaseError
from plurel_prob.databases.disk import MANIFEST, check_free, new_folder

SCHEMA = "schema.sql"
OnTable = Callable[[str], None]


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give the path of a file that becomes ``path`` when the block ends well, and vanishes when it does not."""
    check_free(path, overwrite=overwrite)
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder; give the path of a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.partial-", dir=path.parent) as folder:
            partial = Path(folder) / path.name
            yield partial
            partial.replace(path)
    except OSError as error:
        raise DatabaseError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def new_store(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary folder that becomes ``path`` when the block ends well. Only an empty folder, or one that holds tables, is
    overwritten.
    """
    if path.exists() and overwrite:
        is_store = path.is_dir() and ((path / MANIFEST).exists() or (path / SCHEMA).exists() or not any(path.iterdir()))
        if not is_store:
            raise DatabaseError(f"{path} is no folder of tables, so it is not overwritten; choose another place")
    with new_folder(path, overwrite=overwrite) as folder:
        yield folder


def file_of(folder: Path, table: str, suffix: str) -> Path:
    """File of a table.

    Raises:
        DatabaseError: its name cannot be that of a file.
    """
    if not table or table.startswith(".") or any(mark in table for mark in "/\\\0"):
        raise DatabaseError(f"{folder.name}: {table!r} cannot be the name of a file; rename the table")
    return folder / f"{table}{suffix}"


def is_sqlite(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    return path.is_file() and _head(path)[:16] == b"SQLite format 3\0"


def is_duckdb(path: Path) -> bool:
    """Whether a file is a DuckDB database."""
    return path.is_file() and _head(path)[8:12] == b"DUCK"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)
