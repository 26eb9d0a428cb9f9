"""Databases that commands look at: of every kind."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from plurel_prob.cli.extras import extra
from plurel_prob.cli.output import PlainConsole
from plurel_prob.errors import DatabaseError, shown

if TYPE_CHECKING:
    from plurel_prob.databases import Database
else:
    Database = Any  # imported where it is read: pandas is slow to import

MAX_KNOWN = 400  # characters of the names that there are


def check_tables(database: Database, names: Collection[str]) -> None:
    """Refuse names of tables that a database does not have.

    Raises:
        DatabaseError: there is one; the message names those that there are.
    """
    for name in names:
        if name not in database.tables:
            known = shown(", ".join(database.tables), MAX_KNOWN)
            raise DatabaseError(f"--table {shown(name)}: {database.name} has no such table; it has {known}")


def opened(source: str) -> Database:
    """Read the database that a command looks at, see :func:`plurel_prob.stores.read_database`.

    Raises:
        DatabaseError: it cannot be read, or a package is missing that reads it.
    """
    with extra("sql"), PlainConsole(stderr=True).status("reading"):
        from plurel_prob.stores import read_database

        return read_database(source)
