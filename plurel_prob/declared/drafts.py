"""Tables while their declaration is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plurel_prob.declared.cursor import Name
from plurel_prob.declared.schema import Column
from plurel_prob.declared.text import Sql, fail

DEFAULT_SCHEMAS = ("", "public", "dbo", "main")


@dataclass(frozen=True)
class CheckDraft:
    """Text of a constraint, and the column that ``VALUE``, of a domain, stands for."""

    sql: Sql
    text: str
    offset: int
    value: str | None = None

    @property
    def line(self) -> int | None:
        """Line where it starts."""
        return self.sql.line(self.offset)


@dataclass(frozen=True)
class ReferenceDraft:
    """Foreign key whose parent may be declared later; no ``parent_columns``: its primary key."""

    columns: tuple[str, ...]
    parent: Name
    parent_columns: tuple[str, ...]
    line: int | None


@dataclass(frozen=True)
class IndexDraft:
    """Columns and expressions that are unique together, in the rows of which a condition holds."""

    names: tuple[str, ...]
    expressions: tuple[CheckDraft, ...] = ()
    where: CheckDraft | None = None
    are_missing_alike: bool = False
    line: int | None = None

    @property
    def written(self) -> str:
        """The index as a message names it."""
        keys = ", ".join([*self.names, *(part.text for part in self.expressions)])
        where = "" if self.where is None else f" WHERE {self.where.text}"
        return f"UNIQUE {'NULLS NOT DISTINCT ' if self.are_missing_alike else ''}({keys}){where}"


@dataclass
class TableDraft:
    """A table; columns by lower-case name; names of those that are computed, or inherited from another table; and constraints by
    lower-case name: columns that are unique (those of the primary key, as a list), a reference, or a check.
    """

    name: Name
    line: int | None
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    unique: list[tuple[str, ...]] = field(default_factory=list)
    references: list[ReferenceDraft] = field(default_factory=list)
    checks: list[CheckDraft] = field(default_factory=list)
    computed: set[str] = field(default_factory=set)
    inherited: set[str] = field(default_factory=set)
    constraints: dict[str, tuple[str, ...] | list[str] | ReferenceDraft | CheckDraft | IndexDraft] = field(default_factory=dict)
    indexes: list[IndexDraft] = field(default_factory=list)
    refusals: list[tuple[int | None, str, str]] = field(default_factory=list)  # lines, constraints, reasons

    def add_unique(self, index: IndexDraft) -> tuple[str, ...] | IndexDraft:
        """Add what is unique, and return it as it is kept: whole columns of all rows by their names."""
        if index.expressions or index.where is not None or index.are_missing_alike:
            self.indexes.append(index)
            return index
        self.unique.append(index.names)
        return index.names

    def spelled(self, names: tuple[str, ...], source: str, line: int | None, label: str) -> tuple[str, ...]:
        """Columns as they are declared.

        Raises:
            DatabaseError: there is no such column, or it comes twice.
        """
        for name in names:
            if name.lower() in self.computed:
                fail(source, line, f"table {label}: a key on the computed column {name} cannot be honoured; leave the key out")
            if name.lower() not in self.columns:
                known = ", ".join(column.name for column in self.columns.values())
                fail(
                    source,
                    line,
                    f"table {label}: there is no column {name}; declare it, or name one of {known}",
                )
        spelled = tuple(self.columns[name.lower()].name for name in names)
        if len(set(spelled)) < len(spelled):
            fail(source, line, f"table {label}: a column comes twice in {', '.join(names)}; name it once")
        return spelled


Schemas = dict[str, set[str]]  # of the tables of a name, both in lower case


def schemas_of(tables: Mapping[Name, TableDraft]) -> Schemas:
    """Schemas that have a table of a name."""
    found: Schemas = {}
    for schema, table in tables:
        found.setdefault(table, set()).add(schema)
    return found


def find_table(tables: Mapping[Name, TableDraft], schemas: Schemas, name: Name) -> TableDraft | None:
    """Table of a name: in its schema, or the only one of the name where schemas are written on one side only."""
    schema, table = name[0].lower(), name[1].lower()
    known = schemas.get(table, set())
    if schema in known:
        return tables[schema, table]
    either = [default for default in DEFAULT_SCHEMAS if default in known]
    if not (schema in DEFAULT_SCHEMAS and either):
        either = [""] if schema and "" in known else list(known) if not schema and len(known) == 1 else []
    return tables[either[0], table] if len(either) == 1 else None
