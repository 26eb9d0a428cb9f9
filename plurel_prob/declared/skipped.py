"""Statements that are not read: which of them mean nothing to a schema, and which have to be named."""

from plurel_prob.errors import shown

ROUTINES = ("FUNCTION", "PROCEDURE", "PROC", "TRIGGER", "EVENT", "RULE")  # what they do to rows or tables is not read
HARMLESS = {
    *("SET", "RESET", "USE", "COMMENT", "GRANT", "REVOKE", "DENY", "SECURITY", "ANALYZE", "ANALYSE", "VACUUM", "CHECKPOINT"),
    *("INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE", "SELECT", "VALUES", "WITH", "TABLE", "COPY", "TRUNCATE", "EXPORT"),
    *("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "LOCK", "UNLOCK", "DISCARD", "NOTIFY"),
    *("PRAGMA", "ATTACH", "DETACH", "INSTALL", "LOAD", "EXPLAIN", "REINDEX", "OPTIMIZE", "FLUSH", "SHOW", "REFRESH", "CLUSTER"),
    *("DECLARE", "PRINT", "IF", "ELSE", "RAISERROR", "THROW", "WHILE", "RETURN", "WAITFOR", "GO", "LISTEN", "UNLISTEN", "DUMP"),
    *("DROP", "DELIMITER", "DEALLOCATE", "CLOSE", "FETCH", "OPEN", "ENABLE", "DISABLE", "KILL", "BACKUP", "RESTORE", "DBCC"),
}
HARMLESS_OBJECTS = {
    *("VIEW", "INDEX", "SEQUENCE", "SCHEMA", "DATABASE", "ROLE", "USER", "MACRO", "PUBLICATION", "SUBSCRIPTION", "POLICY"),
    *("EXTENSION", "STATISTICS", "SERVER", "COLLATION", "CAST", "OPERATOR", "LANGUAGE", "SYNONYM", "LOGIN", "ASSEMBLY", "TYPE"),
    *("FULLTEXT", "PRIVILEGES", "SECRET", "PARTITION", "AGGREGATE", "TABLESPACE", "WRAPPER", "XML", "CONVERSION", "TRANSFORM"),
    *("TEXT", "ACCESS", "GROUP", "TRANSLATION", "TABLE", "DOMAIN"),
}
HARMLESS_PROCEDURES = {
    *("sp_addextendedproperty", "sp_updateextendedproperty", "sp_dropextendedproperty", "sp_addrole", "sp_addrolemember"),
    *("sp_adduser", "sp_addlogin", "sp_grantdbaccess", "sp_grantlogin", "sp_dboption", "sp_fulltext_database", "sp_configure"),
    *("sp_fulltext_catalog", "sp_fulltext_table", "sp_fulltext_column", "sp_tableoption", "sp_recompile", "sp_updatestats"),
    *("sp_settriggerorder", "sp_dbcmptlevel", "sp_droprolemember", "sp_change_users_login", "sp_addumpdevice", "sp_helpdb"),
}
MOST_LINES = 5


class Skipped:
    """What was not read, by kind, with its lines."""

    def __init__(self) -> None:
        self.lines: dict[str, list[int | None]] = {}

    def add(self, kind: str, line: int | None) -> None:
        """Note one."""
        self.lines.setdefault(kind, []).append(line)

    def notes(self) -> tuple[str, ...]:
        """Kinds in words: how many there are, and the first lines."""
        return tuple(_note(shown(kind), lines) for kind, lines in self.lines.items())


def _note(kind: str, lines: list[int | None]) -> str:
    known = list(dict.fromkeys(line for line in lines if line is not None))
    places = ", ".join(map(str, known[:MOST_LINES])) + (", ..." if len(known) > MOST_LINES else "")
    counted = kind
    if len(lines) > 1:
        counted = kind.replace("statement that begins", "statements that begin", 1).replace("column of", "columns of", 1)
    return f"{len(lines):,} {counted}" + (f" (line{'s' if len(known) > 1 else ''} {places})" if known else "")
