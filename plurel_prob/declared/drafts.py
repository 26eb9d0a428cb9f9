"""Tables while their declaration is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plurel_prob.declared.cursor import Name
from plurel_prob.declared.schema import Column
from plurel_prob.declared.text import Sql, fail

DEFAULT_SCHEMAS = ("", "public", "dbo", "main")


@dataclass(frozen=True)
class CheckDraft:
    """Text of a constraint, the column that ``VALUE``, of a domain, stands for, and the constraint's name."""

    sql: Sql
    text: str
    offset: int
    value: str | None = None
    label: str = ""

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
    label: str = field(default="", compare=False)


@dataclass(frozen=True)
class IndexDraft:
    """Columns and expressions that are unique together, in the rows of which a condition holds."""

    names: tuple[str, ...]
    expressions: tuple[CheckDraft, ...] = ()
    where: CheckDraft | None = None
    are_missing_alike: bool = False
    line: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is of whole columns, of all rows."""
        return not (self.expressions or self.where is not None or self.are_missing_alike)

    @property
    def written(self) -> str:
        """The index as a message names it."""
        keys = ", ".join([*self.names, *(part.text for part in self.expressions)])
        where = "" if self.where is None else f" WHERE {self.where.text}"
        return f"UNIQUE {'NULLS NOT DISTINCT ' if self.are_missing_alike else ''}({keys}){where}"


@dataclass
class TableDraft:
    """A table; columns by lower-case name; names of those that are computed, or inherited from another table; and columns
    that are unique by the lower-case name of their constraint or index.
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
    keys: dict[str, IndexDraft] = field(default_factory=dict)
    named: dict[str, ReferenceDraft | CheckDraft] = field(default_factory=dict)
    n_named: tuple[int, int] = (0, 0)  # references and checks of which the names are known
    dropped: set[int] = field(default_factory=set)  # identities of references and checks
    indexes: list[IndexDraft] = field(default_factory=list)
    refusals: list[tuple[int | None, str, str]] = field(default_factory=list)  # lines, constraints, reasons

    def add_primary(self, columns: tuple[str, ...], label: str = "") -> None:
        """Add the primary key, by the name of its constraint, or the one that PostgreSQL gives."""
        self.keys[(label or f"{self.name[1]}_pkey").lower()] = IndexDraft(columns)
        self.primary_key = columns

    def add_unique(self, index: IndexDraft, label: str = "") -> None:
        """Add what is unique, by its name: whole columns of all rows apart from the rest."""
        self.keys[(label or "_".join([self.name[1], *index.names, "key"])).lower()] = index
        if index.is_whole:
            self.unique.append(index.names)
        else:
            self.indexes.append(index)

    def drop_constraint(self, label: str) -> bool:
        """Take away a key, a reference or a CHECK by its name; whether there was one."""
        for reference in self.references[self.n_named[0] :]:
            default = "_".join([self.name[1], *reference.columns, "fkey"])
            self.named[(reference.label or default).lower()] = reference
        self.named |= {check.label.lower(): check for check in self.checks[self.n_named[1] :]}
        self.n_named = len(self.references), len(self.checks)
        found, index = self.named.pop(label.lower(), None), self.keys.pop(label.lower(), None)
        if found is not None:
            self.dropped.add(id(found))
        elif index is not None and index.names == self.primary_key:
            self.primary_key = ()
        elif index is not None and index.is_whole and index.names in self.unique:
            self.unique.remove(index.names)
        elif index is not None:
            self.indexes = [other for other in self.indexes if other is not index]
        return found is not None or index is not None

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
