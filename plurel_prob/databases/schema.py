"""What a database consists of: tables, columns, keys, the graph over tables, the time window and the splits."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from plurel_prob.errors import DatabaseError, bounded_int

PKEY, TIME = "row_idx", "date"
MAX_INDEX = 1_000_000  # of tables, columns and keys
Times = tuple[pd.Timestamp, pd.Timestamp]


def table_name(table: int) -> str:
    """Name of the table with an index."""
    return f"table_{table}"


def index_of(name: str, namer: Callable[[int], str]) -> int | None:
    """Index whose name, by one of the functions here, is ``name``; None if no index can have it."""
    digits = name.rpartition("_")[2]
    index = bounded_int(digits, MAX_INDEX) if digits.isdecimal() else None
    return index if index is not None and namer(index) == name else None


def column_name(column: int) -> str:
    """Name of a feature column of a table."""
    return f"feature_{column}"


def key_name(slot: int) -> str:
    """Name of a foreign key column of a table."""
    return f"foreign_row_{slot}"


@dataclass(frozen=True)
class TableSchema:
    """One table: its size, its feature columns (name to type), and its keys."""

    n_row: int
    columns: dict[str, str]  # "numerical", "boolean" or "categorical"; in real databases "time" or "text", too
    pkey: str | None  # None only in real databases
    time_col: str | None
    fkeys: dict[str, str]  # column to parent table

    @property
    def keys(self) -> set[str]:
        """Columns that are no features: keys and times."""
        return {name for name in (self.pkey, self.time_col, *self.fkeys) if name}

    def without(self, columns: Collection[str]) -> "TableSchema":
        """Leave out some feature columns."""
        return replace(self, columns={name: kind for name, kind in self.columns.items() if name not in columns})


@dataclass(frozen=True)
class DatabaseSchema:
    """All tables, and what is known of their times.

    Attributes:
        tables: name to size, columns and keys.
        window: first and last day; None where nothing tells, as for real databases.
        splits: times at which the validation and the test split start; None where nothing tells.
    """

    tables: dict[str, TableSchema]
    window: Times | None = None
    splits: Times | None = None

    @classmethod
    def drawn(cls, tables: dict[str, TableSchema], window: Times) -> "DatabaseSchema":
        """Schema of a drawn database: validation starts at 80 %, test at 90 % of the window's days."""
        days = (window[1] - window[0]).days
        val, test = (window[0] + pd.Timedelta(days=int(np.floor(share * days))) for share in (0.8, 0.9))
        return cls(tables, window, (val, test))

    @property
    def graph(self) -> list[tuple[str, str, str]]:
        """Edges of the graph over tables: parent, child, and the child's foreign key column."""
        return [(parent, child, key) for child, key, parent in self.foreign_keys]

    @property
    def foreign_keys(self) -> list[tuple[str, str, str]]:
        """Child table, its foreign key column, and the parent table."""
        return [(child, key, parent) for child, table in self.tables.items() for key, parent in table.fkeys.items()]

    @property
    def n_cell(self) -> int:
        """Number of feature cells of all tables."""
        return sum(table.n_row * len(table.columns) for table in self.tables.values())

    @property
    def val_timestamp(self) -> pd.Timestamp:
        """Start of the validation split."""
        return self._known_splits[0]

    @property
    def test_timestamp(self) -> pd.Timestamp:
        """Start of the test split."""
        return self._known_splits[1]

    @property
    def _known_splits(self) -> Times:
        if self.splits is None:
            raise DatabaseError("nothing says where the training split of the database ends")
        return self.splits
