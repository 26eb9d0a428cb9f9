"""ALTER TABLE."""

from dataclasses import replace

from plurel_prob.declared.columns import ColumnDraft, read_column, read_constraints, with_default
from plurel_prob.declared.create import Tables, add_column, merge_column, read_constraint, read_item
from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.drafts import TableDraft
from plurel_prob.declared.schema import Column
from plurel_prob.declared.types import read_type

IRRELEVANT = (
    *("OWNER", "ENABLE", "DISABLE", "CLUSTER", "REPLICA", "SET", "RESET", "VALIDATE", "NOCHECK", "ENGINE", "COMMENT", "FORCE"),
    *(
        "AUTO_INCREMENT",
        "CONVERT",
        "DEFAULT",
        "CHARACTER",
        "CHARSET",
        "COLLATE",
        "NO",
        "ORDER",
        "ROW_FORMAT",
        "REBUILD",
        "INHERIT",
    ),
)
DEFINING = ("ADD", "ALTER", "MODIFY", "CHANGE", "DROP", "RENAME")


def alter_table(cursor: Cursor, tables: Tables) -> None:
    """Read ALTER TABLE.

    Raises:
        DatabaseError: it changes what a table is in a way that cannot be understood.
    """
    while not cursor.accept("TABLE"):
        cursor.take()
    cursor.accept("IF", "EXISTS")
    cursor.accept("ONLY")
    name = cursor.qualified()
    cursor.accept_symbol("*")
    cursor = cursor.within(f"table {name[1]}")
    if cursor.accept("ATTACH", "PARTITION"):
        part = tables.find(cursor, cursor.qualified())
        tables.remove(part)
        tables.add_partition(part.name)
        return
    _ = cursor.accept("WITH", "CHECK") or cursor.accept("WITH", "NOCHECK")
    if not cursor.one_of(*DEFINING) or tables.is_partition(name) or name[1].startswith("#"):
        if not (cursor.one_of(*IRRELEVANT, *DEFINING) or cursor.next_is("CHECK", "CONSTRAINT")) and not tables.is_partition(name):
            cursor.unreadable()
        return
    draft, is_adding = tables.find(cursor, name), False
    for action in cursor.items():
        is_adding = action.one_of("ADD") or (is_adding and not action.one_of(*DEFINING, *IRRELEVANT))
        if is_adding:
            action.accept("ADD")
            _add(action, draft, tables)
        elif action.one_of("ALTER", "MODIFY", "CHANGE"):
            _change(action, draft, tables)
        elif action.one_of("DROP", "RENAME"):
            _drop(action, draft)
        elif not action.one_of(*IRRELEVANT):
            action.unreadable()


def _add(action: Cursor, draft: TableDraft, tables: Tables) -> None:
    if action.accept("COLUMN"):
        action.accept("IF", "NOT", "EXISTS")
        add_column(action, draft, read_column(action, tables.types, tables.domains))
    elif action.symbol("("):
        for item in action.group().items():
            read_item(item, draft, tables)
    elif not _add_default(action, draft) and not read_constraint(action, draft):
        if action.accept("IF", "NOT", "EXISTS") or not action.one_of("PARTITION", "INDEX", "KEY"):
            add_column(action, draft, read_column(action, tables.types, tables.domains))


def _add_default(action: Cursor, draft: TableDraft) -> bool:
    """Read DEFAULT ... FOR a column, as SQL Server has it; whether it was one."""
    start = action.at
    if action.accept("CONSTRAINT"):
        action.name()
    if not action.accept("DEFAULT"):
        action.at = start
        return False
    value = action.at
    while action and not action.accept("FOR"):
        if action.symbol("("):
            action.group()
        else:
            action.take()
    column = _column(action, draft)
    default = replace(action, tokens=action.tokens[value:], at=0).within(f"{action.context}, column {column.column.name}")
    draft.columns[column.column.name.lower()] = with_default(default, column.column)
    return True


def _column(action: Cursor, draft: TableDraft) -> ColumnDraft:
    name = action.name()
    if name.lower() not in draft.columns:
        action.at -= 1
        action.fail(f"there is no column {name}; declare it before")
    return ColumnDraft(draft.columns[name.lower()])


def _change(action: Cursor, draft: TableDraft, tables: Tables) -> None:
    """Read ALTER COLUMN, MODIFY or CHANGE."""
    verb = action.take().text.upper()
    if action.one_of("CONSTRAINT", "INDEX"):
        return
    action.accept("COLUMN")
    declaration = replace(action)
    column = _column(action, draft).column
    inner = action.within(f"{action.context}, column {column.name}")
    if verb == "ALTER":
        draft.columns[column.name.lower()] = _altered(inner, column, tables)
        return
    if verb == "CHANGE":
        declaration.take()
        if inner.name().lower() != column.name.lower():
            inner.fail("it is renamed; declare it with its last name")
    merge_column(declaration, draft, read_column(declaration, tables.types, tables.domains))


def _altered(inner: Cursor, column: Column, tables: Tables) -> Column:
    """Column after ALTER COLUMN."""
    is_sqlserver = inner.sql.dialect == "sqlserver"
    if inner.accept("SET", "DEFAULT"):
        return with_default(inner, column)
    if inner.accept("DROP", "DEFAULT"):
        return replace(column, default=None)
    if inner.accept("SET", "NOT", "NULL"):
        return replace(column, is_nullable=False)
    if inner.accept("DROP", "NOT", "NULL"):
        return replace(column, is_nullable=True)
    if not (is_sqlserver or inner.accept("SET", "DATA", "TYPE") or inner.accept("TYPE")):
        if not inner.one_of("SET", "ADD", "DROP", "RESET", "RESTART"):
            inner.unreadable()
        return column  # statistics, storage, identity
    new = replace(read_type(inner, tables.types), name=column.name, line=column.line, default=column.default)
    return read_constraints(inner, ColumnDraft(new)).column if is_sqlserver else replace(new, is_nullable=column.is_nullable)


def _drop(action: Cursor, draft: TableDraft) -> None:
    """Read DROP of a constraint; go past what indexes are called.

    Raises:
        DatabaseError: a column or an unknown constraint is dropped, or something is renamed.
    """
    if action.next_is("RENAME", "INDEX") or action.next_is("RENAME", "CONSTRAINT"):
        return
    if action.accept("DROP"):
        if action.accept("PRIMARY", "KEY"):
            draft.primary_key = ()
            return
        is_index = action.accept("INDEX") or action.accept("KEY")
        if is_index or action.accept("CONSTRAINT") or action.accept("FOREIGN", "KEY") or action.accept("CHECK"):
            may_lack = action.accept("IF", "EXISTS") or is_index
            if draft.drop_constraint(action.name()) or may_lack:
                return
        action.at = 0
    action.fail("what is dropped or renamed later cannot be followed; declare the table as it is in the end")
