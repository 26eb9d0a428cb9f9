"""Numbers of rows that ``plurel-prob sample --rows`` asks for."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from plurel_prob.errors import DatabaseError, bounded_int, shown

if TYPE_CHECKING:
    from plurel_prob.declared import DeclaredSchema
else:
    DeclaredSchema = Any  # needs an extra

LENT = "source"  # rows that the database of the schema has


def rows_asked(requests: Sequence[str], source: str | None, schema: DeclaredSchema | None) -> dict[str, int]:
    """Numbers of rows by table, from requests such as ``users=1000``, or ``source``.

    No table is drawn without rows: tables that are empty in the source get one, and are named on standard error.

    Raises:
        DatabaseError: a request is of another form, or there is no database that has rows.
    """
    from plurel_prob.priors.stages import MAX_ROW

    found, given = dict[str, int](), dict[str, int]()
    for request in requests:
        if schema is None or source is None:
            raise DatabaseError(f"--rows {request}: needs the tables of a --schema; --rows-scale multiplies those of drawn ones")
        table, sign, number = request.rpartition("=")
        if request == LENT:
            from plurel_prob.drawing import lent_rows

            found = lent_rows(source, schema)
        elif table in given:
            raise DatabaseError(f"--rows {request}: {table} has {given[table]} rows already; give each table once")
        elif sign and number.isdecimal():
            n = bounded_int(number, MAX_ROW)
            if n is None:
                raise DatabaseError(f"--rows {shown(request)}: a table has {MAX_ROW:,} rows at most")
            given[table] = n
        else:
            raise DatabaseError(
                f"--rows {request}: write TABLE=N with a whole number, such as users=1000; or {LENT}, for those of the database"
            )
    for name in [name for name, n in found.items() if n == 0 and name not in given]:
        print(f"--rows {LENT}: {shown(name)} is empty there, and gets one row: no table is drawn without any", file=sys.stderr)
        found[name] = 1
    return found | given
