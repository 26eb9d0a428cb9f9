"""Databases that are given rather than drawn: any folder in RelBench format."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError, reason, shown

MAX_KNOWN = 1000  # characters of the keys that there are


@dataclass(frozen=True)
class ObservedDatabase:
    """Tables, real or drawn, without latents.

    Attributes:
        name: of its folder.
        tables: name to data frame.
        schemas: name to columns and keys.
    """

    name: str
    tables: dict[str, pd.DataFrame]
    schemas: dict[str, TableSchema]

    @property
    def foreign_keys(self) -> list[tuple[str, str, str]]:
        """Child table, its foreign key column, and the parent table."""
        return [(child, key, parent) for child, schema in self.schemas.items() for key, parent in schema.fkeys.items()]

    def parent_row(self, child: str, key: str) -> np.ndarray:
        """Index of the parent row of every child row, int64; -1 where the key is missing.

        Raises:
            DatabaseError: there is no such key, or no column of it, or a value of it is not a row of the parent table.
        """
        if child not in self.schemas or key not in self.schemas[child].fkeys:
            known = ", ".join(f"{table}.{column}" for table, column, _ in self.foreign_keys)
            what = shown(f"{child}.{key}")
            raise DatabaseError(f"{self.name}: no foreign key {what}; there are {shown(known, MAX_KNOWN) or 'none'}")
        parent = self.schemas[child].fkeys[key]
        if parent not in self.tables:
            raise DatabaseError(f"{self.name}: {shown(f'{child}.{key}')} refers to {shown(parent)}, which is no table")
        what = f"{self.name}: {shown(f'{child}.{key}')}"
        primary, frame = self.schemas[parent].pkey, self.tables[parent]
        if key not in self.tables[child]:
            raise DatabaseError(f"{what} is a key, and the table has no such column")
        if primary is not None and primary not in frame:
            raise DatabaseError(f"{what} refers to {shown(f'{parent}.{primary}')}, which is no column of that table")
        foreign = self.tables[child][key]
        values, is_there = pd.Index(frame[primary] if primary else frame.index), foreign.notna().to_numpy()
        place = np.full(len(foreign), -1, np.int64)
        try:
            twice = np.flatnonzero(values.duplicated())
            if not len(twice):
                place[is_there] = values.get_indexer(pd.Index(foreign[is_there]))
        except (TypeError, ValueError) as error:  # lists have no order and no hash
            raise DatabaseError(f"{what} cannot be compared with {shown(f'{parent}.{primary}')}: {reason(error)}") from None
        if len(twice):
            value = shown(str(values[twice[0]]))
            raise DatabaseError(f"{what} refers to {shown(f'{parent}.{primary}')}, which is {value} in row {twice[0]} and before")
        broken = np.flatnonzero((place < 0) & is_there)
        if len(broken):
            value = shown(str(foreign.iloc[broken[0]]))
            raise DatabaseError(f"{what} is {value} in row {broken[0]}, which is no row of {shown(parent)}")
        return place
