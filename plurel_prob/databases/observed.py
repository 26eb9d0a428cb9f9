"""Databases that are given rather than drawn: any folder in RelBench format."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from plurel_prob.databases.disk import read_tables
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError


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
            DatabaseError: there is no such key, or a value of it is not a row of the parent table.
        """
        if child not in self.schemas or key not in self.schemas[child].fkeys:
            known = ", ".join(f"{table}.{column}" for table, column, _ in self.foreign_keys)
            raise DatabaseError(f"{self.name}: no foreign key {child}.{key}; there are {known or 'none'}")
        parent = self.schemas[child].fkeys[key]
        if parent not in self.tables:
            raise DatabaseError(f"{self.name}: {child}.{key} refers to {parent}, which is no table")
        primary, foreign = self.schemas[parent].pkey, self.tables[child][key]
        frame = self.tables[parent]
        place = pd.Index(frame[primary] if primary else frame.index).get_indexer(foreign.fillna(-1))
        broken = np.flatnonzero((place < 0) & foreign.notna().to_numpy())
        if len(broken):
            raise DatabaseError(
                f"{self.name}: {child}.{key} is {foreign.iloc[broken[0]]} in row {broken[0]}, which is no row of {parent}"
            )
        return place.astype(np.int64)


def observe(path: Path | str) -> ObservedDatabase:
    """Read the tables of a folder in RelBench format.

    Raises:
        DatabaseError: a file is missing or broken; the message names it.
    """
    return ObservedDatabase(Path(path).name, *read_tables(Path(path)))
