"""The ``Database``: one draw, as its users see it."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from plurel_prob.databases import disk
from plurel_prob.databases.latents import latents
from plurel_prob.databases.schema import DatabaseSchema
from plurel_prob.databases.tables import materialise
from plurel_prob.models.database import Draw
from plurel_prob.priors import Prior

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import


class Database:
    """A relational database: one draw from the joint program.

    Attributes:
        tables: name to data frame. Columns are typed: ``row_idx`` int64, foreign keys nullable Int64, ``date`` datetime64,
            features float32, bool or category.
        schema: tables, columns, keys, graph, time window.
        seed: what it was drawn with.
        prior: what it was drawn from.
    """

    def __init__(
        self,
        tables: dict[str, pd.DataFrame],
        schema: DatabaseSchema,
        seed: int,
        prior: Prior,
        *,
        draw: Draw | None = None,
        path: Path | None = None,
    ):
        self.tables, self.schema, self.seed, self.prior = tables, schema, seed, prior
        self._draw, self._path = draw, path

    @classmethod
    def from_draw(cls, draw: Draw, seed: int, prior: Prior) -> "Database":
        """Materialise a draw."""
        tables, schema = materialise(draw, prior.features.has_booleans)
        return cls(tables, schema, seed, prior, draw=draw)

    @property
    def name(self) -> str:
        """``plurel-<seed>``."""
        return f"plurel-{self.seed}"

    @property
    def n_cell(self) -> int:
        """Number of feature cells of all tables."""
        return self.schema.n_cell

    @cached_property
    def latents(self) -> DataTree:
        """Every latent of the draw, as an ``xarray.DataTree`` in ArviZ's group layout.

        ``latents["prior"]`` has what the database has once (graph over tables, rows, window); ``latents["prior/table_0"]`` what
        a table has: its causal graph (``edge``; ``graph`` has the marks of its law), weights, node values, and the block model
        of its foreign keys. A long table that was written part by part (``sample_to``) has its first 8,192 rows there.
        """
        if self._draw is not None:
            return latents(self._draw)
        assert self._path is not None
        return disk.read_latents(self._path)

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the database to the folder ``path``, in RelBench 3 format, with latents and provenance beside the tables.

        The folder appears complete or not at all.

        Raises:
            DatabaseError: ``path`` exists and ``overwrite`` is false, or it cannot be written.
        """
        return disk.write(self, Path(path), overwrite=overwrite)

    def __repr__(self) -> str:
        tables = self.schema.tables.values()
        n_row, n_key = sum(t.n_row for t in tables), len(self.schema.graph)
        return f"Database({self.name}: {len(tables)} tables, {n_row} rows, {self.n_cell} cells, {n_key} foreign keys)"


def load(path: Path | str) -> Database:
    """Read a database that :meth:`Database.save` wrote. Latents are read when they are first looked at.

    Raises:
        DatabaseError: the folder is no such database; the message names the file.
    """
    tables, schema, seed, prior = disk.read(Path(path))
    return Database(tables, schema, seed, prior, path=Path(path))
