"""Schemas as they are declared: tables, columns, types, keys and constraints, whatever dialect they came from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple, TypeVar

Kind = Literal[
    "integer",
    "decimal",
    "float",
    "boolean",
    "category",
    "date",
    "time",
    "timestamp",
    "interval",
    "text",
    "uuid",
    "json",
    "blob",
]


Number = int | Decimal | float  # exactly as it is written: integers and decimals; only columns of floats have floats


class OtherType(NamedTuple):
    """A type that is none of the kinds.

    Attributes:
        dialect: that has it.
        name: as it is written there, with its arguments; empty: no store can be given it.
        form: ``unknown``: nobody knows its values, and none are drawn; ``bits``, ``vector``, ``sparsevec``: what its text is
            like; ``kind``: like other values of the column's kind.
        size: number of bits, or of a vector's components, if it is declared.
    """

    dialect: str
    name: str
    form: str
    size: int | None = None


@dataclass(frozen=True)
class Column:
    """A column: what its values can be.

    Attributes:
        name: without quotes.
        kind: what values are. A column of any type whose values are listed (an enumeration, ``CHECK ... IN``) is a ``category``.
        is_nullable: whether a value may be missing.
        bits: of an ``integer``: 8, 16, 32 or 64; None: 128, as DuckDB's widest.
        is_unsigned: whether an integer cannot be negative.
        precision: digits of a ``decimal``; None for as many as the store has.
        scale: digits of a ``decimal`` after the point.
        length: most characters of a ``text``, most bytes of a ``blob``; None: no bound.
        has_zone: whether a ``time`` or ``timestamp`` has a time zone.
        labels: values of a ``category``, in their order: all strings, or all numbers.
        low: least value by ``CHECK``, of numbers only; of integers and decimals exactly as it is declared, of floats a float.
        high: greatest value by ``CHECK``, likewise.
        is_low_open: whether ``low`` itself is forbidden.
        is_high_open: whether ``high`` itself is forbidden.
        is_padded: whether texts are filled up with spaces to their ``length``.
        default: literal that stands for a missing value on insertion, as text; None: there is none, or it is an expression.
        line: of the declaration, counted from 1; None: it has none.
        other: its type, where that is none of the kinds.
    """

    name: str
    kind: Kind
    is_nullable: bool = True
    bits: int | None = None
    is_unsigned: bool = False
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    has_zone: bool = False
    labels: tuple[str, ...] | tuple[Number, ...] = ()
    low: Number | None = None
    high: Number | None = None
    is_low_open: bool = False
    is_high_open: bool = False
    default: str | None = None
    line: int | None = field(default=None, compare=False)
    is_padded: bool = field(default=False, compare=False)
    other: OtherType | None = field(default=None, compare=False, repr=False)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows what its values are."""
        return self.other is not None and self.other.form == "unknown"


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to the primary key, or to unique columns, of a table, column by column."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Order:
    """``CHECK (low <= high)``, or ``<``: a constraint on two columns of a row; it holds where one of them is missing."""

    low: str
    high: str
    is_strict: bool
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Rule:
    """Any other ``CHECK``: what it says of one row, or of which rows a unique index is.

    Attributes:
        text: a condition in DuckDB's SQL, of columns in quotes; it holds unless it is false, as a CHECK does.
        columns: that it mentions, in their order.
        line: of the declaration.
    """

    text: str
    columns: tuple[str, ...]
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class UniqueIndex:
    """What is unique in another way than whole columns of all rows are.

    Attributes:
        keys: expressions in DuckDB's SQL that are unique together.
        columns: that these mention.
        where: of which rows; None: of all.
        are_missing_alike: whether two missing values are the same (``NULLS NOT DISTINCT``).
        line: of the declaration.
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    where: Rule | None = None
    are_missing_alike: bool = False
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DeclaredTable:
    """A table.

    Attributes:
        name: without quotes; with the schema's name and a dot before it only where tables of two schemas share a name.
        columns: in their order.
        primary_key: its columns; empty: the table has none.
        unique: columns that are unique together, but for the primary key; rows in which one of them is missing do not count.
        foreign_keys: in their order.
        orders: constraints on two columns.
        rules: other constraints on the values of a row.
        indexes: what is unique in other ways.
        line: of the declaration.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    orders: tuple[Order, ...] = ()
    rules: tuple[Rule, ...] = ()
    indexes: tuple[UniqueIndex, ...] = ()
    line: int | None = field(default=None, compare=False)

    def column(self, name: str) -> Column:
        """Column of a name.

        Raises:
            KeyError: there is none.
        """
        return _named(self.columns, name)


@dataclass(frozen=True)
class Refusal:
    """A constraint that cannot be honoured.

    Attributes:
        where: table and column, and the constraint as it is written.
        reason: why, and what to do.
        line: of the declaration.
        table: that has it.
        check: the condition on a row in DuckDB's SQL, if it is such; rows may be counted that break it.
    """

    where: str
    reason: str
    line: int | None
    table: str
    check: str = ""


@dataclass(frozen=True)
class DeclaredSchema:
    """Tables in the order of their declaration.

    A database in memory has a :class:`plurel_prob.databases.DatabaseSchema`, which is what RelBench format can say: one column a
    key, kinds of columns. A declaration says more, and all of it holds in what is drawn or written: exact types, keys of several
    columns, constraints. :mod:`plurel_prob.stores.infer` makes this of that,
    :mod:`plurel_prob.stores.relbench_form` that of this.

    Attributes:
        tables: with all constraints that are honoured.
        source: what errors name: a path, or a URL without its password.
        ignored: constraints that are not honoured, where this was asked for.
        skipped: in words, what of the declaration is not in the tables, as it could not be read, and where it is.
    """

    tables: tuple[DeclaredTable, ...]
    source: str
    ignored: tuple[Refusal, ...] = ()
    skipped: tuple[str, ...] = field(default=(), compare=False)

    def table(self, name: str) -> DeclaredTable:
        """Table of a name.

        Raises:
            KeyError: there is none.
        """
        return _named(self.tables, name)


def quoted(name: str) -> str:
    """Name as SQL's identifier."""
    return '"' + name.replace('"', '""') + '"'


Part = TypeVar("Part", Column, DeclaredTable)


def _named(parts: Iterable[Part], name: str) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise KeyError(name)
