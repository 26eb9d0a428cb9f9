"""Names of tables as names of files, on whatever disk a folder is copied to."""

import os
import re
import unicodedata
from collections.abc import Iterable

from plurel_prob.errors import DatabaseError, shown

DEVICE = re.compile(r"(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]) *(\..*)?", re.IGNORECASE)  # names that Windows keeps for these
PARTING = '/\\<>:"|?*' if os.name == "nt" else "/\\"
MAX_BYTE = 255  # of a name, on the file systems in use


def check_names(tables: Iterable[str], suffix: str, where: str) -> None:
    """Refuse names of tables that cannot be those of files in one folder.

    Args:
        tables: their names.
        suffix: that follows in the name of a file.
        where: the tables come from, for messages.

    Raises:
        DatabaseError: there is such a name, or two that are one file where letters' case does not count.
    """
    seen: dict[str, str] = {}
    for table in tables:
        problem = _problem(table, suffix)
        if problem:
            raise DatabaseError(f"{where}: table {shown(table)!r} cannot be the name of a file: it {problem}; rename the table")
        folded = unicodedata.normalize("NFC", table).casefold()
        if folded in seen:
            same = f"{shown(seen[folded])} and {shown(table)}"
            raise DatabaseError(f"{where}: tables {same} are one file on disks that do not tell letters' case; rename one")
        seen[folded] = table


def _problem(table: str, suffix: str) -> str | None:
    """What is wrong with a name."""
    if not table:
        return "is empty"
    if table.startswith("."):
        return "begins with a dot, as hidden files do"
    for mark in table:
        if mark in PARTING or unicodedata.category(mark) == "Cc":
            return f"has the character {mark if mark in PARTING else repr(mark)}"
    if DEVICE.fullmatch(f"{table}{suffix}"):
        return "is that of a device on Windows"
    try:
        n_byte = len(os.fsencode(f"{table}{suffix}"))
    except UnicodeEncodeError as error:
        return f"has characters that names of files have not here, in {error.encoding} (PYTHONUTF8=1 makes that UTF-8)"
    return f"has {n_byte} bytes with {suffix}, of {MAX_BYTE} at most" if n_byte > MAX_BYTE else None
