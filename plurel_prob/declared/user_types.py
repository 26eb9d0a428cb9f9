"""Types that a schema declares."""

from dataclasses import replace

from plurel_prob.declared.columns import ColumnDraft, read_constraints
from plurel_prob.declared.create import Tables
from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.schema import Column
from plurel_prob.declared.statements import split_statements
from plurel_prob.declared.text import Token
from plurel_prob.declared.types import labels_of, read_type


def create_domain(cursor: Cursor, tables: Tables) -> None:
    """Read a type that is another one with constraints on its ``VALUE``."""
    cursor.accept("DOMAIN")
    name = cursor.qualified()[1]
    cursor = cursor.within(f"domain {name}")
    _ = cursor.accept("AS") or cursor.accept("FROM")
    based = replace(cursor).qualified()[1].lower()
    column = replace(read_type(cursor, tables.types), name="VALUE")
    draft = read_constraints(cursor, ColumnDraft(column, checks=list(tables.domains.get(based, []))))
    tables.types[name.lower()] = replace(draft.column, name="")
    tables.domains[name.lower()] = draft.checks


def create_type(cursor: Cursor, tables: Tables) -> None:
    """Read an enumeration, or a name for another type; columns know nothing of types of several fields."""
    if not cursor.accept("TYPE"):
        return
    start = cursor.at
    name = cursor.qualified()[1]
    if cursor.accept("AS", "ENUM"):
        labels = labels_of(cursor.within(f"type {name}").group())
        tables.types[name.lower()] = Column("", "category", labels=labels)
    elif cursor.next_is("FROM") or (cursor.sql.dialect == "duckdb" and not cursor.next_is("AS", "STRUCT")):
        cursor.at = start
        create_domain(cursor, tables)


def alter_type(cursor: Cursor, tables: Tables) -> None:
    """Read ADD VALUE to an enumeration, which may say before or after which one, and RENAME VALUE."""
    if not cursor.accept("TYPE"):
        return
    name = cursor.qualified()[1]
    old = tables.types.get(name.lower())
    if old is None or not old.labels:
        return
    cursor = cursor.within(f"type {name}")
    if cursor.accept("RENAME", "VALUE"):
        label = cursor.take().text
        cursor.accept("TO")
        place, labels = _place(cursor, old, label), [str(known) for known in old.labels]
        labels[place] = cursor.take().text
        tables.types[name.lower()] = replace(old, labels=tuple(labels))
    elif cursor.accept("ADD", "VALUE"):
        cursor.accept("IF", "NOT", "EXISTS")
        label = cursor.take().text
        place, is_after = len(old.labels), cursor.accept("AFTER")
        if is_after or cursor.accept("BEFORE"):
            place = _place(cursor, old, cursor.take().text) + is_after
        before, after = (tuple(str(known) for known in part if known != label) for part in _cut(old, place))
        tables.types[name.lower()] = replace(old, labels=(*before, label, *after))


def _cut(column: Column, place: int) -> tuple[tuple, tuple]:
    return column.labels[:place], column.labels[place:]


def _place(cursor: Cursor, column: Column, label: str) -> int:
    """Number of a label."""
    labels = [str(known) for known in column.labels]
    if label not in labels:
        cursor.fail(f"there is no value {label}")
    return labels.index(label)


def add_type(cursor: Cursor, arguments: list[Token], tables: Tables) -> None:
    """Read the arguments of ``sp_addtype``: a name, a type, and whether it may be missing."""
    if len(arguments) < 2:
        cursor.fail("sp_addtype needs a name and a type")
    name, declared, *others = (token.text for token in arguments)
    sql = replace(cursor.sql, text=declared, first_line=cursor.sql.own_line(arguments[1].start))
    inner = Cursor(sql, next(split_statements(sql), []), f"type {name}")
    is_nullable = not (others and others[0].upper() in ("NOT NULL", "NONULL"))
    tables.types[name.lower()] = replace(read_type(inner, tables.types), is_nullable=is_nullable)
