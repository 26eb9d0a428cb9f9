"""CREATE TABLE."""

from dataclasses import dataclass, field, replace

from plurel_prob.declared.columns import (
    ColumnDraft,
    read_check,
    read_column,
    read_options,
    read_reference,
)
from plurel_prob.declared.cursor import Cursor, Name
from plurel_prob.declared.drafts import DEFAULT_SCHEMAS, CheckDraft, IndexDraft, Schemas, TableDraft, find_table
from plurel_prob.declared.key_parts import read_names, read_nulls, read_unique
from plurel_prob.declared.skipped import Skipped
from plurel_prob.declared.types import Types
from plurel_prob.errors import shown

INDEXES = ("KEY", "INDEX", "FULLTEXT", "SPATIAL")
AFTER_TABLES = ("CREATE", "ALTER", "DROP", "INSERT")


@dataclass
class Tables:
    """What has been declared so far: tables by lower-case name, partitions of them, types with their constraints, and names of
    views; and what was skipped.

    ``schema`` is the one that names without a schema are in, as ``SET search_path`` or ``USE`` says.
    """

    tables: dict[Name, TableDraft] = field(default_factory=dict)
    schemas: Schemas = field(default_factory=dict)
    partitions: Schemas = field(default_factory=dict)
    types: Types = field(default_factory=dict)
    domains: dict[str, list[CheckDraft]] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)
    skipped: Skipped = field(default_factory=Skipped)
    schema: str = ""

    def placed(self, name: Name) -> Name:
        """Name with its schema."""
        return (name[0] or self.schema, name[1])

    def add(self, draft: TableDraft) -> None:
        """Add a table."""
        schema, table = draft.name[0].lower(), draft.name[1].lower()
        self.tables[schema, table] = draft
        self.schemas.setdefault(table, set()).add(schema)

    def remove(self, draft: TableDraft) -> None:
        """Take a table away."""
        schema, table = draft.name[0].lower(), draft.name[1].lower()
        del self.tables[schema, table]
        self.schemas[table].remove(schema)

    def add_partition(self, name: Name) -> None:
        """Note that a table, whose name has its schema, holds rows of another one."""
        self.partitions.setdefault(name[1].lower(), set()).add(name[0].lower())

    def is_partition(self, name: Name) -> bool:
        """Whether a table holds rows of another one."""
        schema, table = self.placed(name)[0].lower(), name[1].lower()
        known = self.partitions.get(table, set())
        return bool(known) and (not schema or schema in known or "" in known)

    def same(self, name: Name) -> TableDraft | None:
        """Table that another one of this name would be; schemas that names are in by default are the same."""
        schema, table = name[0].lower(), name[1].lower()
        schemas = DEFAULT_SCHEMAS if schema in DEFAULT_SCHEMAS else (schema,)
        return next((self.tables[other, table] for other in schemas if (other, table) in self.tables), None)

    def look_up(self, name: Name) -> TableDraft | None:
        """Table of a name, if there is one."""
        return find_table(self.tables, self.schemas, self.placed(name))

    def find(self, cursor: Cursor, name: Name) -> TableDraft:
        """Table of a name.

        Raises:
            DatabaseError: there is none.
        """
        draft = self.look_up(name)
        if draft is None:
            cursor.fail(f"there is no table {'.'.join(filter(None, name))}; declare it before")
        return draft


def create_table(cursor: Cursor, tables: Tables) -> None:
    """Read CREATE TABLE: temporary, virtual and foreign tables are none of the schema, and partitions are rows of their parent.

    Raises:
        DatabaseError: it cannot be understood, or there is such a table.
    """
    kind, line = [], cursor.line
    while not cursor.accept("TABLE"):
        kind.append(cursor.take().text.upper())
    for other in {"VIRTUAL", "FOREIGN", "EXTERNAL"} & set(kind):
        tables.skipped.add(f"CREATE {other} TABLE", line)
        return
    if {"TEMP", "TEMPORARY"} & set(kind):
        return
    line = cursor.line
    is_optional = cursor.accept("IF", "NOT", "EXISTS")
    name = tables.placed(cursor.qualified())
    if name[1].startswith("#"):
        return
    cursor = cursor.within(f"table {name[1]}")
    existing = tables.same(name)
    if existing is not None and "REPLACE" in kind:
        tables.remove(existing)
    elif existing is not None:
        if is_optional:
            return
        cursor.fail(
            f"there is a table {existing.name[1]}, declared in line {existing.line}; declare it once, in any letters' case"
        )
    if cursor.next_is("PARTITION", "OF"):
        tables.add_partition(name)
        return
    if cursor.sql.dialect == "mysql" and cursor.accept("LIKE"):
        tables.add(_copy(tables.find(cursor, cursor.qualified()), name, line))
        return
    if not cursor.symbol("("):
        cursor.fail("its columns are not declared; list them with their types, instead of AS SELECT or LIKE")
    draft = TableDraft(name, line)
    body = cursor.group()
    parents = _read_tail(cursor, tables)
    for parent in parents:
        draft.columns |= parent.columns
        draft.inherited |= set(parent.columns)
        draft.checks += parent.checks
    for item in body.items():
        read_item(item, draft, tables)
    if parents and set(draft.columns) == draft.inherited:
        tables.add_partition(name)
    else:
        tables.add(draft)


def _copy(other: TableDraft, name: Name, line: int | None) -> TableDraft:
    """Table that is like another one; foreign keys are left out, as in MySQL."""
    copied = TableDraft(name, line, dict(other.columns), other.primary_key, list(other.unique), checks=list(other.checks))
    copied.computed = set(other.computed)
    return copied


