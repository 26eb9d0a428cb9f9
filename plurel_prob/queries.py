"""SQL that came with somebody's database or schema: it sees the tables that it is given, and nothing else.

DuckDB's SQL can write files, read any, and load code. A connection here reaches no file and no network, loads no extension,
knows no variable of Python, and can change none of that.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from plurel_prob.errors import DatabaseError, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
else:
    DuckDBPyConnection = Any  # imported where SQL is run

# the order counts: nothing can be set once the configuration is locked
LOCKED: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,  # a name that is no table would be looked up among our variables
    "temp_directory": "",  # nothing is written; what needs more memory fails
    "memory_limit": "50%",
    "threads": 4,
    "enable_external_access": False,
    "lock_configuration": True,
}
MAX_SECONDS, MAX_ROW = 600, 50_000_000  # of a query
MAX_SHOWN = 200  # characters of what DuckDB has to say


@contextmanager
def locked(tables: Mapping[str, pd.DataFrame]) -> Iterator[DuckDBPyConnection]:
    """Open DuckDB in memory with tables under their names, for SQL that nobody vouches for (see :func:`select`)."""
    import duckdb

    with duckdb.connect(":memory:", config=LOCKED) as connection:
        for name, frame in tables.items():
            if len(frame.columns):  # DuckDB has no table without columns
                connection.register(name, frame)
        yield connection


def select(connection: DuckDBPyConnection, sql: Any, where: object, seconds: float = MAX_SECONDS) -> pd.DataFrame:
    """Run one ``SELECT`` on such a connection.

    Args:
        connection: of :func:`locked`.
        sql: the statement.
        where: it comes from, for messages.
        seconds: that it may take.

    Raises:
        DatabaseError: it is no statement, several, or another one; DuckDB refuses it; it takes too long or makes too many rows.
    """
    import duckdb

    timer = threading.Timer(seconds, connection.interrupt)
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise DatabaseError(f"{where}: must be one SELECT; {shown(sql)!r} is not run")
        timer.start()
        rows = connection.sql(statements[0]).limit(MAX_ROW + 1).df()
    except duckdb.InterruptException:
        raise DatabaseError(f"{where}: stopped after {seconds:g} s; make it simpler, or give the label files") from None
    except (duckdb.Error, TypeError, MemoryError) as error:
        raise DatabaseError(f"{where}: cannot be run: {shown(' '.join(str(error).split()), MAX_SHOWN)}") from None
    finally:
        timer.cancel()
    if len(rows) > MAX_ROW:
        raise DatabaseError(f"{where}: makes more than {MAX_ROW:,} rows")
    return rows
