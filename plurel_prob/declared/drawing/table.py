"""The rows of one declared table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.declared.drawing.distinct import distinct, is_first, ranked
from plurel_prob.declared.drawing.domains import Domain, domain_of
from plurel_prob.declared.drawing.links import check_found, copy_key, joined_parents, may_be_missing
from plurel_prob.declared.drawing.orders import put_in_order
from plurel_prob.declared.drawing.plan import TablePlan, late_parents
from plurel_prob.declared.schema import Column, DeclaredTable, ForeignKey, Order
from plurel_prob.declared.text import fail

Rows = Int64[np.ndarray, " row"]
N_ROUND = 30


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
                few = f"is unique, but its type has {domain.size:,} values; give fewer with --rows {self.table.name}=N"
                fail(self.source, column.line, f"{self.table.name}.{column.name} {few} than {self.n_row:,}")

    def satisfy(self, n_parent: dict[int, int]) -> None:
        """Put columns in order, and tell rows apart, as declared; ``n_parent`` has the rows of the parents of linked keys.

        Raises:
            DatabaseError: there are more rows than combinations of values.
        """
        shared, sets = _in_several_keys(self.table), [c for c in (self.table.primary_key, *self.table.unique) if c]
        for _ in range(N_ROUND):
            changes = [self._put_in_order(order) for order in self.table.orders]
            changes += [self._tell_apart(columns, n_parent, shared) for columns in sets]
            if not any(changes):
                return
        what = "unique columns and CHECKs on two columns leave too little room together; widen the ranges, or give fewer rows"
        fail(self.source, self.table.line, f"{self.table.name}: {what}")

    def _tell_apart(self, columns: tuple[str, ...], n_parent: dict[int, int], shared: set[str]) -> bool:
        """Tell rows apart by some columns; return whether any changed."""
        keys = [i for i in self.parent_row if set(self.table.foreign_keys[i].columns) & set(columns)]
        own = [name for name in columns if name in self.place]
        if any(column.name in own for column in self.plan.counted):
            return False
        known = ~np.any([self.missing[name] for name in own if name in self.missing] or [np.zeros(self.n_row, bool)], axis=0)
        parts = [self.parent_row[i][known] for i in keys] + [self.place[name][known] for name in own]
        sizes = [n_parent[i] for i in keys] + [self.domain[name].size for name in own]
        moves = [not set(self.table.foreign_keys[i].columns) & shared for i in keys] + [True] * len(own)
        if not parts or is_first(parts).all():
            return False
        if len(parts) == 1 and own and known.sum() <= sizes[0] < 4 * known.sum():
            found: list[Rows] | None = [ranked(parts[0] + self.rng.random(known.sum()), sizes[0])]
        else:
            found = distinct(parts, sizes, moves, self.rng)
        if found is None:
            few = f"is unique, and there are not enough values to tell {self.n_row:,} rows apart"
            hint = f"give fewer with --rows {self.table.name}=N, or more to its parents"
            fail(self.source, self.table.column(columns[0]).line, f"{self.table.name}.({', '.join(columns)}) {few}; {hint}")
        for i, rows in zip(keys, found, strict=False):
            self.parent_row[i][known] = rows
        for name, place in zip(own, found[len(keys) :], strict=True):
            self.place[name][known] = place
        return True

    def finish(self, parents: dict[str, pd.DataFrame]) -> None:
        """Turn numbers of values into values, and rows of parents into columns."""
        for name, place in self.place.items():
            values = pd.Series(self.domain[name].values(place))
            self.frame[name] = values.mask(self.missing[name]) if name in self.missing else values
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
                is_unique = any(
                    set(columns) <= set(key.columns) for columns in (self.table.primary_key, *self.table.unique) if columns
                )
                self.parent_row[i] = late_parents(self.n_row, len(parent), is_self, is_unique, self.rng)
            is_missing = (self.parent_row[i] < 0) | (nullable & (self.rng.random(self.n_row) < max(self.missing_rate, 0.1)))
            if is_self and nullable:
                is_missing[:1] = True  # the first row has no earlier one
            self._copy(key, self.parent_row[i], parent, taken, is_missing)
            taken |= set(key.columns)

    def _put_in_order(self, order: Order) -> bool:
        """Change the rows that are in the wrong order; return whether there are any.

        Raises:
            DatabaseError: there is no way, or a column is a foreign key.
        """
        names, what = (
            (order.low, order.high),
            f"{self.table.name}: CHECK ({order.low} {'<' if order.is_strict else '<='} {order.high})",
        )
        if not set(names) <= set(self.place):
            fail(self.source, order.line, f"{what} is on a foreign key; leave it out")
        known = ~np.any([self.missing[name] for name in names if name in self.missing] or [np.zeros(self.n_row, bool)], axis=0)
        counted = {column.name for column in self.plan.counted}
        places = self.place[order.low][known], self.place[order.high][known]
        domains = self.domain[order.low], self.domain[order.high]
        found = put_in_order(domains, places, order.is_strict, (order.low not in counted, order.high not in counted))
        if found is None:
            fail(self.source, order.line, f"{what}: the ranges of the columns leave too little room")
        self.place[order.low][known], self.place[order.high][known] = found
        return not all(np.array_equal(before, after) for before, after in zip(places, found, strict=True))


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
