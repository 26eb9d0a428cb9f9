"""Declarations of columns."""

from dataclasses import dataclass, field, replace

from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.drafts import CheckDraft, IndexDraft, ReferenceDraft
from plurel_prob.declared.key_parts import read_names, read_nulls
from plurel_prob.declared.literals import NoLiteralError, default_text, literal, parse
from plurel_prob.declared.schema import Column
from plurel_prob.declared.types import Types, read_type
from plurel_prob.errors import DatabaseError

# words that end an expression after DEFAULT, as they start the next constraint
STARTS = (
    *(
        "NOT",
        "NULL",
        "CONSTRAINT",
        "PRIMARY",
        "UNIQUE",
        "CHECK",
        "REFERENCES",
        "FOREIGN",
        "COLLATE",
        "GENERATED",
        "COMMENT",
        "ON",
    ),
    *(
        "AUTO_INCREMENT",
        "AUTOINCREMENT",
        "IDENTITY",
        "KEY",
        "DEFAULT",
        "ROWGUIDCOL",
        "SPARSE",
        "FOR",
        "INVISIBLE",
        "VISIBLE",
        "AS",
    ),
    *("FIRST", "AFTER", "STORAGE", "COMPRESSION", "DEFERRABLE", "INITIALLY"),
)
TYPE_STARTS = (
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "CONSTRAINT",
    "COLLATE",
    "GENERATED",
    "AS",
    "COMMENT",
)
FLAGS = (
    *("AUTO_INCREMENT", "AUTOINCREMENT", "ROWGUIDCOL", "SPARSE", "HIDDEN", "INVISIBLE", "VISIBLE", "CLUSTERED", "NONCLUSTERED"),
    *("ASC", "DESC", "DEFERRABLE", "ENFORCED", "STORED", "VIRTUAL", "PERSISTED", "FIRST", "VALID"),
)
WITH_NAME = ("COLLATE", "CHARSET", "STORAGE", "COMPRESSION", "INITIALLY", "AFTER", "MATCH", "COLUMN_FORMAT", "ENCODE", "USING")


@dataclass
class ColumnDraft:
    """A column, and what its declaration says of its table."""

    column: Column
    is_primary: bool = False
    is_unique: bool = False
    is_computed: bool = False
    references: list[ReferenceDraft] = field(default_factory=list)
    checks: list[CheckDraft] = field(default_factory=list)
    indexes: list[IndexDraft] = field(default_factory=list)


def read_column(cursor: Cursor, types: Types, domains: dict[str, list[CheckDraft]]) -> ColumnDraft:
    """Read the declaration of a column; ``types`` and ``domains`` have the types that the schema declares, and their constraints.

    Raises:
        DatabaseError: it cannot be understood, or its type is unknown.
    """
    line, name = cursor.line, cursor.name()
    cursor = cursor.within(f"{cursor.context}, column {name}")
    if cursor.sql.dialect in ("sqlserver", "duckdb") and cursor.next_is("AS"):
        return ColumnDraft(Column(name, "text"), is_computed=True)
    if (not cursor or cursor.one_of(*TYPE_STARTS)) and cursor.sql.dialect == "sqlite":
        column = Column(name, "text", line=line)  # any value may be there
    elif not cursor:
        cursor.fail("it has no type; declare one")
    else:
        of_domain = domains.get(replace(cursor).qualified()[1].lower(), [])
        column = replace(read_type(cursor, types), name=name, line=line)
        return read_constraints(cursor, ColumnDraft(column, checks=[replace(check, value=name) for check in of_domain]))
    return read_constraints(cursor, ColumnDraft(column))


def read_constraints(cursor: Cursor, draft: ColumnDraft) -> ColumnDraft:
    """Read what follows a column's type."""
    label = ""
    while cursor and not draft.is_computed:
        if cursor.accept("CONSTRAINT"):
            if not cursor.one_of("CHECK", "NOT", "NULL", "UNIQUE", "PRIMARY", "REFERENCES", "DEFAULT"):
                label = cursor.name()
        elif cursor.accept("NOT", "NULL"):
            draft.column = replace(draft.column, is_nullable=False)
        elif cursor.accept("NULL"):
            draft.column = replace(draft.column, is_nullable=True)
        elif cursor.accept("PRIMARY", "KEY") or (cursor.sql.dialect == "mysql" and cursor.accept("KEY")):
            draft.is_primary = True
        elif cursor.accept("UNIQUE"):
            cursor.accept("KEY")
            line = cursor.line
            if read_nulls(cursor):
                draft.indexes.append(IndexDraft((draft.column.name,), are_missing_alike=True, line=line))
            else:
                draft.is_unique = True
        elif cursor.next_is("CHECK"):
            draft.checks.append(replace(read_check(cursor), label=label))
        elif cursor.accept("DEFAULT"):
            draft.column = with_default(cursor, draft.column)
        elif cursor.one_of("REFERENCES") or cursor.next_is("FOREIGN", "KEY"):
            if cursor.accept("FOREIGN", "KEY") and cursor.symbol("("):
                cursor.group()
            draft.references.append(replace(read_reference(cursor, (draft.column.name,)), label=label))
        else:
            _read_other(cursor, draft)
    return draft


