"""Schemas declared in SQL: CREATE TABLE, and what other statements say of tables; nothing is executed."""

from dataclasses import replace
from pathlib import Path

from plurel_prob.declared.alter import alter_table
from plurel_prob.declared.columns import ColumnDraft, read_constraints, read_names, read_nulls
from plurel_prob.declared.create import Tables, create_table
from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.dialects import guesses, named
from plurel_prob.declared.drafts import find_table, resolve
from plurel_prob.declared.schema import Column, DeclaredSchema
from plurel_prob.declared.statements import object_kind, split_statements
from plurel_prob.declared.text import Sql, Token, read_text
from plurel_prob.declared.types import labels_of, read_type
from plurel_prob.errors import DatabaseError


def read_ddl(path: Path, dialect: str | None = None) -> DeclaredSchema:
    """Read the schema that a file of SQL declares, such as a dump.

    Honoured are tables with their keys and constraints, whether they are part of CREATE TABLE, added by ALTER TABLE or a unique
    index, and types that the file declares. Statements that say nothing of tables are skipped. Names are the same whatever the
    case of their letters. Computed columns are left out; a partition is no table, as its rows are its parent's; arrays are texts;
    a unique index of some rows is one of all. Under UNIQUE several values may be missing, also in SQL Server.

    Args:
        path: file.
        dialect: sqlite, postgresql, mysql, duckdb or sqlserver; None: what the file's name (x.mysql.sql) and text suggest.

    Raises:
        DatabaseError: the file declares no table, cannot be understood, or has a constraint that cannot be honoured; the message
            names line, table and column.
    """
    text = read_text(path)
    if dialect is not None:
        return parse_ddl(Sql(str(path), text, named(dialect)))
    first: DatabaseError | None = None
    for guess in guesses(path, text):
        try:
            return parse_ddl(Sql(str(path), text, guess))
        except DatabaseError as error:
            first = first or error
    raise first or AssertionError("there is always a guess")


def parse_ddl(sql: Sql) -> DeclaredSchema:
    """Read the schema that a text declares.

    Raises:
        DatabaseError: as ``read_ddl``.
    """
    tables = Tables()
    for tokens in split_statements(sql):
        kind = object_kind(tokens)
        tables.schema = _schema(sql, tokens) or tables.schema
        if kind in ("TABLE", "INDEX", "TYPE", "DOMAIN") or (tokens and tokens[0].is_word("DROP")):
            _read_statement(Cursor(sql, tokens, ""), kind, tables)
    return resolve(sql.source, tables.tables)


def _schema(sql: Sql, tokens: list[Token]) -> str:
    """Schema that a statement makes the one of names without a schema; empty if it does not."""
    cursor = Cursor(sql, tokens, "")
    if sql.dialect == "mysql" and cursor.accept("USE"):
        return cursor.name()
    if not cursor.accept("SET", "SEARCH_PATH") or not (cursor.accept_symbol("=") or cursor.accept("TO")):
        return ""
    return cursor.name() if cursor and cursor.tokens[cursor.at].text else ""


def _read_statement(cursor: Cursor, kind: str, tables: Tables) -> None:
    is_new = cursor.one_of("CREATE")
    verb = cursor.take()
    if verb.is_word("DROP"):
        _drop_tables(cursor, tables)
    elif kind == "TABLE":
        (create_table if is_new else alter_table)(cursor, tables)
    elif kind == "INDEX" and is_new:
        _create_index(cursor, tables)
    elif kind == "DOMAIN" and is_new:
        cursor.accept("DOMAIN")
        _create_domain(cursor, tables)
    elif kind == "TYPE" and cursor.accept("TYPE"):
        (_create_type if is_new else _alter_type)(cursor, tables)


def _drop_tables(cursor: Cursor, tables: Tables) -> None:
    if cursor.accept("TABLE"):
        cursor.accept("IF", "EXISTS")
        for item in cursor.items():
            dropped = find_table(tables.tables, tables.placed(item.qualified()))
            tables.tables = {name: draft for name, draft in tables.tables.items() if draft is not dropped}


def _create_index(cursor: Cursor, tables: Tables) -> None:
    """Read CREATE UNIQUE INDEX; other indexes say nothing of values."""
    if not cursor.accept("UNIQUE"):
        return
    while not cursor.accept("ON"):
        cursor.take()
    cursor.accept("ONLY")
    name = cursor.qualified()
    if tables.is_partition(name) or name[1].startswith("#"):
        return
    cursor = cursor.within(f"table {name[1]}")
    draft = tables.find(cursor, name)
    if cursor.accept("USING"):
        cursor.name()
    draft.unique.append(read_names(cursor.group()))
    while cursor:
        read_nulls(cursor)
        if cursor:
            cursor.take()


def _create_domain(cursor: Cursor, tables: Tables) -> None:
    """Read a type that is another one with constraints on its ``VALUE``."""
    name = cursor.qualified()[1]
    cursor = cursor.within(f"domain {name}")
    _ = cursor.accept("AS") or cursor.accept("FROM")
    based = replace(cursor).qualified()[1].lower()
    column = replace(read_type(cursor, tables.types), name="VALUE")
    draft = read_constraints(cursor, ColumnDraft(column, checks=list(tables.domains.get(based, []))))
    tables.types[name.lower()] = replace(draft.column, name="")
    tables.domains[name.lower()] = draft.checks


def _create_type(cursor: Cursor, tables: Tables) -> None:
    """Read an enumeration, or a name for another type; types of several fields are unknown to columns."""
    start = cursor.at
    name = cursor.qualified()[1]
    if cursor.accept("AS", "ENUM"):
        labels = labels_of(cursor.within(f"type {name}").group())
        tables.types[name.lower()] = Column("", "category", labels=labels)
    elif cursor.next_is("FROM") or (cursor.sql.dialect == "duckdb" and not cursor.next_is("AS", "STRUCT")):
        cursor.at = start
        _create_domain(cursor, tables)


def _alter_type(cursor: Cursor, tables: Tables) -> None:
    """Read ADD VALUE to an enumeration, which may say before or after which one."""
    name = cursor.qualified()[1]
    if not cursor.accept("ADD", "VALUE") or name.lower() not in tables.types:
        return
    cursor.accept("IF", "NOT", "EXISTS")
    label, old = cursor.take().text, tables.types[name.lower()]
    place, is_after = len(old.labels), cursor.accept("AFTER")
    if is_after or cursor.accept("BEFORE"):
        other = cursor.take().text
        if other not in old.labels:
            cursor.fail(f"type {name}: there is no value {other}")
        place = [str(known) for known in old.labels].index(other) + is_after
    labels = [str(known) for known in old.labels if known != label]
    tables.types[name.lower()] = replace(old, labels=(*labels[:place], label, *labels[place:]))
