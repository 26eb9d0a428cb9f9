"""Tables while their declaration is read, and the schema that comes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plurel_prob.declared.checks import Facts, apply_check
from plurel_prob.declared.cursor import Name
from plurel_prob.declared.literals import parse
from plurel_prob.declared.narrow import CheckError
from plurel_prob.declared.schema import Column, DeclaredSchema, DeclaredTable, ForeignKey, Order
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
    constraints: dict[str, tuple[str, ...] | list[str] | ReferenceDraft | CheckDraft] = field(default_factory=dict)

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


def resolve(source: str, tables: dict[Name, TableDraft]) -> DeclaredSchema:
    """Schema of tables that have been read.

    Raises:
        DatabaseError: there is no table, or a key or a constraint cannot be honoured; the message names it.
    """
    if not tables:
        fail(source, None, "declares no table; give a file, or a database, with CREATE TABLE statements")
    schemas = schemas_of(tables)
    labels = {
        key: ".".join(filter(None, draft.name)) if len(schemas[key[1]]) > 1 else draft.name[1] for key, draft in tables.items()
    }
    keyed = {key: _with_keys(source, draft, labels[key]) for key, draft in tables.items()}
    checked = {key: _with_checks(source, draft, labels[key]) for key, draft in keyed.items()}
    drafts = {key: draft for key, (draft, _) in checked.items()}
    parents = Parents(drafts, schemas, {id(draft): labels[key] for key, draft in drafts.items()})
    result = []
    for key, (draft, orders) in checked.items():
        references = [_reference(source, draft, labels[key], reference, parents) for reference in draft.references]
        columns, foreign_keys = tuple(draft.columns.values()), tuple(dict.fromkeys(references))
        unique = tuple(draft.unique)
        result.append(DeclaredTable(labels[key], columns, draft.primary_key, unique, foreign_keys, tuple(orders), draft.line))
    return DeclaredSchema(tuple(result), source)


def _with_keys(source: str, draft: TableDraft, label: str) -> TableDraft:
    """Spell keys as columns are; columns of the primary key are never missing."""
    if not draft.columns:
        fail(source, draft.line, f"table {label}: there is no column; declare one")
    primary = draft.spelled(draft.primary_key, source, draft.line, label)
    of_key = set(primary)
    columns = {
        key: replace(column, is_nullable=column.is_nullable and column.name not in of_key)
        for key, column in draft.columns.items()
    }
    unique = dict.fromkeys(draft.spelled(names, source, draft.line, label) for names in draft.unique)
    others = [names for names in unique if len(names) != len(primary) or set(names) != of_key]
    return replace(draft, columns=columns, primary_key=primary, unique=others)


def _with_checks(source: str, draft: TableDraft, label: str) -> tuple[TableDraft, list[Order]]:
    from sqlglot import exp

    facts = Facts(dict(draft.columns), [])
    for check in draft.checks:
        context = f"table {label}: CHECK ({' '.join(check.text.split())[:200]})"
        tree = parse(check.sql, check.text, check.offset, f"table {label}")
        for name in tree.find_all(exp.Column) if check.value else ():
            if name.name.upper() == "VALUE":
                name.set("this", exp.to_identifier(check.value))
        mentioned = {name.name for name in tree.find_all(exp.Column)}
        if mentioned and mentioned <= {name for name in mentioned if name.lower() in draft.computed}:
            continue  # a computed column is left out, and so is what only it has to satisfy
        n_order = len(facts.orders)
        try:
            apply_check(tree, facts)
        except CheckError as error:
            column = f", column {', '.join(sorted(mentioned))}" if mentioned else ""
            fail(source, check.line, f"{context}{column}: {error}")
        except RecursionError:
            fail(source, check.line, f"{context}: it is nested too deeply")
        facts.orders[n_order:] = [replace(order, line=check.line) for order in facts.orders[n_order:]]
    return replace(draft, columns=facts.columns), facts.orders


class Parents:
    """Tables that keys can refer to, with the labels that they have, and the columns by which their rows are told apart."""

    def __init__(self, tables: Mapping[Name, TableDraft], schemas: Schemas, labels: dict[int, str]):
        self.tables, self.schemas, self.labels = tables, schemas, labels
        self.keys: dict[int, set[frozenset[str]]] = {}

    def find(self, name: Name, schema: str) -> TableDraft | None:
        """Table that a table of a schema calls so."""
        within = find_table(self.tables, self.schemas, (name[0] or schema, name[1]))
        return within or find_table(self.tables, self.schemas, name)

    def is_key(self, draft: TableDraft, columns: tuple[str, ...]) -> bool:
        """Whether columns are the primary key of a table, or unique."""
        if id(draft) not in self.keys:
            self.keys[id(draft)] = {frozenset(draft.primary_key), *map(frozenset, draft.unique)}
        return frozenset(columns) in self.keys[id(draft)]


def _reference(source: str, draft: TableDraft, label: str, reference: ReferenceDraft, parents: Parents) -> ForeignKey:
    line = reference.line
    columns = draft.spelled(reference.columns, source, line, label)
    place = f"table {label}, column {', '.join(columns)}"
    parent = parents.find(reference.parent, draft.name[0])
    if parent is None:
        fail(source, line, f"{place}: refers to {'.'.join(filter(None, reference.parent))}, which is no table; declare it")
    target = parents.labels[id(parent)]
    if not reference.parent_columns and not parent.primary_key:
        fail(source, line, f"{place}: refers to {target}, which has no primary key; name the columns that it refers to")
    parent_columns = parent.spelled(reference.parent_columns or parent.primary_key, source, line, target)
    if len(columns) != len(parent_columns):
        fail(source, line, f"{place}: {len(columns)} columns refer to {len(parent_columns)} of {target}; name as many")
    if not parents.is_key(parent, parent_columns):
        names = ", ".join(parent_columns)
        fail(
            source, line, f"{place}: refers to {target} ({names}), which is neither its primary key nor unique; declare it UNIQUE"
        )
    for name, other in zip(columns, parent_columns, strict=True):
        ours, theirs = draft.columns[name.lower()], parent.columns[other.lower()]
        if _family(ours) != _family(theirs):
            fail(source, line, f"{place}: {name} is {ours.kind} but {target}.{other} is {theirs.kind}; give both the same type")
    return ForeignKey(columns, target, parent_columns, line)


def _family(column: Column) -> str:
    """Kind of a column's values; a list of values is of the kind that its values are."""
    if column.kind == "category":
        return "text" if isinstance(column.labels[0], str) else "integer" if isinstance(column.labels[0], int) else "float"
    return "integer" if column.kind == "decimal" and column.scale == 0 else column.kind
