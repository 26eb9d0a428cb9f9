"""Where stores go: files and folders that are there complete, or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plurel_prob.declared.sources import file_url
from plurel_prob.errors import DatabaseError
from plurel_prob.files import new_file

SCHEMA = "schema.sql"
JOURNALS = ("-wal", "-shm", "-journal", ".wal")  # files beside a database that its next reader would replay
OnTable = Callable[[str], None]


@contextmanager
def new_database(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give the path of a file that becomes the database ``path`` when the block ends well, and vanishes when it does not.

    What is overwritten is a SQLite or DuckDB file, or empty. A journal of that name is neither removed nor left to be replayed
    into the new database: somebody has the old one open, or was killed with it, and the journal has what is missing there.

    Raises:
        DatabaseError: there is something else, or a journal; or it cannot be written.
    """
    with new_file(path, overwrite=overwrite) as new:
        _check_replaced(path)
        yield new
        _check_replaced(path)  # again: it may have taken long


def _check_replaced(path: Path) -> None:
    for journal in (path.with_name(path.name + end) for end in JOURNALS):
        if os.path.lexists(journal):
            what_to_do = "open and close that, move the journal away, or choose another file"
            raise DatabaseError(f"{journal} is left of another database of this name: {what_to_do}")
    if path.exists() and path.stat().st_size and file_url(path) is None:
        raise DatabaseError(
            f"{path} is no SQLite or DuckDB file, so it is not overwritten; choose another place, or move it away"
        )
