"""Which parts of a declared schema the program draws: tables in order, keys by the block model, columns by causal models."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from plurel_prob.declared.order import order_tables
from plurel_prob.declared.schema import Column, DeclaredSchema, DeclaredTable, Rule, quoted
from plurel_prob.domains.guesses import Guesses
from plurel_prob.domains.other_values import refuse_unknown
from plurel_prob.priors import Prior
from plurel_prob.priors.fields import support_bounds

MAX_FEATURE = 64  # columns of a causal model; compilation takes minutes for twice as many, and memory grows with their square
COUNTED = ("integer", "decimal", "text", "uuid", "blob", "json")


@dataclass(frozen=True)
class TablePlan:
    """How the rows of a table come about. Keys are numbers of ``table.foreign_keys``.

    Attributes:
        table: its declaration.
        linked: keys whose parent rows the block model draws.
        joined: keys to earlier tables that share columns with keys before them.
        inner: keys to the table itself.
        late: keys to later tables, which are drawn when all tables have their rows.
        features: columns that a causal model draws.
        counted: columns that number the rows: primary keys of one column, and unique columns without a bound on their values.
        asked: columns that keys refer to.
        guesses: what columns mean; None: nothing is guessed.
    """

    table: DeclaredTable
    linked: tuple[int, ...]
    joined: tuple[int, ...]
    inner: tuple[int, ...]
    late: tuple[int, ...]
    features: tuple[Column, ...]
    counted: tuple[Column, ...]
    asked: frozenset[str] = frozenset()
    guesses: Guesses | None = None

    @property
    def rules(self) -> list[Rule]:
        """Rules on rows, among them orders of columns of which one is a key's."""
        own = {column.name for column in (*self.features, *self.counted)}
        orders = [order for order in self.table.orders if not {order.low, order.high} <= own]
        texts = [f"{quoted(order.low)} {'<' if order.is_strict else '<='} {quoted(order.high)}" for order in orders]
        found = [Rule(text, (order.low, order.high), order.line) for text, order in zip(texts, orders, strict=True)]
        return [*self.table.rules, *found]

    def rules_on(self, column: Column) -> list[Rule]:
        """Rules that mention a column."""
        return [rule for rule in self.rules if column.name in rule.columns]

    @property
    def told(self) -> frozenset[str]:
        """Columns that tell rows apart, or that keys refer to."""
        indexed = (index.columns for index in self.table.indexes)
        return self.asked.union(self.table.primary_key, *self.table.unique, *indexed)

    def is_free(self, column: Column) -> bool:
        """Whether nothing is declared of a column but its own type and bounds."""
        ordered = {name for order in self.table.orders for name in (order.low, order.high)}
        return column.name not in self.told | ordered and not self.rules_on(column)

    @property
    def unique(self) -> list[tuple[str, ...]]:
        """Columns that tell rows apart."""
        return [columns for columns in (self.table.primary_key, *self.table.unique) if columns]

    def line(self, columns: tuple[str, ...]) -> int | None:
        """Line of the first of some columns."""
        return self.table.column(columns[0]).line


class Part(NamedTuple):
    """A table as the program has it: a declared one, or some columns of one that has too many for one causal model."""

    table: int
    linked: tuple[int, ...]
    features: tuple[Column, ...]


@dataclass(frozen=True)
class Plan:
    """All tables, parents first."""

    schema: DeclaredSchema
    tables: tuple[TablePlan, ...]
    is_guessed: bool = False

    def n_label(self, column: Column, prior: Prior) -> int:
        """Number of categories that the program draws for a column; 0: it draws a number.

        If it is guessed what columns mean, labels have rates of their own, and the program draws a number for each row.
        """
        if self.is_guessed:
            return 0
        if column.kind == "boolean":
            return 2
        most = int(support_bounds(prior.schema.n_category)[1])
        return len(column.labels) if column.kind == "category" and 2 <= len(column.labels) <= most else 0

    def parts(self) -> list[Part]:
        """Tables of the program, in order. Of a declared table's parts only the first has keys, and causes in parents' tables."""
        found = []
        for i, table in enumerate(self.tables):
            n = max(1, -(-len(table.features) // MAX_FEATURE))
            ends = [k * len(table.features) // n for k in range(n + 1)]
            for k, (start, end) in enumerate(pairwise(ends)):
                found.append(Part(i, table.linked if k == 0 else (), table.features[start:end]))
        return found

    def index(self, name: str) -> int:
        """Number of a table in the order of the program."""
        return next(i for i, plan in enumerate(self.tables) if plan.table.name == name)

    def referred(self) -> set[str]:
        """Tables that others refer to."""
        return {key.parent for plan in self.tables for key in plan.table.foreign_keys if key.parent != plan.table.name}


def plan_of(schema: DeclaredSchema, *, guess: bool = False) -> Plan:
    """Sort tables, keys and columns; ``guess`` what columns mean.

    Raises:
        DatabaseError: nobody knows the values of a column that must have some.
    """
    refuse_unknown(schema)
    names, _ = order_tables(schema)
    place = {name: i for i, name in enumerate(names)}
    asked = {(key.parent, column) for table in schema.tables for key in table.foreign_keys for column in key.parent_columns}
    return Plan(schema, tuple(_plan_table(schema.table(name), place, asked, guess) for name in names), guess)


def _plan_table(table: DeclaredTable, place: dict[str, int], asked: set[tuple[str, str]], guess: bool) -> TablePlan:
    """Plan a table; ``asked`` has all columns that keys refer to."""
    keys, taken = table.foreign_keys, set[str]()
    linked, joined = list[int](), list[int]()
    by_width = sorted(range(len(keys)), key=lambda i: -len(keys[i].columns))
    for i in (i for i in by_width if place[keys[i].parent] < place[table.name]):
        (joined if taken & set(keys[i].columns) else linked).append(i)
        taken |= set(keys[i].columns)
    inner = [i for i in by_width if keys[i].parent == table.name]
    late = [i for i in by_width if place[keys[i].parent] > place[table.name]]
    for i in inner:  # a column that refers to itself has values of its own
        taken |= set(keys[i].columns) - {column for j in inner for column in keys[j].parent_columns}
    for i in late:  # a column that is asked for before its parent is there has values of its own
        taken |= {name for name in keys[i].columns if (table.name, name) not in asked and name not in table.primary_key}
    own = [column for column in table.columns if column.name not in taken]
    counted = tuple(column for column in own if is_counted(column, table))
    features = tuple(column for column in own if column not in counted)
    here = frozenset(name for parent, name in asked if parent == table.name)
    plan = TablePlan(table, tuple(sorted(linked)), tuple(joined), tuple(inner), tuple(late), features, counted, here)
    return replace(plan, guesses=Guesses(table, own, plan.told)) if guess else plan


def is_counted(column: Column, table: DeclaredTable) -> bool:
    """Whether values of a column tell rows apart and nothing else: it is a key on its own, of numbers, texts or uuids."""
    is_primary = table.primary_key == (column.name,)
    is_ordered = any(column.name in (order.low, order.high) for order in table.orders)
    if not (is_primary or ((column.name,) in table.unique and not is_ordered)):
        return False
    return column.kind in COUNTED and column.low is column.high is None
