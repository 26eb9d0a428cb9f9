"""Which parts of a declared schema the program draws: tables in order, keys by the block model, columns by causal models."""

from dataclasses import dataclass

import numpy as np

from plurel_prob.declared.order import order_tables
from plurel_prob.declared.schema import Column, DeclaredSchema, DeclaredTable
from plurel_prob.priors import Prior
from plurel_prob.priors.fields import support_bounds


@dataclass(frozen=True)
class TablePlan:
    """How the rows of a table come about.

    Attributes:
        table: its declaration.
        linked: foreign keys whose parent rows the block model draws; numbers of ``table.foreign_keys``.
        joined: foreign keys whose parent rows follow, in part or whole, from columns that they share with keys before them.
        late: foreign keys to the table itself or to a later table, whose parent rows are drawn when all tables have theirs.
        features: columns that a causal model draws.
        counted: columns that number the rows: primary keys of one column, and unique columns without a bound on their values.
    """

    table: DeclaredTable
    linked: tuple[int, ...]
    joined: tuple[int, ...]
    late: tuple[int, ...]
    features: tuple[Column, ...]
    counted: tuple[Column, ...]


@dataclass(frozen=True)
class Plan:
    """All tables, parents first."""

    schema: DeclaredSchema
    tables: tuple[TablePlan, ...]

    def index(self, name: str) -> int:
        """Number of a table in the order of the program."""
        return next(i for i, plan in enumerate(self.tables) if plan.table.name == name)

    def referred(self) -> set[str]:
        """Tables that others refer to."""
        return {key.parent for plan in self.tables for key in plan.table.foreign_keys if key.parent != plan.table.name}


def plan_of(schema: DeclaredSchema) -> Plan:
    """Sort tables, keys and columns."""
    names, _ = order_tables(schema)
    place = {name: i for i, name in enumerate(names)}
    return Plan(schema, tuple(_plan_table(schema.table(name), place) for name in names))


def _plan_table(table: DeclaredTable, place: dict[str, int]) -> TablePlan:
    linked, joined, late, taken = [], [], [], set[str]()
    by_width = sorted(range(len(table.foreign_keys)), key=lambda i: -len(table.foreign_keys[i].columns))
    for i in by_width:
        key = table.foreign_keys[i]
        if place[key.parent] >= place[table.name]:
            late.append(i)
        elif taken & set(key.columns):
            joined.append(i)
        else:
            linked.append(i)
        taken |= set(key.columns)
    own = [column for column in table.columns if column.name not in taken]
    counted = [column for column in own if is_counted(column, table)]
    features = [column for column in own if column not in counted]
    return TablePlan(table, tuple(sorted(linked)), tuple(joined), tuple(late), tuple(features), tuple(counted))


def is_counted(column: Column, table: DeclaredTable) -> bool:
    """Whether values of a column tell rows apart and nothing else: it is a key on its own, of numbers, texts or uuids."""
    is_key = table.primary_key == (column.name,) or (column.name,) in table.unique
    return is_key and column.kind in ("integer", "decimal", "text", "uuid", "blob", "json") and column.low is column.high is None


def n_label(column: Column, prior: Prior) -> int:
    """Number of categories that the program draws for a column; 0: it draws a number."""
    if column.kind == "boolean":
        return 2
    most = int(support_bounds(prior.schema.n_category)[1])
    return len(column.labels) if column.kind == "category" and 2 <= len(column.labels) <= most else 0


def late_parents(n_child: int, n_parent: int, is_self: bool, is_unique: bool, rng: np.random.Generator) -> np.ndarray:
    """Parent rows of a late key: any row of another table, an earlier row of the same table; the first has itself.

    If they are to be different: rows of another table in random order, of the same table the row before.
    """
    if is_unique:
        return np.maximum(np.arange(n_child) - 1, 0) if is_self else rng.permutation(n_parent)[:n_child]
    if not is_self:
        return rng.integers(0, n_parent, n_child)
    return np.floor(rng.random(n_child) * np.maximum(np.arange(n_child), 1)).astype(np.int64)
