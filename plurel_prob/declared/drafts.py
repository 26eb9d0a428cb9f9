"""Tables while their declaration is read, and the schema that comes of them."""

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
    """A table; columns by lower-case name; names of those that are computed, or inherited from another table."""

    name: Name
    line: int | None
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    unique: list[tuple[str, ...]] = field(default_factory=list)
    references: list[ReferenceDraft] = field(default_factory=list)
    checks: list[CheckDraft] = field(default_factory=list)
    computed: set[str] = field(default_factory=set)
    inherited: set[str] = field(default_factory=set)

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


def find_table(tables: dict[Name, TableDraft], name: Name) -> TableDraft | None:
    """Table of a name: in its schema, or the only one of the name where schemas are written on one side only."""
    schema, table = name[0].lower(), name[1].lower()
    alike = [draft for key, draft in tables.items() if key[1] == table]
    exact = [draft for draft in alike if draft.name[0].lower() == schema]
    if exact:
        return exact[0]
    default = [draft for draft in alike if draft.name[0].lower() in DEFAULT_SCHEMAS]
    either = default if schema in DEFAULT_SCHEMAS and default else [draft for draft in alike if not (schema and draft.name[0])]
    return either[0] if len(either) == 1 else None


def resolve(source: str, tables: dict[Name, TableDraft]) -> DeclaredSchema:
    """Schema of tables that have been read.

    Raises:
        DatabaseError: there is no table, or a key or a constraint cannot be honoured; the message names it.
    """
    if not tables:
        fail(source, None, "declares no table; give a file, or a database, with CREATE TABLE statements")
    names = [draft.name[1].lower() for draft in tables.values()]
    labels = {
        key: ".".join(filter(None, draft.name)) if names.count(key[1]) > 1 else draft.name[1] for key, draft in tables.items()
    }
    keyed = {key: _with_keys(source, draft, labels[key]) for key, draft in tables.items()}
    checked = {key: _with_checks(source, draft, labels[key]) for key, draft in keyed.items()}
    drafts = {key: draft for key, (draft, _) in checked.items()}
    label_of = {id(draft): labels[key] for key, draft in drafts.items()}
    result = []
    for key, (draft, orders) in checked.items():
        references = [_reference(source, draft, labels[key], reference, drafts, label_of) for reference in draft.references]
        columns, foreign_keys = tuple(draft.columns.values()), tuple(dict.fromkeys(references))
        unique = tuple(draft.unique)
        result.append(DeclaredTable(labels[key], columns, draft.primary_key, unique, foreign_keys, tuple(orders), draft.line))
    return DeclaredSchema(tuple(result), source)


def _with_keys(source: str, draft: TableDraft, label: str) -> TableDraft:
    """Spell keys as columns are; columns of the primary key are never missing."""
    if not draft.columns:
        fail(source, draft.line, f"table {label}: there is no column; declare one")
    primary = draft.spelled(draft.primary_key, source, draft.line, label)
    columns = {
        key: replace(column, is_nullable=column.is_nullable and column.name not in primary)
        for key, column in draft.columns.items()
    }
    unique = dict.fromkeys(draft.spelled(names, source, draft.line, label) for names in draft.unique)
    others = [names for names in unique if set(names) != set(primary)]
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


def _reference(
    source: str,
    draft: TableDraft,
    label: str,
    reference: ReferenceDraft,
    tables: dict[Name, TableDraft],
    labels: dict[int, str],
) -> ForeignKey:
    line = reference.line
    columns = draft.spelled(reference.columns, source, line, label)
    place = f"table {label}, column {', '.join(columns)}"
    schema = reference.parent[0] or draft.name[0]
    parent = find_table(tables, (schema, reference.parent[1])) or find_table(tables, reference.parent)
    if parent is None:
        fail(source, line, f"{place}: refers to {'.'.join(filter(None, reference.parent))}, which is no table; declare it")
    target = labels[id(parent)]
    if not reference.parent_columns and not parent.primary_key:
        fail(source, line, f"{place}: refers to {target}, which has no primary key; name the columns that it refers to")
    parent_columns = parent.spelled(reference.parent_columns or parent.primary_key, source, line, target)
    if len(columns) != len(parent_columns):
        fail(source, line, f"{place}: {len(columns)} columns refer to {len(parent_columns)} of {target}; name as many")
    if set(parent_columns) not in (set(parent.primary_key), *map(set, parent.unique)):
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