def _read_tail(cursor: Cursor, tables: Tables) -> list[TableDraft]:
    """Go past what follows the columns; return the tables of INHERITS."""
    parents = []
    while cursor:
        if cursor.accept("INHERITS"):
            parents = [tables.find(cursor, item.qualified()) for item in cursor.group().items()]
        elif cursor.one_of("AS", "SELECT") and cursor.sql.dialect != "sqlserver":
            cursor.fail("its columns come from a SELECT; list them with their types")
        elif cursor.one_of(*AFTER_TABLES) and cursor.sql.dialect != "sqlserver":
            cursor.fail("another statement follows; end this one with a semicolon")
        elif cursor.accept("TABLE"):
            cursor.at -= 2  # such as CRAETE TABLE
            tables.skipped.add(f"statement that begins with {shown(cursor.take().text)}", cursor.line)
            break
        elif cursor.symbol("("):
            cursor.group()
        elif cursor.symbol(")"):
            cursor.fail("a parenthesis ) closes nothing")
        else:
            cursor.take()
    return parents


def read_item(item: Cursor, draft: TableDraft, tables: Tables) -> None:
    """Read a column or a constraint of a table."""
    if not item:
        item.fail("there is nothing between two commas")
    if not read_constraint(item, draft):
        if item.one_of("LIKE") and not item.symbol("(", 1):
            item.fail("LIKE cannot be honoured; list the columns with their types")
        add_column(item, draft, read_column(item, tables.types, tables.domains))


def add_column(cursor: Cursor, draft: TableDraft, new: ColumnDraft) -> None:
    """Add a column to a table; a computed one is left out, and one that is inherited is declared again."""
    name = new.column.name
    if new.is_computed:
        draft.computed.add(name.lower())
        return
    if name.lower() in draft.columns and name.lower() not in draft.inherited:
        cursor.at = 0
        cursor.fail(f"column {name} is declared twice; declare it once")
    merge_column(cursor, draft, new)


def merge_column(cursor: Cursor, draft: TableDraft, new: ColumnDraft) -> None:
    """Put a column in its place, and what its declaration says of the table to the rest."""
    name = new.column.name
    if new.is_primary:
        if draft.primary_key:
            cursor.fail(f"column {name}: there is a primary key; declare one, of all its columns: PRIMARY KEY (a, b)")
        draft.add_primary((name,))
    draft.columns[name.lower()] = new.column
    if new.is_unique:
        draft.add_unique(IndexDraft((name,)))
    draft.references += new.references
    draft.checks += new.checks
    draft.indexes += new.indexes


def read_constraint(item: Cursor, draft: TableDraft) -> bool:
    """Read a constraint of a table; whether it was one."""
    start, label = item.at, ""
    if item.accept("CONSTRAINT") and not item.one_of("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        label = item.name()
    if item.accept("PRIMARY", "KEY"):
        if draft.primary_key:
            item.fail("there are two primary keys; declare one, and the other one UNIQUE")
        key, label = _read_key(item, draft, label)
        draft.add_primary(key.names, label)
    elif item.one_of("UNIQUE") and (item.at > start or not _is_column(item)):
        item.take()
        are_alike = read_nulls(item)
        key, label = _read_key(item, draft, label)
        draft.add_unique(replace(key, are_missing_alike=are_alike), label)
    elif item.at > start and item.accept("NOT", "NULL"):
        column = item.name().lower()
        if column in draft.columns:
            draft.columns[column] = replace(draft.columns[column], is_nullable=False)
    elif item.accept("FOREIGN", "KEY"):
        if not item.symbol("("):
            label = label or item.name()
        columns = read_names(item.group())
        draft.references.append(replace(read_reference(item, columns), label=label))
    elif item.next_is("CHECK") and item.symbol("(", 1) or item.next_is("CHECK", "NOT", "FOR"):
        draft.checks.append(replace(read_check(item), label=label))
    elif item.next_is("EXCLUDE") and (item.symbol("(", 1) or item.next_is("EXCLUDE", "USING")):
        draft.refusals.append((item.line, item.rest(), "EXCLUDE cannot be honoured; leave it out"))
        return True
    elif item.at == start and (item.next_is("PERIOD", "FOR") or (item.one_of(*INDEXES) and _is_index(item))):
        return True
    elif item.at > start:
        item.unreadable()
    else:
        return False
    read_options(item)
    return True


def _is_column(item: Cursor) -> bool:
    """Whether a word that starts a constraint is a column's name: a type follows."""
    following = replace(item, at=item.at + 1)
    return (
        not (following.symbol("(") or following.one_of("KEY", "INDEX", "CLUSTERED", "NONCLUSTERED", "NULLS"))
        and item.sql.dialect != "mysql"
    )


def _is_index(item: Cursor) -> bool:
    """Whether KEY, INDEX ... starts an index: in MySQL and SQL Server they are no names of columns."""
    return item.sql.dialect in ("mysql", "sqlserver")


def _read_key(item: Cursor, draft: TableDraft, label: str) -> tuple[IndexDraft, str]:
    """Read the columns of a key, or find those of USING INDEX; with the key's name, which may be its index's."""
    if item.accept("USING", "INDEX"):
        name = item.name()
        index = draft.keys.get(name.lower())
        if index is None:
            item.fail(f"there is no unique index {name} of the table; declare it before")
        return index, label
    while item and not item.symbol("("):
        is_option = item.one_of("KEY", "INDEX", "CLUSTERED", "NONCLUSTERED", "USING", "BTREE", "HASH")
        name = item.name()
        label = label if is_option else name
    return read_unique(item.group()), label
