"""Schemas from wherever they are declared."""

from pathlib import Path

from plurel_prob.databases.disk import MANIFEST
from plurel_prob.declared.schema import DeclaredSchema
from plurel_prob.errors import DatabaseError


def is_sqlite(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    return _head(path).startswith(b"SQLite format 3\0")


def is_duckdb(path: Path) -> bool:
    """Whether a file is a DuckDB database."""
    return _head(path)[8:12] == b"DUCK"


def file_url(path: Path) -> str | None:
    """URL of a file of SQLite or DuckDB; None if it is neither."""
    kind = "sqlite" if is_sqlite(path) else "duckdb" if is_duckdb(path) else None
    return None if kind is None else f"{kind}:///{path.absolute()}"


def declared_of(source: str | Path, dialect: str | None = None, *, ignore_unsupported: bool = False) -> DeclaredSchema:
    """Schema of a database by its URL, of a file of SQLite or DuckDB, of a folder in RelBench format, or of a file of SQL.

    Args:
        source: URL for SQLAlchemy, or path.
        dialect: of a file of SQL; see ``read_ddl``.
        ignore_unsupported: leave constraints out that cannot be honoured; they are the schema's ``ignored``.

    Raises:
        DatabaseError: there is no such source, or its schema cannot be read.
    """
    from plurel_prob.declared.ddl import read_ddl
    from plurel_prob.declared.folders import declare_relbench
    from plurel_prob.declared.live import reflect

    if "://" in str(source):
        return reflect(str(source), ignore_unsupported=ignore_unsupported)
    path = Path(source)
    if path.is_dir():
        if not (path / MANIFEST).exists():
            raise DatabaseError(f"{path}: has no {MANIFEST}; give a folder in RelBench format, a database or a file of SQL")
        return declare_relbench(path)
    url = file_url(path)
    if url is not None:
        return reflect(url, ignore_unsupported=ignore_unsupported)
    return read_ddl(path, dialect, ignore_unsupported=ignore_unsupported)


def _head(path: Path) -> bytes:
    """First bytes, which tell what a file is; none if it cannot be read, which is for its reader to say."""
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""
