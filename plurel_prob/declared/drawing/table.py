"""The rows of one declared table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.databases import DatabaseError
from plurel_prob.declared.drawing.distinct import distinct, ranked
from plurel_prob.declared.drawing.domains import Domain, domain_of
from plurel_prob.declared.drawing.links import check_found, copy_key, joined_parents, may_be_missing
from plurel_prob.declared.drawing.plan import TablePlan, late_parents
from plurel_prob.declared.schema import Column, DeclaredTable, ForeignKey, Order

Rows = Int64[np.ndarray, " row"]


@dataclass
class TableRows:
    """A table while it is made.

    Attributes:
        plan: what is drawn how.
        n_row: number of rows.
        source: what errors name.
        rng: for what the program does not draw.
        missing_rate: share of missing values in columns that allow them.
        window: first and last day.
        parent_row: of each foreign key, by its number.
        domain: of each column that is no foreign key.
        place: numbers of the values of these columns.
        frame: finished columns.
    """

    plan: TablePlan
    n_row: int
    source: str
    rng: np.random.Generator
    missing_rate: float
    window: tuple[int, int]
    parent_row: dict[int, Rows] = field(default_factory=dict)
    domain: dict[str, Domain] = field(default_factory=dict)
    place: dict[str, Rows] = field(default_factory=dict)
    missing: dict[str, np.ndarray] = field(default_factory=dict)
    frame: dict[str, pd.Series] = field(default_factory=dict)

    @property
    def table(self) -> DeclaredTable:
        """Its declaration."""
        return self.plan.table

    def where(self, column: Column) -> str:
        """Name a column in errors."""
        line = "" if column.line is None else f", line {column.line}"
        return f"{self.source}{line}: {self.table.name}.{column.name}"

    def set_features(self, drawn: Sequence[tuple[int, Float64[np.ndarray, " row"]]]) -> None:
        """Place what the causal model drew, categories (of so many) and numbers (0 of them), in the columns' domains."""
        for column, (n_label, value) in zip(self.plan.features, drawn, strict=True):
            domain = domain_of(column, self.rng, self.n_row, self.window, self.where(column))
            place = np.minimum(value.astype(np.int64), domain.size - 1) if n_label else domain.spread(uniform(value))
            self.domain[column.name], self.place[column.name] = domain, place
            if column.is_nullable:
                self.missing[column.name] = self.rng.random(self.n_row) < self.missing_rate
        for column in self.plan.counted:
            domain = domain_of(from_one(column), self.rng, self.n_row, self.window, self.where(column))
            self.domain[column.name], self.place[column.name] = domain, np.arange(self.n_row)
            if self.n_row > domain.size:
                few = f"its type has {domain.size:,} values; give fewer with --rows {self.table.name}=N"
                raise DatabaseError(f"{self.where(column)}: is unique, but {few} than {self.n_row:,}")

    def make_distinct(self, n_parent: dict[int, int]) -> None:
        """Tell rows apart where keys and unique columns need it; ``n_parent`` has the rows of the parent of each linked key.

        Raises:
            DatabaseError: there are more rows than combinations of values.
        """
        shared = _in_several_keys(self.table)
        for _ in range(20):
            before = [part.copy() for part in (*self.place.values(), *self.parent_row.values())]
            for columns in filter(None, [self.table.primary_key, *self.table.unique]):
                self._tell_apart(columns, n_parent, shared)
            if all(np.array_equal(a, b) for a, b in zip(before, (*self.place.values(), *self.parent_row.values()), strict=True)):
                return

    def _tell_apart(self, columns: tuple[str, ...], n_parent: dict[int, int], shared: set[str]) -> None:
        keys = [i for i in self.parent_row if set(self.table.foreign_keys[i].columns) & set(columns)]
        own = [name for name in columns if name in self.place]
        if any(column.name in own for column in self.plan.counted):
            return
        known = ~np.any([self.missing[name] for name in own if name in self.missing] or [np.zeros(self.n_row, bool)], axis=0)
        parts = [self.parent_row[i][known] for i in keys] + [self.place[name][known] for name in own]
        sizes = [n_parent[i] for i in keys] + [self.domain[name].size for name in own]
        moves = [not set(self.table.foreign_keys[i].columns) & shared for i in keys] + [True] * len(own)
        if len(parts) == 1 and own:
            found = [ranked(parts[0] + self.rng.random(known.sum()), sizes[0])] if sizes[0] >= known.sum() else None
        else:
            found = distinct(parts, sizes, moves, self.rng)
        if found is None:
            line = self.table.column(columns[0]).line
            raise DatabaseError(
                f"{self.source}, line {line}: {self.table.name}.({', '.join(columns)}) is unique, and there are not enough "
                f"values to tell {self.n_row:,} rows apart; give fewer with --rows {self.table.name}=N, or more to its parents"
            )
        for i, rows in zip(keys, found, strict=False):
            self.parent_row[i][known] = rows
        for name, place in zip(own, found[len(keys) :], strict=True):
            self.place[name][known] = place

    def finish(self, parents: dict[str, pd.DataFrame]) -> None:
        """Turn numbers of values into values, and rows of parents into columns."""
        for name, place in self.place.items():
            values = pd.Series(self.domain[name].values(place))
            self.frame[name] = values.mask(self.missing[name]) if name in self.missing else values
        for order in self.table.orders:
            self._put_in_order(order)
        taken: set[str] = set()
        for i in (*self.plan.linked, *self.plan.joined):
            self._set_key(i, taken, parents)

    def _set_key(self, i: int, taken: set[str], parents: dict[str, pd.DataFrame]) -> None:
        key = self.table.foreign_keys[i]
        parent, shared = parents[key.parent], [name for name in key.columns if name in taken]
        nullable = may_be_missing(self.table, key, taken)
        if shared:
            self.parent_row[i] = joined_parents(pd.DataFrame(self.frame), key, shared, parent, self.rng)
            check_found(self.table, key, self.parent_row[i], nullable or _shares_nullable(self.table, shared), self.source)
        rows = self.parent_row[i]
        is_missing = rows < 0
        if nullable:
            is_missing |= self.rng.random(self.n_row) < self.missing_rate
        self._copy(key, rows, parent, taken, is_missing)
        taken |= set(key.columns)

    def _copy(self, key: ForeignKey, rows: Rows, parent: pd.DataFrame, taken: set[str], is_missing: np.ndarray) -> None:
        """Set the columns of a key; where it is missing, those that may be."""
        fixed = {name for name in key.columns if not self.table.column(name).is_nullable}
        copy_key(self.frame, key, rows, parent, taken | (set(key.columns) - fixed), np.zeros(self.n_row, bool))
        copy_key(self.frame, key, rows, parent, taken | fixed, is_missing)

    def set_late_keys(self, parents: dict[str, pd.DataFrame]) -> None:
        """Set keys to rows of the table itself, or of a later one."""
        taken = {name for i in (*self.plan.linked, *self.plan.joined) for name in self.table.foreign_keys[i].columns}
        for i in self.plan.late:
            key = self.table.foreign_keys[i]
            parent, is_self = (pd.DataFrame(self.frame), True) if key.parent == self.table.name else (parents[key.parent], False)
            shared, nullable = [name for name in key.columns if name in taken], may_be_missing(self.table, key, taken)
            if shared:
                self.parent_row[i] = joined_parents(pd.DataFrame(self.frame), key, shared, parent, self.rng)
                check_found(self.table, key, self.parent_row[i], nullable, self.source)
            else:
                self.parent_row[i] = late_parents(key, self.n_row, len(parent), is_self, self.rng)
            is_missing = (self.parent_row[i] < 0) | (nullable & (self.rng.random(self.n_row) < max(self.missing_rate, 0.1)))
            if is_self and nullable:
                is_missing[:1] = True  # the first row has no earlier one
            self._copy(key, self.parent_row[i], parent, taken, is_missing)
            taken |= set(key.columns)

    def _put_in_order(self, order: Order) -> None:
        """Exchange the values of rows that are in the wrong order; those that cannot be exchanged become equal, or missing."""
        if order.low not in self.place or order.high not in self.place:
            line = f"{self.source}, line {order.line}: {self.table.name}"
            raise DatabaseError(
                f"{line}: CHECK ({order.low} <= {order.high}) is on a key, which cannot be honoured; leave it out"
            )
        low, high = self.frame[order.low], self.frame[order.high]
        known = low.notna() & high.notna()
        wrong = known & ((low >= high) if order.is_strict else (low > high)).fillna(False).astype(bool)
        self.frame[order.low], self.frame[order.high] = low.mask(wrong, high), high.mask(wrong, low)


def from_one(column: Column) -> Column:
    """Begin the numbers of a column that counts with 1."""
    return replace(column, low=1.0) if column.kind in ("integer", "decimal") else column


def uniform(value: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    """Place of each number between 0 and 1: the logistic law's distribution function of its standardised value."""
    deviation = value.std()
    return 1 / (1 + np.exp(-1.702 * (value - value.mean()) / (deviation if deviation > 0 else 1.0)))


def _in_several_keys(table: DeclaredTable) -> set[str]:
    """Columns that several foreign keys have."""
    names = [name for key in table.foreign_keys for name in key.columns]
    return {name for name in names if names.count(name) > 1}


def _shares_nullable(table: DeclaredTable, shared: list[str]) -> bool:
    return any(table.column(name).is_nullable for name in shared)
