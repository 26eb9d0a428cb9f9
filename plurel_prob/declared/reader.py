"""What each statement says of a schema."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from plurel_prob.declared.alter import alter_table
from plurel_prob.declared.blocks import block_statements, body_of
from plurel_prob.declared.create import Tables, create_table
from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.drafts import CheckDraft
from plurel_prob.declared.key_parts import read_nulls, read_unique
from plurel_prob.declared.skipped import HARMLESS, HARMLESS_OBJECTS, HARMLESS_PROCEDURES, ROUTINES
from plurel_prob.declared.statements import object_kind, split_statements
from plurel_prob.declared.text import Sql, Token, read_text
from plurel_prob.declared.user_types import add_type, alter_type, create_domain, create_type
from plurel_prob.errors import MAX_SHOWN, DatabaseError

INCLUDE = re.compile(r"(?:\\ir?|\\include(?:_relative)?|\\\.|SOURCE|\.read|:r)[ \t]++(.++)", re.I)
STATEMENT = re.compile(r"\s*+(?:CREATE|ALTER|DROP|IF|DECLARE|BEGIN)\b", re.I)
MOST_DEEP = 20  # statements within statements, or files within files


@dataclass
class Reader:
    """Reads statements into tables.

    Attributes:
        tables: what has been declared so far.
        folder: of the file; files within it may be included.
        seen: files that have been read.
        depth: of statements within statements.
    """

    tables: Tables = field(default_factory=Tables)
    folder: Path | None = None
    seen: set[Path] = field(default_factory=set)
    depth: int = 0

    def read(self, sql: Sql) -> None:
        """Read all statements of a text.

        Raises:
            DatabaseError: one cannot be understood, or has a constraint that cannot be honoured.
        """
        self.depth += 1
        if self.depth > MOST_DEEP:
            sql.fail(0, "statements are nested too deeply")
        for tokens in split_statements(sql):
            self.statement(Cursor(sql, tokens, ""))
        self.depth -= 1

    def statement(self, cursor: Cursor) -> None:
        """Read a statement, or note that it is skipped."""
        first = cursor.tokens[0]
        word = first.text.upper() if first.kind == "word" else ""
        if first.kind == "command":
            self._include(cursor, first)
        elif word in ("CREATE", "ALTER", "DROP"):
            self._define(cursor, word)
        elif word in ("SET", "USE"):
            self.tables.schema = _schema(cursor) or self.tables.schema
        elif word == "DO":
            self._block(cursor)
        elif word in ("EXEC", "EXECUTE") or (word.startswith("SP_") and cursor.sql.dialect == "sqlserver"):
            self._execute(cursor)
        elif word not in HARMLESS and not (first.kind == "symbol" and first.text in "()"):
            self._skip(cursor, f"statement that begins with {first.text[:MAX_SHOWN]}")

    def _skip(self, cursor: Cursor, kind: str) -> None:
        self.tables.skipped.add(kind, cursor.line)

    def _define(self, cursor: Cursor, verb: str) -> None:
        """Read CREATE, ALTER or DROP."""
        tables, kind = self.tables, object_kind(cursor.tokens)
        start = replace(cursor)
        cursor.take()
        if verb == "DROP":
            _drop_tables(cursor, tables)
        elif kind == "TABLE":
            (create_table if verb == "CREATE" else alter_table)(cursor, tables)
        elif kind == "INDEX" and verb == "CREATE":
            _create_index(cursor, tables)
        elif kind == "DOMAIN" and verb == "CREATE":
            create_domain(cursor, tables)
        elif kind == "TYPE":
            (create_type if verb == "CREATE" else alter_type)(cursor, tables)
        elif kind == "SCHEMA" and verb == "CREATE" and cursor.accept("SCHEMA"):
            self._elements(cursor)
        elif kind == "VIEW":
            _note_view(cursor, tables)
        elif kind in ROUTINES:
            if verb == "CREATE":
                self._skip(start, f"CREATE {kind.replace('PROC', 'PROCEDURE') if kind == 'PROC' else kind}")
        elif kind == "DOMAIN" and any(token.is_word("CHECK", "NOT", "DEFAULT") for token in cursor.tokens):
            self._skip(start, "ALTER DOMAIN")
        elif kind not in HARMLESS_OBJECTS:
            self._skip(start, f"{verb} {cursor.tokens[1].text.upper()}" if len(cursor.tokens) > 1 else verb)

    def _elements(self, cursor: Cursor) -> None:
        """Read CREATE SCHEMA, and the tables that it has as its elements."""
        cursor.accept("IF", "NOT", "EXISTS")
        name = "" if cursor.one_of("AUTHORIZATION") else cursor.qualified()[1]
        if cursor.accept("AUTHORIZATION"):
            owner = cursor.name()
            name = name or owner
        before, self.tables.schema = self.tables.schema, name
        while cursor:
            start = cursor.at
            cursor.take()
            while cursor and not cursor.one_of("CREATE", "GRANT", "ALTER"):
                if cursor.symbol("("):
                    cursor.group()
                else:
                    cursor.take()
            if cursor.tokens[start].is_word("CREATE", "GRANT", "ALTER"):
                self.statement(replace(cursor, tokens=cursor.tokens[start : cursor.at], at=0))
        self.tables.schema = before

    def _include(self, cursor: Cursor, command: Token) -> None:
        """Read a file that a command names, if it is in the folder of this one; all other commands mean nothing."""
        match = INCLUDE.fullmatch(command.text)
        if match is None:
            return
        name = match.group(1).strip().rstrip(";").strip("'\"")
        path = self._included(cursor.sql, name)
        if path is None:
            self._skip(cursor, f"included file {name}, which is none in the folder of this one")
        elif path in self.seen or self.depth >= MOST_DEEP:
            self._skip(cursor, f"included file {name}, which is read already")
        else:
            self.seen.add(path)
            self.read(Sql(str(path), read_text(path), cursor.sql.dialect, is_included=True))

    def _included(self, sql: Sql, name: str) -> Path | None:
        """File of a name in the folder of the file that includes it, or of the first one; never outside of that one."""
        if self.folder is None:
            return None
        root = self.folder.resolve()
        paths = [(folder / name).resolve() for folder in (Path(sql.source).parent, root)]
        return next((path for path in paths if path.is_relative_to(root) and path.is_file()), None)

    def _block(self, cursor: Cursor) -> None:
        """Read what a block of PL/pgSQL says of tables."""
        cursor.take()
        bodies = [token for token in cursor.tokens if token.kind == "string"]
        languages = [b for a, b in zip(cursor.tokens, cursor.tokens[1:], strict=False) if a.is_word("LANGUAGE")]
        if len(bodies) != 1 or any(language.text.lower() != "plpgsql" for language in languages):
            self._skip(cursor, "DO")
            return
        body = body_of(cursor.sql, bodies[0])
        for inner, is_run in block_statements(body):
            kind, line = object_kind(inner.tokens), body.line(inner.tokens[0].start)
            if is_run and (kind in ("TABLE", "INDEX", "TYPE", "DOMAIN", "SCHEMA") or inner.one_of("EXECUTE", "DROP")):
                self.statement(inner)
            elif kind in ("TABLE", "TYPE", "DOMAIN") or inner.one_of("EXECUTE"):
                what = f"{inner.tokens[0].text.upper()} {kind}".strip()
                self.tables.skipped.add(f"{what} that may not be run in DO", line)

    def _execute(self, cursor: Cursor) -> None:
        """Read a statement that is a string, or ``sp_addtype``."""
        start = replace(cursor)
        if cursor.one_of("EXEC", "EXECUTE"):
            cursor.take()
        strings = [token for token in cursor.tokens[cursor.at :] if token.kind == "string"]
        procedure = cursor.qualified()[1].lower() if cursor and cursor.tokens[cursor.at].kind in ("word", "quoted") else ""
        if procedure == "sp_addtype":
            add_type(cursor, strings, self.tables)
        elif procedure in ("", "sp_executesql") and len(strings) == 1 and STATEMENT.match(strings[0].text):
            self.read(body_of(cursor.sql, strings[0]))
        elif procedure not in HARMLESS_PROCEDURES:
            self._skip(start, f"{start.tokens[0].text.upper()} {procedure}".strip() if procedure else "EXECUTE")


def _schema(cursor: Cursor) -> str:
    """Schema that a statement makes the one of names without a schema; empty if it does not."""
    if cursor.sql.dialect == "mysql" and cursor.accept("USE"):
        return cursor.name() if cursor else ""
    if not cursor.accept("SET", "SEARCH_PATH") or not (cursor.accept_symbol("=") or cursor.accept("TO")):
        return ""
    return cursor.name() if cursor and cursor.tokens[cursor.at].text else ""


def _drop_tables(cursor: Cursor, tables: Tables) -> None:
    if cursor.accept("TABLE"):
        cursor.accept("IF", "EXISTS")
        for item in cursor.items():
            dropped = tables.look_up(item.qualified())
            if dropped is not None:
                tables.remove(dropped)


def _note_view(cursor: Cursor, tables: Tables) -> None:
    while cursor and not cursor.accept("VIEW"):
        cursor.take()
    cursor.accept("IF", "NOT", "EXISTS")
    if cursor and cursor.tokens[cursor.at].kind in ("word", "quoted"):
        tables.views.add(tables.placed(cursor.qualified())[1].lower())


def _create_index(cursor: Cursor, tables: Tables) -> None:
    """Read CREATE UNIQUE INDEX; other indexes say nothing of values."""
    start = replace(cursor)
    if not cursor.accept("UNIQUE"):
        return
    label = ""
    while not cursor.accept("ON"):
        label = cursor.take().text  # the last one
    cursor.accept("ONLY")
    name = cursor.qualified()
    if tables.is_partition(name) or name[1].startswith("#"):
        return
    if name[1].lower() in tables.views and tables.look_up(name) is None:
        tables.skipped.add("CREATE UNIQUE INDEX on a view", start.line)
        return
    cursor = cursor.within(f"table {name[1]}")
    draft = tables.find(cursor, name)
    if cursor.accept("USING"):
        cursor.name()
    index = read_unique(cursor.group())
    while cursor:
        if cursor.accept("WHERE"):
            index = replace(index, where=_where(cursor))
        elif read_nulls(cursor):
            index = replace(index, are_missing_alike=True)
        elif cursor:
            cursor.take()
    draft.add_unique(index, label)


def _where(cursor: Cursor) -> CheckDraft:
    """Read the condition of an index."""
    start = cursor.at
    while cursor and not (cursor.sql.dialect == "sqlserver" and (cursor.one_of("ON") or cursor.next_is("WITH"))):
        cursor.take()
    if cursor.at == start:
        cursor.fail("WHERE has no condition")
    first, last = cursor.tokens[start], cursor.tokens[cursor.at - 1]
    return CheckDraft(cursor.sql, cursor.sql.text[first.start : last.end], first.start)


def read_schema(sql: Sql, folder: Path | None = None) -> Tables:
    """Read what a text declares.

    Args:
        sql: the text.
        folder: files in it may be included.

    Raises:
        DatabaseError: it cannot be understood.
    """
    reader = Reader(folder=folder, seen=set() if folder is None else {Path(sql.source).resolve()})
    try:
        reader.read(sql)
    except RecursionError:
        raise DatabaseError(f"{sql.source}: is nested too deeply") from None
    return reader.tables
