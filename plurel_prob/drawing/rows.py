"""The rows of a declared table while they are made: numbers of values, rows of parents."""

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float64, Int64

from plurel_prob.declared.schema import Column, DeclaredTable, ForeignKey, Rule
from plurel_prob.declared.text import fail
from plurel_prob.domains.columns import domain_within
from plurel_prob.domains.fitting import breaking
from plurel_prob.domains.guesses import Guesses
from plurel_prob.domains.numbers import Domain, nearest
from plurel_prob.domains.records import Records
from plurel_prob.drawing.plan import TablePlan
from plurel_prob.stores.arrow import array_of

MOST_MISSING = 0.2  # share of a column whose meaning is guessed
NUMBERING = 0.9  # correlation of ranks with row numbers, above which a column says little else

Rows = Int64[np.ndarray, " row"]
ParentCodes = Int64[np.ndarray, " parent"]


class Coded(NamedTuple):
    """Values of a column by their numbers in a domain, which columns that copy each other share; -1: missing."""

    code: Int64[np.ndarray, "..."]
    domain: Domain


Codes = Mapping[str, Coded]  # by column


class TableRows:
    """A table: which value each cell has, by number, and which parent each key.

    Args:
        plan: what is drawn how.
        n_row: number of rows.
        source: what errors name.
        rng: for what the program does not draw.
        missing_rate: share of missing values in columns that allow them.
        window: first and last day.

    Attributes:
        parent_row: of each key, by its number; -1: missing.
        domain: of each column that has values of its own.
        place: numbers of the values of these columns.
        missing: rows where such a column is missing.
        codes: of all columns that are set.
        origin: key that a column's values come from.
    """

    def __init__(
        self, plan: TablePlan, n_row: int, source: str, rng: np.random.Generator, missing_rate: float, window: tuple[int, int]
    ):
        self.plan, self.n_row, self.source, self.rng = plan, n_row, source, rng
        self.missing_rate, self.window = missing_rate, window
        self.parent_row: dict[int, Rows] = {}
        self.domain: dict[str, Domain] = {}
        self.place: dict[str, Rows] = {}
        self.missing: dict[str, Bool[np.ndarray, " row"]] = {}
        self.codes: dict[str, Coded] = {}
        self.origin: dict[str, int] = {}
        self.able: dict[int, Rows] = {}  # rows of the parent that each linked key can refer to
        self.records: dict[tuple[str, str], Records] = {}
        self.drawn: dict[str, Float64[np.ndarray, " row"]] = {}  # place of each row in the law of a column, from 0 to 1
        self.time: Float64[np.ndarray, " row"] | None = None  # by the program, in seconds since 1970
        self.came = np.full(n_row, -np.inf)  # when rows came about, likewise; minus infinity: at the start
        self.salt = 0 if plan.guesses is None else int(rng.integers(2**32))
        self.filler: dict[int, Rows] = {}  # parents whose columns stand where a key is missing and a column of it must not be

    @property
    def table(self) -> DeclaredTable:
        """Its declaration."""
        return self.plan.table

    def key(self, i: int) -> ForeignKey:
        """Foreign key by its number."""
        return self.table.foreign_keys[i]

    def set_features(self, drawn: Sequence[tuple[int, Float64[np.ndarray, " row"]]]) -> None:
        """Place what the causal model drew, categories (of so many) and numbers (0 of them), in the columns' domains."""
        for column, (n_label, value) in zip(self.plan.features, drawn, strict=True):
            domain = self._add(column)
            ranks = uniform if self.plan.guesses is None else self._ranks
            self.drawn[column.name] = ranks(value)
            place = value.astype(np.int64) if n_label else domain.spread(self.drawn[column.name])
            self.place[column.name] = np.minimum(place, domain.size - 1)
        for column in self.plan.counted:
            domain, is_primary = self._add(column), self.table.primary_key == (column.name,)
            if self.n_row > domain.size:
                few = f"is unique, but its type has {domain.size:,} values; give fewer with --rows {self.table.name}=N"
                fail(self.source, column.line, f"{self.table.name}.{column.name} {few} than {self.n_row:,}")
            own = [rule for rule in self.plan.rules_on(column) if rule.columns == (column.name,)]
            allowed = self._allowed(column, domain, own) if own else None
            numbers = np.arange(self.n_row) if is_primary else self.rng.permutation(self.n_row)
            self.place[column.name] = numbers if allowed is None else allowed[numbers]
        if self.plan.guesses is not None:
            self._share_records(self.plan.guesses)

    def _ranks(self, value: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
        """Ranks of numbers, from 0 to 1; equal ones are in any order, and so are those that only number the rows."""
        n, order = len(value), np.lexsort((self.rng.random(len(value)), value))
        if n > 2 and abs(np.corrcoef(order, np.arange(n))[0, 1]) > NUMBERING:
            order = self.rng.permutation(n)
        found = np.empty(n)
        found[order] = (np.arange(n) + 0.5) / n
        return found

    def _share_records(self, guesses: Guesses) -> None:
        """Write columns that are of the same thing from the same records, such as a name and an address of e-mail."""
        counted = [column.name for column in self.plan.counted]
        for names in guesses.groups:
            base = next((name for name in counted if name in names), names[0])
            for name in names:
                if self.domain[name].size == self.domain[base].size and not self.plan.rules_on(self.table.column(name)):
                    self.place[name] = self.place[base]
        for name, record in guesses.located.items():
            names = [text for text in guesses.text if guesses.group(text) == record.group]
            records = self.records[record.group]
            at = np.array([float(records[k][record.item]) for k in self.place[names[0]].tolist()])
            self.place[name] = nearest(self.domain[name], at)

    def _allowed(self, column: Column, domain: Domain, rules: Sequence[Rule]) -> Rows:
        """First numbers of values that the rules on a column that numbers rows allow."""
        for n in (self.n_row, 4 * self.n_row + 100, 100 * self.n_row + 10_000):
            place = np.arange(min(n, domain.size))
            allowed = place[~breaking(domain, column, rules, place)]
            if len(allowed) >= self.n_row:
                break
        if len(allowed) < self.n_row:
            few = f"is unique, and its CHECK leaves too few values; give fewer rows with --rows {self.table.name}=N"
            fail(self.source, column.line, f"{self.table.name}.{column.name} {few}")
        return allowed

    def _add(self, column: Column) -> Domain:
        line = "" if column.line is None else f", line {column.line}"
        where = f"{self.source}{line}: {self.table.name}.{column.name}"
        rules, is_counted = self.plan.rules_on(column), column in self.plan.counted
        guess = None if self.plan.guesses is None else self.plan.guesses.guess(column, self.records, self.salt)
        given = {"is_counted": is_counted, "guess": guess}
        domain = domain_within(rules, column, self.rng, self.n_row, self.window, where, **given)
        self.domain[column.name] = domain
        if column.is_nullable:
            rate = self._missing_rate(column) if not column.is_unknown else float(column.default is None)
            self.missing[column.name] = self.rng.random(self.n_row) < rate
        return domain

    def _missing_rate(self, column: Column) -> float:
        """Share of missing values of a column that allows them: the table's. Where it is guessed what columns mean, half of
        them have none, and names have none.
        """
        if self.plan.guesses is None:
            return self.missing_rate
        if self.plan.guesses.is_name(column):
            return 0.0
        return min(self.missing_rate, MOST_MISSING) if self.at(f"{column.name} missing") < 0.5 else 0.0

    def reorder(self, order: Rows) -> Rows:
        """Put the rows in another order, but for columns that number them; return the new number of each row."""
        if self.time is not None:
            self.time = self.time[order]
        numbers = {column.name for column in self.plan.counted if self.table.primary_key == (column.name,)}
        for part in (self.place, self.missing, self.filler, self.parent_row, self.drawn):
            for name in part:
                if name not in numbers:
                    part[name] = part[name][order]  # type: ignore[index]
        return np.argsort(order)  # the inverse

    def set_codes(self, parents: Mapping[str, Codes]) -> None:
        """Set the codes of all columns from the numbers of their values and the rows of their parents."""
        self.codes, self.origin = {}, {}
        for name in self.place:
            self.set_own_code(name)
        for i in self.parent_row:
            there = self.codes if self.key(i).parent == self.table.name else parents[self.key(i).parent]
            for name, asked in zip(self.key(i).columns, self.key(i).parent_columns, strict=True):
                if name not in self.codes:
                    code = self._copy(i, name, there[asked].code)
                    self.codes[name], self.origin[name] = Coded(code, there[asked].domain), i

    def _copy(self, i: int, name: str, there: ParentCodes) -> Rows:
        """Codes of a column of a key: those of the parent's rows; missing, if it may be, where the key is."""
        rows = self.parent_row[i]
        if self.table.column(name).is_nullable:
            return np.where(rows < 0, -1, there[np.maximum(rows, 0)])
        return there[np.where(rows < 0, self.filler[i], rows)]

    def number(self, name: str) -> Float64[np.ndarray, " row"]:
        """Values of a column of numbers of its own; NaN where it is missing."""
        value = self.domain[name].axis(self.place[name]).astype(np.float64)
        return np.where(self.missing[name], np.nan, value) if name in self.missing else value

    def at(self, name: str) -> float:
        """A number from 0 to 1 for a column, always the same."""
        return float(np.random.default_rng([self.salt, zlib.crc32(name.encode())]).random())

    def set_own_code(self, name: str) -> None:
        """Set the codes of one column with values of its own."""
        code = np.where(self.missing[name], -1, self.place[name]) if name in self.missing else self.place[name]
        self.codes[name] = Coded(code, self.domain[name])

    def values_of(self, names: Sequence[str], chosen: Bool[np.ndarray, " row"] | None = None) -> pa.Table:
        """Values of columns that are set, of all rows or of some."""
        arrays = []
        for name in names:
            code = self.codes[name].code if chosen is None else self.codes[name].code[chosen]
            values = pd.Series(self.codes[name].domain.values(np.maximum(code, 0)))
            arrays.append(array_of(values.mask(code < 0), self.table.column(name)))
        return pa.table(arrays, list(names))

    def keep(self, is_kept: Bool[np.ndarray, " row"]) -> Rows:
        """Leave the other rows out; return the new number of each row, -1 for those."""
        number = np.where(is_kept, np.cumsum(is_kept) - 1, -1)
        self.n_row = int(is_kept.sum())
        self.time = None if self.time is None else self.time[is_kept]
        for part in (self.place, self.missing, self.filler, self.parent_row, self.drawn):
            for name in part:
                part[name] = part[name][is_kept]  # type: ignore[index]
        for i in self.plan.inner:
            for part in (self.parent_row, self.filler):
                part[i] = np.where(part[i] < 0, -1, number[part[i]])
            self.filler[i] = np.maximum(self.filler[i], 0)
        self.codes = {name: coded._replace(code=coded.code[is_kept]) for name, coded in self.codes.items()}
        return number

    def may_be_missing(self, i: int) -> bool:
        """Whether a key can be missing: by a nullable column that it does not share with a key before it, or of its own."""
        return any(self.table.column(name).is_nullable and self.origin.get(name, i) == i for name in self.free(i))

    def free(self, i: int) -> list[str]:
        """Columns that a key sets."""
        return [name for name in self.key(i).columns if name not in self.place and self.origin.get(name, i) == i]

    def shared(self, i: int) -> list[str]:
        """Columns of a key that are set without it."""
        return [name for name in self.key(i).columns if name in self.codes and self.origin.get(name) != i]


def uniform(value: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    """Place of each number between 0 and 1: the logistic law's distribution function of its score, from median and quartiles.

    Beyond eight quartile ranges scores are cut off.
    """
    low, middle, high = np.quantile(value, [0.25, 0.5, 0.75])
    scale = (high - low) / 1.35 or value.std() or 1.0
    return 1 / (1 + np.exp(-1.702 * np.clip((value - middle) / scale, -8, 8)))


def recode(source: Coded, target: Coded) -> Int64[np.ndarray, "..."]:
    """Codes of a column in the numbering of another; -2 for a value that the other does not have, -1 for a missing one."""
    if source.domain is target.domain:
        return source.code
    theirs, ours = (np.unique(coded.code[coded.code >= 0]) for coded in (target, source))
    known = pd.Series(theirs, index=pd.Index(list(target.domain.values(theirs)), dtype=object))
    found = known.reindex(pd.Index(list(source.domain.values(ours)), dtype=object)).fillna(-2).to_numpy(np.int64)
    place = np.searchsorted(ours, source.code)
    return np.where(source.code < 0, -1, np.append(found, -1)[np.minimum(place, len(found))])


def matching(shared: Sequence[Rows], there: Sequence[ParentCodes], u: Float64[np.ndarray, " row"]) -> Rows:
    """Choose a row of the parent that has the same codes as each row; -1 where there is none, or a code is missing.

    Args:
        shared: codes of the child, column by column.
        there: codes of the parent.
        u: numbers from 0 to 1 that choose among the rows that agree.
    """
    n = len(u)
    both = pd.DataFrame({k: np.concatenate(pair) for k, pair in enumerate(zip(shared, there, strict=True))})
    code = both.groupby(list(both), sort=False).ngroup().to_numpy(np.int64)
    of_child, of_parent = code[:n], code[n:]
    order = np.argsort(of_parent, kind="stable")
    first = np.searchsorted(of_parent[order], of_child, "left")
    n_match = np.searchsorted(of_parent[order], of_child, "right") - first
    is_known = np.all([part >= 0 for part in shared], axis=0) & (n_match > 0)
    chosen = first + np.minimum((u * n_match).astype(np.int64), np.maximum(n_match - 1, 0))
    return np.where(is_known, order[np.minimum(chosen, len(order) - 1)], -1)
