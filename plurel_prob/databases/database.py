"""The ``Database``: one draw, as its users see it."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from plurel_prob.databases.flat import Groups, tree_of
from plurel_prob.databases.provenance import Origin
from plurel_prob.databases.schema import DatabaseSchema

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


class Database:
    """A relational database: one draw from the joint program.

    Attributes:
        tables: name to data frame. Columns are typed: ``row_idx`` int64, foreign keys nullable Int64, ``date`` datetime64,
            features float32, bool or category.
        schema: tables, columns, keys, graph, time window.
        origin: what it was drawn with, see :attr:`seed`, :attr:`prior`, :attr:`given` and :attr:`by_hand`.
        read_latents: gives the latents as plain arrays, by the path of their group.
    """

    def __init__(
        self,
        tables: dict[str, pd.DataFrame],
        schema: DatabaseSchema,
        origin: Origin,
        *,
        read_latents: Callable[[], Groups],
    ):
        self.tables, self.schema, self.origin, self.read_latents = tables, schema, origin, read_latents

    @classmethod
    def from_draw(cls, draw: Draw, seed: int, prior: Prior, given: tuple[str, ...] = ()) -> "Database":
        """Materialise a draw."""
        from plurel_prob.databases.latents import latents
        from plurel_prob.databases.tables import materialise

        tables, schema = materialise(draw, prior.features.has_booleans)
        return cls(tables, schema, Origin(seed, prior, given), read_latents=partial(latents, draw))

    @property
    def seed(self) -> int:
        """What it was drawn with."""
        return self.origin.seed

    @property
    def prior(self) -> Prior:
        """What it was drawn from."""
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
        n_row, n_key = sum(t.n_row for t in tables), len(self.schema.graph)
        return f"Database({self.name}: {len(tables)} tables, {n_row} rows, {self.n_cell} cells, {n_key} foreign keys)"
