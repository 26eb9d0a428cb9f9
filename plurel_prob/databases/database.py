"""The ``Database``: tables, their schema, and what is known of their origin."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plurel_prob.databases.flat import Groups, tree_of
from plurel_prob.databases.provenance import Origin
from plurel_prob.databases.schema import DatabaseSchema
from plurel_prob.errors import DatabaseError, reason, shown

if TYPE_CHECKING:
    import networkx as nx
    from torch_geometric.data import HeteroData
    from xarray import DataTree

    from plurel_prob.interventions.counterfactual import Replay
    from plurel_prob.interventions.effects import AverageEffect
    from plurel_prob.models.database import Draw
    from plurel_prob.priors import Prior
else:
    DataTree = Draw = Prior = Any  # they are slow to import

MAX_KNOWN = 1000  # characters of the keys that there are


class Database:
    """A relational database, drawn or real.

    Attributes:
        name: ``plurel-<seed>`` of a drawn one, else that of its folder.
        tables: name to data frame. Columns of drawn ones are typed: ``row_idx`` int64, foreign keys nullable Int64, ``date``
            datetime64, features float32, int32, bool or category.
        schema: tables, columns, keys, graph, time window, splits.

    Args:
        name: see above, as ``tables`` and ``schema``.
        origin: seed, prior and more that it was drawn with; None for a database that was not drawn.
        read_latents: function that gives the latents as plain arrays, by the path of their group; None if there are none.
    """

    def __init__(
        self,
        name: str,
        tables: dict[str, pd.DataFrame],
        schema: DatabaseSchema,
        origin: Origin | None = None,
        *,
        read_latents: Callable[[], Groups] | None = None,
    ):
        self.name, self.tables, self.schema = name, tables, schema
        self._origin, self._read_latents = origin, read_latents

    @classmethod
    def from_draw(cls, draw: Draw, seed: int, prior: Prior, given: tuple[str, ...] = ()) -> "Database":
        """Materialise a draw."""
        from plurel_prob.databases.latents import latents
        from plurel_prob.databases.tables import materialise

        origin = Origin(seed, prior, given)
        return cls(origin.name, *materialise(draw, prior.features.has_booleans), origin, read_latents=partial(latents, draw))

    @property
    def is_drawn(self) -> bool:
        """Whether it is a draw, with an origin."""
        return self._origin is not None

    @property
    def origin(self) -> Origin:
        """What it was drawn with, see :attr:`seed`, :attr:`prior`, :attr:`given` and :attr:`by_hand`.

        Raises:
            DatabaseError: it was not drawn.
        """
        if self._origin is None:
            raise DatabaseError(f"{self.name}: was not drawn, so that it has no seed, prior or latents")
        return self._origin

    def read_latents(self) -> Groups:
        """Return the latents as plain arrays, by the path of their group.

        Raises:
            DatabaseError: there are none, or they cannot be read.
        """
        if self._read_latents is None:
            raise DatabaseError(f"{self.name}: has no latents")
        return self._read_latents()

    @property
    def seed(self) -> int:
        """Seed that drew it."""
        return self.origin.seed

    @property
    def prior(self) -> Prior:
        """Prior that it was drawn from."""
        return self.origin.prior

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what was given when it was drawn, see :func:`plurel_prob.sample`."""
        return self.origin.given

    @property
    def by_hand(self) -> tuple[str, ...]:
        """Columns (``table.column``) that were set: by :meth:`do`, or given when it was drawn."""
        return self.origin.by_hand

    @property
    def n_cell(self) -> int:
        """Number of feature cells of all tables."""
        return self.schema.n_cell

    def parent_row(self, child: str, key: str) -> np.ndarray:
        """Index of the parent row of every child row, int64; -1 where the key is missing.

        Raises:
            DatabaseError: there is no such key, or no column of it, or a value of it is not a row of the parent table.
        """
        schemas = self.schema.tables
        if child not in schemas or key not in schemas[child].fkeys:
            known = ", ".join(f"{table}.{column}" for table, column, _ in self.schema.foreign_keys)
            what = shown(f"{child}.{key}")
            raise DatabaseError(f"{self.name}: no foreign key {what}; there are {shown(known, MAX_KNOWN) or 'none'}")
        parent = schemas[child].fkeys[key]
        if parent not in self.tables:
            raise DatabaseError(f"{self.name}: {shown(f'{child}.{key}')} refers to {shown(parent)}, which is no table")
        what = f"{self.name}: {shown(f'{child}.{key}')}"
        primary, frame = schemas[parent].pkey, self.tables[parent]
        if key not in self.tables[child]:
            raise DatabaseError(f"{what} is a key, and the table has no such column")
        if primary is not None and primary not in frame:
            raise DatabaseError(f"{what} refers to {shown(f'{parent}.{primary}')}, which is no column of that table")
        foreign = self.tables[child][key]
        values, is_there = pd.Index(frame[primary] if primary else frame.index), foreign.notna().to_numpy()
        row = np.full(len(foreign), -1, np.int64)
        try:
            twice = np.flatnonzero(values.duplicated())
            if not len(twice):
                row[is_there] = values.get_indexer(pd.Index(foreign[is_there]))
        except (TypeError, ValueError) as error:  # lists have no order and no hash
            raise DatabaseError(f"{what} cannot be compared with {shown(f'{parent}.{primary}')}: {reason(error)}") from None
        if len(twice):
            value = shown(str(values[twice[0]]))
            raise DatabaseError(f"{what} refers to {shown(f'{parent}.{primary}')}, which is {value} in row {twice[0]} and before")
        broken = np.flatnonzero((row < 0) & is_there)
        if len(broken):
            value = shown(str(foreign.iloc[broken[0]]))
            raise DatabaseError(f"{what} is {value} in row {broken[0]}, which is no row of {shown(parent)}")
        return row

    @cached_property
    def latents(self) -> DataTree:
        """Every latent of the draw, as an ``xarray.DataTree`` in ArviZ's group layout.

        ``latents["prior"]`` has what the database has once (graph over tables, rows, window); ``latents["prior/table_0"]`` what
        a table has: its causal graph (``edge``; ``graph`` has the marks of its law), weights, node values, and the block model
        of its foreign keys. A long table that was written part by part (``sample_to``) has its first 8,192 rows there.
        """
        return tree_of(self.read_latents())

    @cached_property
    def replay(self) -> "Replay":
        """The program, ready to run again on the latents; made when it is first needed.

        Raises:
            DatabaseError: see :meth:`do`.
        """
        from plurel_prob.interventions.counterfactual import Replay

        return Replay(self)

    def do(self, columns: Mapping[str, Any]) -> "Database":
        r"""Return the counterfactual database in which some columns have other values, under the same noise.

        Pearl's three steps: the latents are known, so abduction is exact; the columns' mechanisms are replaced by the values;
        what they cause follows, in their own table and through foreign keys in others. Mechanisms stay as they are: grids,
        ranks and boundaries are those of the natural values. Every cell that does not change is the same to the last bit.

        Args:
            columns: for each ``table.column`` a value, an array with a value a row (missing: as drawn), or a function from the
                natural column, a pandas Series, to such an array. Where ranks leave a gap at a number, its node
                takes the value that comes nearest. Cells that are missing stay so; what they cause follows.

        Raises:
            DatabaseError: there is no such column, it cannot show a value, columns of the database were set before (set all
                in one call), or it was written part by part, so that not all latents were kept.

        Example:
            >>> import plurel_prob
            >>> database = plurel_prob.sample(seed=0)  # doctest: +SKIP
            >>> database.do({"table_2.feature_1": 0.7, "table_0.feature_3": lambda natural: natural + 1})  # doctest: +SKIP
        """
        from plurel_prob.interventions.counterfactual import counterfactual

        return counterfactual(self, columns)

    def effect(self, cause: str, outcome: str, values: tuple[Any, Any] | None = None, *, n_draw: int = 10) -> "AverageEffect":
        r"""Estimate an average effect, :math:`E[Y \mid do(X = x_1)] - E[Y \mid do(X = x_0)]`, over rows and noise.

        Every draw gives the two settings the same noise, so that only what the cause changes differs. The first draw has the
        noise of the database; tables, graphs, mechanisms and links are those of the database in all of them.

        Args:
            cause: column that is set.
            outcome: column whose mean is compared; of a categorical one the shares of its categories.
            values: :math:`x_0` and :math:`x_1`, as :meth:`do` takes them; by default the quartiles of a number, false and true,
                or the first two categories that occur.
            n_draw: pairs of draws.

        Raises:
            DatabaseError: see :meth:`do`.
        """
        from plurel_prob.interventions.effects import average_effect

        return average_effect(self, cause, outcome, values, n_draw)

    def causal_graph(self, *, hidden: bool = False) -> "nx.DiGraph":
        """Return the true causal graph over the columns of all tables, named ``table.column``, constant columns included.

        An edge leads from a column to another if it causes it directly or through hidden nodes only. Edges across tables have the
        foreign keys (``key``) that they go along; edges within a table that are direct their ``weight``.
        ``graph.graph["confounded"]`` lists pairs of columns with a common hidden cause.

        Args:
            hidden: whether hidden nodes (``table.node_i``) are in the graph, each edge a mechanism's input.
        """
        from plurel_prob.interventions.causal_graph import column_graph, node_graph

        graph = node_graph(self)
        return graph if hidden else column_graph(graph)

    def to_pyg(self) -> "HeteroData":
        """Return the database as a graph of PyTorch Geometric (extra ``pyg``): a node a row, an edge a reference.

        See :func:`plurel_prob.adapters.pyg.to_hetero_data`, which takes real databases, too.
        """
        from plurel_prob.adapters.pyg import to_hetero_data

        return to_hetero_data(self)

    def save(self, path: Path | str, *, overwrite: bool = False, tasks: bool = False, latents: bool = True) -> Path:
        """Write the database to the folder ``path``, in RelBench 3 format, with latents and provenance beside the tables.

        The folder appears complete or not at all. With ``tasks``, it has prediction tasks, too; see :mod:`plurel_prob.tasks`.
        Without ``latents`` it is smaller, and what needs them needs the database to be drawn again.

        Raises:
            DatabaseError: ``path`` exists and ``overwrite`` is false, or it cannot be written.
        """
        from plurel_prob.databases.disk import write
        from plurel_prob.tasks import write_tasks

        return write(self, Path(path), overwrite=overwrite, also=[write_tasks] if tasks else [], latents=latents)

    def __repr__(self) -> str:
        tables = self.schema.tables.values()
        n_row, n_key = sum(t.n_row for t in tables), len(self.schema.foreign_keys)
        return f"Database({self.name}: {len(tables)} tables, {n_row} rows, {self.n_cell} cells, {n_key} foreign keys)"
