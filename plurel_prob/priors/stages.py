"""The priors of graphs, schemas and links: what is random about them, and how. Defaults are PluRel's figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Int
from numpyro.distributions import Distribution

from plurel_prob.distributions import FAMILIES, GraphFamily, GrowingCounts, LogNormalCount, OrderedPair, Pick, TruncatedZipf
from plurel_prob.errors import PriorError
from plurel_prob.priors.fields import (
    MAX_LIMIT,
    check_fields,
    constant,
    count,
    pair,
    real,
    support_bounds,
    upper_bound,
)

ROW_FIELDS = ("n_row_entity", "n_row_activity")
MAX_ROW = 200_000_000
MAX_BASE_CLUSTER = 1024  # base clusters of a side: the block model tabulates their pairs


@dataclass(frozen=True)
class GraphPrior:
    """Family of a graph, and the parameters of every family."""

    family: Distribution = count(lambda: GraphFamily(list(FAMILIES)), "family of the graph", low=0)
    edge_prob: Distribution = real(lambda: dist.Uniform(0.3, 0.8), "ErdosRenyi: p; joined with 1-(1-p)^2", 0, 1)
    sink_drop_prob: float = constant(0.4, "BarabasiAlbert: a sink with two parents loses one", 0, 1)
    n_neighbor: Distribution = count(lambda: Pick([2, 4]), "WattsStrogatz: neighbours in the lattice, even", low=2)
    rewire_prob: Distribution = real(lambda: dist.Uniform(0.1, 0.3), "WattsStrogatz: a link is rewired", 0, 1)
    depth: Distribution = count(lambda: dist.DiscreteUniform(2, 8), "Layered: number of layers")
    layer_drop_prob: float = constant(0.1, "Layered: an edge between layers is dropped", 0, 1)
    log_odds: Distribution = real(lambda: dist.Cauchy(0.0, 1.0), "RandomCauchy: log odds of every edge")
    as_cause: Distribution = real(lambda: dist.Cauchy(0.0, 1.0), "RandomCauchy: log odds of a node's edges to later ones")
    as_effect: Distribution = real(lambda: dist.Cauchy(0.0, 1.0), "RandomCauchy: log odds of edges from earlier ones")

    def __post_init__(self) -> None:
        check_fields(self)


def _schema_graph() -> GraphPrior:
    return GraphPrior(family=GraphFamily(["BarabasiAlbert", "ReverseRandomTree", "WattsStrogatz"]))


@dataclass(frozen=True)
class SchemaPrior:
    """Stage 1 but for rows: tables, the graph over them, columns and the time window."""

    law: ClassVar[str]  # of numbers of rows
    n_table: Distribution = count(lambda: dist.DiscreteUniform(3, 20), "tables", low=2)
    graph: GraphPrior = field(default_factory=_schema_graph)
    max_parent: int = constant(5, "foreign keys of a table at most, by the law; 1000 or so: the untruncated law", 2, MAX_LIMIT)
    n_column: Distribution = count(lambda: TruncatedZipf(1.0, 3, 40), "feature columns of a table")
    categorical_prob: float = constant(0.5, "a column is categorical", 0, 1)
    n_category: Distribution = count(lambda: dist.DiscreteUniform(2, 10), "categories of a categorical column", low=2, high=127)
    window: Distribution = pair(
        lambda: OrderedPair(7305, 20089), "first and last day, in days since 1970-01-01 (1990-01-01 to 2025-01-01)"
    )

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def max_row(self) -> int:
        """Most rows of a table; where there is no such number, an error."""
        raise NotImplementedError


@dataclass(frozen=True)
class KindsSchemaPrior(SchemaPrior):
    """Stage 1 with numbers of rows by the kind of a table."""

    law: ClassVar[str] = "kinds"
    n_row_entity: Distribution = count(
        lambda: dist.DiscreteUniform(500, 1000), "rows of a table that has children", is_bounded=False
    )
    n_row_activity: Distribution = count(
        lambda: dist.DiscreteUniform(2000, 5000), "rows of a table without children", is_bounded=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ROW_FIELDS:
            check_rows(name, support_bounds(getattr(self, name))[1])

    @property
    def max_row(self) -> int:
        """Most rows of a table."""
        return max(upper_bound(getattr(self, name)) for name in ROW_FIELDS)


@dataclass(frozen=True)
class GrowingSchemaPrior(SchemaPrior):
    """Stage 1 with kinds of tables, and numbers of rows that follow from those of parents
    (:class:`plurel_prob.distributions.GrowingCounts`).

    A table without parents is a lookup table or an entity; one with a parent an extension of it, with a row for each of the
    parent's, an entity or an event; one with more a bridge, an entity or an event. Events have times, lookup tables have none.
    """

    law: ClassVar[str] = "growing"
    lookup_prob: float = constant(0.6, "a table without parents is a lookup table", 0, 1)
    extension_prob: float = constant(0.2, "a table with one parent is an extension of it", 0, 1)
    bridge_prob: float = constant(0.2, "a table with more parents is a bridge between them", 0, 1)
    event_prob: float = constant(0.85, "any other table with parents, but without children, has events, not entities", 0, 1)
    inner_event_prob: float = constant(0.25, "a table with both parents and children, not special, has events", 0, 1)
    time_prob: float = constant(0.1, "an entity, a bridge or an extension has times", 0, 1)
    lean_prob: float = constant(0.6, "a lookup table or a bridge has one feature column", 0, 1)
    lookup_median: int = constant(15, "median of the rows of a lookup table", 1, MAX_ROW)
    lookup_sigma: float = constant(1.0, "standard deviation of the logarithm of the rows of a lookup table", 0.01, 10)
    root_median: int = constant(500, "median of the rows of any other table without parents", 1, MAX_ROW)
    root_sigma: float = constant(1.7, "standard deviation of the logarithm of the rows of such a table", 0.01, 10)
    row_ratio: float = constant(6.0, "median of a table's rows over those of its largest parent", 0.001, 1e6)
    row_sigma: float = constant(1.5, "standard deviation of the logarithm of that ratio", 0.01, 10)
    min_row: int = constant(5, "rows of a table at least", 1, MAX_ROW)
    max_root: int = constant(20_000, "rows of a table without parents at most", 1, MAX_ROW)
    max_row: int = constant(100_000, "rows of a table at most", 1, MAX_ROW)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.min_row <= self.max_root <= self.max_row:
            raise PriorError(f"needs min_row <= max_root <= max_row, got {self.min_row}, {self.max_root}, {self.max_row}")
        for n_row_of_parent in (None, self.min_row, self.max_row):
            try:
                self.count(n_row_of_parent)
            except ValueError as error:
                whose = "without parents" if n_row_of_parent is None else f"whose parent has {n_row_of_parent:,}"
                raise PriorError(f"rows of a table {whose} are {error}") from None
        try:
            self.lookup_count()
        except ValueError as error:
            raise PriorError(f"rows of a lookup table are {error}") from None

    def count(self, n_row_of_parent: int | None) -> LogNormalCount:
        """Law of the rows of a table whose largest parent has so many; of one without parents."""
        if n_row_of_parent is None:
            return LogNormalCount(self.root_median, self.root_sigma, self.min_row, self.max_root)
        median = max(self.row_ratio * n_row_of_parent, self.root_median)
        return LogNormalCount(median, self.row_sigma, self.min_row, self.max_row)

    def lookup_count(self) -> LogNormalCount:
        """Law of the rows of a lookup table."""
        return LogNormalCount(self.lookup_median, self.lookup_sigma, self.min_row, self.max_root)

    def counts(
        self, order: Int[Array, " table"], parent_table: Int[Array, "table foreign_key"], kind: Int[Array, " table"]
    ) -> GrowingCounts:
        """Law of the rows of tables with these parents and of these kinds."""
        roots = self.count(None), self.lookup_count()
        return GrowingCounts(order, parent_table, kind, *roots, self.row_ratio, self.row_sigma, self.max_row)


SCHEMA_PRIORS: Mapping[str, type[SchemaPrior]] = {part.law: part for part in (KindsSchemaPrior, GrowingSchemaPrior)}


def check_rows(name: str, high: float | int) -> None:
    """Refuse bounds on the rows of a table beyond which 32-bit integers overflow."""
    if MAX_ROW < high < np.inf:
        n_row = f"{high:,.0f}" if high < 1e15 else "more"
        raise PriorError(f"schema.{name}: up to {n_row} rows; a table has {MAX_ROW:,} at most")


@dataclass(frozen=True)
class LinkPrior:
    """Stage 2: the hierarchical stochastic block model of one foreign key."""

    law: ClassVar[str] = "blocks"
    n_level: Distribution = count(lambda: dist.DiscreteUniform(1, 5), "levels of the hierarchy", high=64)
    n_cluster: Distribution = count(lambda: dist.DiscreteUniform(1, 3), "clusters of a side on a level")
    affinity: Distribution = real(lambda: dist.Uniform(0.001, 0.002), "affinity of clusters that do not match", 0)
    matching_affinity: float = constant(0.9, "affinity of clusters that match", 1e-6, 1e6)

    def __post_init__(self) -> None:
        check_fields(self)
        n_base = upper_bound(self.n_cluster) ** upper_bound(self.n_level)
        if n_base > MAX_BASE_CLUSTER:
            raise PriorError(
                f"n_level and n_cluster allow {n_base} base clusters a side; at most {MAX_BASE_CLUSTER} are possible"
            )


@dataclass(frozen=True)
class PopularLinkPrior(LinkPrior):
    """Stage 2 with parents that differ in popularity, some of which have no children, and with rows in runs of one parent."""

    law: ClassVar[str] = "popular"
    popularity_level: Distribution = real(lambda: dist.LogUniform(0.2, 1.5), "how much parents differ in a database", 0)
    popularity: Distribution = real(
        lambda: dist.LogUniform(0.4, 2.5), "standard deviation of the log of popularity, over popularity_level", 0
    )
    inactive_rate: Distribution = real(lambda: dist.LogUniform(0.0005, 0.9), "share of parents without children", 0, 1)
    repeat_prob: Distribution = real(lambda: dist.LogUniform(0.0005, 0.9), "probability of the parent of the row before", 0, 1)
    round_size: Distribution = real(lambda: dist.LogUniform(0.1, 1000.0), "children of a round in order, over parents", 1e-6)
    period_size: Distribution = real(lambda: dist.LogUniform(0.1, 1.0), "the same, where rows have times: a period", 1e-6)
    sorted_prob: float = constant(0.3, "rows are in the order of the parents of the table's first key", 0, 1)
    cover_prob: float = constant(0.5, "every parent has a child, or none has two, where rows are in no order", 0, 1)
    affinity: Distribution = real(lambda: dist.LogUniform(0.001, 0.3), "affinity of clusters that do not match", 0)

    def __post_init__(self) -> None:
        super().__post_init__()


LINK_PRIORS: Mapping[str, type[LinkPrior]] = {part.law: part for part in (LinkPrior, PopularLinkPrior)}
