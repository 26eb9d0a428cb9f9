"""The schema that comes of tables whose declaration has been read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from plurel_prob.declared.checks import Facts, apply_check
from plurel_prob.declared.cursor import Name
from plurel_prob.declared.drafts import CheckDraft, IndexDraft, ReferenceDraft, Schemas, TableDraft, find_table, schemas_of
from plurel_prob.declared.literals import parse
from plurel_prob.declared.narrow import CheckError
from plurel_prob.declared.other_types import unknown_notes
from plurel_prob.declared.rules import RuleError, expression_of, rule_of
from plurel_prob.declared.schema import Column, DeclaredSchema, DeclaredTable, ForeignKey, Refusal, UniqueIndex, quoted
from plurel_prob.declared.text import SchemaError, fail
from plurel_prob.errors import shown

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
else:
    Expr = Any  # sqlglot is imported where it is used

Part = TypeVar("Part")


def resolve(source: str, tables: dict[Name, TableDraft]) -> DeclaredSchema:
    """Schema of tables that have been read, without the constraints that cannot be honoured: it names these.

    Raises:
        DatabaseError: there is no table, or one has no column, or a primary key of columns that are none.
    """
    if not tables:
        fail(source, None, "declares no table; give a file, or a database, with CREATE TABLE statements")
    schemas = schemas_of(tables)
    labels = {
        key: ".".join(filter(None, draft.name)) if len(schemas[key[1]]) > 1 else draft.name[1] for key, draft in tables.items()
    }
    refusals = [
        Refusal(f"table {labels[key]}: {shown(what, 200)}", reason, line, labels[key])
        for key, draft in tables.items()
        for line, what, reason in draft.refusals
    ]
    keyed = {key: _with_keys(source, draft, labels[key], refusals) for key, draft in tables.items()}
    checked = {key: _with_checks(draft, labels[key], refusals) for key, draft in keyed.items()}
    drafts = {key: draft for key, (draft, _) in checked.items()}
    parents = Parents(drafts, schemas, {id(draft): labels[key] for key, draft in drafts.items()})
    result = []
    for key, (draft, facts) in checked.items():
        keys = [
            found
            for part in draft.references
            for found in _unless_refused(labels[key], refusals, _reference, source, draft, labels[key], part, parents)
        ]
        columns, foreign_keys, unique = tuple(draft.columns.values()), tuple(dict.fromkeys(keys)), tuple(draft.unique)
        rules, indexes = tuple(dict.fromkeys(facts.rules)), tuple(_indexes(draft, labels[key], refusals))
        table = DeclaredTable(labels[key], columns, draft.primary_key, unique, foreign_keys, tuple(facts.orders), rules, indexes)
        result.append(replace(table, line=draft.line))
    return DeclaredSchema(
        tuple(result), source, tuple(sorted(refusals, key=lambda refusal: refusal.line or 0)), skipped=unknown_notes(result)
    )


def _unless_refused(label: str, refusals: list[Refusal], read: Callable[..., Part], *given: Any) -> list[Part]:
    """What is read, as a list of it; none if it is refused, which the refusals then say."""
    try:
        return [read(*given)]
    except SchemaError as error:
        where, _, reason = error.problem.partition(": ")
        refusals.append(Refusal(where, reason, error.line, label))
        return []


def _with_keys(source: str, draft: TableDraft, label: str, refusals: list[Refusal]) -> TableDraft:
    """Spell keys as columns are; columns of the primary key are never missing."""
    if not draft.columns:
        fail(source, draft.line, f"table {label}: there is no column; declare one")
    primary = draft.spelled(draft.primary_key, source, draft.line, label)
    of_key = set(primary)
    columns = {
        key: replace(column, is_nullable=column.is_nullable and column.name not in of_key)
        for key, column in draft.columns.items()
    }
    plain = [names for index in draft.indexes if (names := _plain(index, draft)) is not None]
    unique = [
        found
        for names in [*draft.unique, *plain]
        for found in _unless_refused(label, refusals, draft.spelled, names, source, draft.line, label)
    ]
    others = [names for names in dict.fromkeys(unique) if len(names) != len(primary) or set(names) != of_key]
    left = [index for index in draft.indexes if _plain(index, draft) is None]
    references = [part for part in draft.references if id(part) not in draft.dropped]
    checks = [check for check in draft.checks if id(check) not in draft.dropped]
    kept = replace(draft, references=references, checks=checks, indexes=left)
    return replace(kept, columns=columns, primary_key=primary, unique=others)


def _plain(index: IndexDraft, draft: TableDraft) -> tuple[str, ...] | None:
    """Columns of an index that says no more than UNIQUE does, as its condition is that they are not missing."""
    from sqlglot import exp

    if index.expressions or index.are_missing_alike or index.where is None:
        return None
    try:
        tree = parse(index.where.sql, index.where.text, index.where.offset, "")
    except SchemaError:
        return None
    asked = set()
    for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
        part = part.unnest()
        inner = part.this.unnest() if isinstance(part, exp.Not) else part
        if not (isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null)):
            return None
        if isinstance(part, exp.Not) == bool(inner.args.get("negate")):
            return None
        asked.add(inner.this.unnest().name.lower())
    return index.names if asked <= {name.lower() for name in index.names} else None


def _with_checks(draft: TableDraft, label: str, refusals: list[Refusal]) -> tuple[TableDraft, Facts]:
    facts = Facts(dict(draft.columns))
    for check in draft.checks:
        facts.dialect, n_order, n_rule = check.sql.dialect, len(facts.orders), len(facts.rules)
        tree, reason = None, ""
        try:
            tree = _tree(check, label)
            mentioned = _mentioned(tree)
            if mentioned and mentioned <= {name for name in mentioned if name.lower() in draft.computed}:
                continue  # a computed column is left out, and so is what only it has to satisfy
            apply_check(tree, facts)
        except SchemaError as error:
            reason = error.problem.partition(": ")[2]
        except CheckError as error:
            reason = str(error)
        except RecursionError:
            reason = "it is nested too deeply"
        if reason:
            refusals.append(_refused(check, label, tree, reason))
        facts.orders[n_order:] = [replace(order, line=check.line) for order in facts.orders[n_order:]]
        facts.rules[n_rule:] = [replace(rule, line=check.line) for rule in facts.rules[n_rule:]]
    return replace(draft, columns=facts.columns), facts


def _tree(check: CheckDraft, label: str) -> Expr:
    """Tree of a constraint, with the column that ``VALUE`` stands for."""
    from sqlglot import exp

    tree = parse(check.sql, check.text, check.offset, f"table {label}")
    for name in tree.find_all(exp.Column) if check.value else ():
        if name.name.upper() == "VALUE":
            name.set("this", exp.to_identifier(check.value))
    return tree


def _mentioned(tree: Expr) -> set[str]:
    from sqlglot import exp

    return {name.name for name in tree.find_all(exp.Column)}


def _refused(check: CheckDraft, label: str, tree: Expr | None, reason: str) -> Refusal:
    """A constraint that cannot be honoured, with the columns that it mentions."""
    from sqlglot import exp

    where = f"table {label}: CHECK ({shown(' '.join(check.text.split()), 200)})"
    if tree is None:
        return Refusal(where, reason, check.line, label)
    columns = ", ".join(sorted(_mentioned(tree)))
    where += f", column {shown(columns)}" if columns else ""
    return Refusal(where, reason, check.line, label, "" if tree.find(exp.Query) else tree.sql("duckdb"))


def _indexes(draft: TableDraft, label: str, refusals: list[Refusal]) -> list[UniqueIndex]:
    """What is unique in another way than whole columns."""
    found = []
    for index in draft.indexes:
        try:
            found.append(_index(index, draft, label))
        except SchemaError as error:
            reason = error.problem.partition(": ")[2]
        except RuleError as error:
            reason = str(error)
        else:
            continue
        refusals.append(Refusal(f"table {label}: {shown(' '.join(index.written.split()), 200)}", reason, index.line, label))
    return list(dict.fromkeys(found))


def _index(index: IndexDraft, draft: TableDraft, label: str) -> UniqueIndex:
    names = draft.spelled(index.names, "", index.line, label)
    keys, mentioned, where = [quoted(name) for name in names], set(names), None
    for part in index.expressions:
        text, columns = expression_of(_tree(part, label), draft.columns, part.sql.dialect)
        keys.append(text)
        mentioned |= set(columns)
    if index.where is not None:
        where = rule_of(_tree(index.where, label), draft.columns, index.where.sql.dialect)
    columns = tuple(column.name for column in draft.columns.values() if column.name in mentioned)
    return UniqueIndex(tuple(keys), columns, where, index.are_missing_alike, index.line)


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