def _read_other(cursor: Cursor, draft: ColumnDraft) -> None:
    """Go past what does not matter for a column's values, or find that they are computed."""
    if cursor.accept("GENERATED"):
        _ = cursor.accept("ALWAYS") or cursor.accept("BY", "DEFAULT")
        cursor.accept("ON", "NULL")
        if not cursor.accept("AS"):
            cursor.unreadable()
        if cursor.symbol("("):
            draft.is_computed = True
        elif not (cursor.accept("IDENTITY") or cursor.accept("ROW")):
            cursor.unreadable()
        elif cursor.symbol("("):
            cursor.group()
        else:
            _ = cursor.accept("START") or cursor.accept("END")
    elif cursor.accept("AS"):
        cursor.group()
        draft.is_computed = True
    elif cursor.accept("IDENTITY") or cursor.accept("MASKED") or cursor.accept("WITH"):
        cursor.accept("WITH")
        if cursor.symbol("("):
            cursor.group()
    elif cursor.accept("NOT", "FOR", "REPLICATION") or cursor.accept("NO", "INHERIT") or cursor.accept("CHARACTER", "SET"):
        if cursor.tokens[cursor.at - 1].is_word("SET"):
            cursor.name()
    elif not read_option(cursor):
        cursor.unreadable()


def read_option(cursor: Cursor) -> bool:
    """Go past an option of a column or a constraint that says nothing of values; whether there was one."""
    if cursor.accept("NOT", "DEFERRABLE") or cursor.accept("NOT", "VALID") or cursor.accept("NOT", "ENFORCED"):
        return True
    if cursor.accept("NOT", "FOR", "REPLICATION") or cursor.accept("NO", "INHERIT"):
        return True
    if cursor.one_of(*FLAGS):
        cursor.take()
        return True
    if cursor.accept("COMMENT"):
        cursor.take()
        return True
    if cursor.one_of(*WITH_NAME):
        cursor.take()
        cursor.qualified()
        return True
    if cursor.accept("ON", "CONFLICT"):
        cursor.name()
        return True
    if cursor.accept("ON", "UPDATE") or cursor.accept("ON", "DELETE"):
        _ = cursor.accept("NO", "ACTION") or cursor.accept("SET", "NULL") or cursor.accept("SET", "DEFAULT") or cursor.name()
        if cursor.symbol("("):
            cursor.group()
        return True
    return False


def read_options(cursor: Cursor) -> None:
    """Go past options of a constraint, to the end."""
    while cursor:
        if cursor.accept("WITH") or cursor.accept("INCLUDE") or cursor.accept("WHERE"):
            if cursor.symbol("("):
                cursor.group()
        elif cursor.accept("ON"):
            cursor.at -= 1
            if not read_option(cursor):
                cursor.at += 1
                cursor.name()  # ON [PRIMARY], the place where SQL Server keeps it
        elif not read_option(cursor):
            cursor.unreadable()


def read_check(cursor: Cursor) -> CheckDraft:
    """Read CHECK and its expression."""
    cursor.accept("CHECK")
    cursor.accept("NOT", "FOR", "REPLICATION")
    start = cursor.tokens[cursor.at].end if cursor else 0
    inner = cursor.group()
    if not inner:
        cursor.fail("CHECK has no expression")
    return CheckDraft(cursor.sql, inner.rest(), start)


def read_reference(cursor: Cursor, columns: tuple[str, ...]) -> ReferenceDraft:
    """Read REFERENCES and what follows it, as far as it belongs to the key."""
    line = cursor.line
    if not cursor.accept("REFERENCES"):
        cursor.unreadable()
    parent = cursor.qualified()
    parent_columns = read_names(cursor.group()) if cursor.symbol("(") else ()
    while cursor.one_of("MATCH", "DEFERRABLE", "INITIALLY") or cursor.next_is("NOT", "DEFERRABLE") or cursor.one_of("ON"):
        if not read_option(cursor):
            break
    return ReferenceDraft(columns, parent, parent_columns, line)


def with_default(cursor: Cursor, column: Column) -> Column:
    """Read the expression after DEFAULT; its column then has it if it is a literal."""
    start = cursor.at
    while cursor and (cursor.at == start or not (cursor.one_of(*STARTS) or cursor.next_is("WITH", "VALUES"))):
        if cursor.symbol("("):
            cursor.group()
        else:
            cursor.take()
    if cursor.at == start:
        cursor.fail("DEFAULT has no value")
    first, last = cursor.tokens[start], cursor.tokens[cursor.at - 1]
    text = cursor.sql.text[first.start : last.end]
    if text.startswith("$") or first.is_word("NEXT"):
        return replace(column, default=None)  # a body in dollars, or NEXT VALUE FOR a sequence
    is_text = first is last and first.kind == "string" and text[0] not in "bBxX"
    try:
        value = first.text if is_text else literal(parse(cursor.sql, text, first.start, cursor.context))
    except (NoLiteralError, DatabaseError):
        return replace(column, default=None)  # some expression; a literal can always be parsed
    try:
        return replace(column, default=default_text(value, column))
    except (ValueError, LookupError, ArithmeticError):
        cursor.at = start
        cursor.fail(
            f"the default {text} is no value of the column, which is of kind {column.kind}; change or leave out one of them"
        )
