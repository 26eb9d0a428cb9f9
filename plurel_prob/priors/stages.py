"""The priors of graphs, schemas and links: what is random about them, and how. Defaults are PluRel's figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import Distribution

from plurel_prob.distributions import FAMILIES, GraphFamily, OrderedPair, Pick, TruncatedZipf
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
    """Stage 1: tables, the graph over them, rows, columns and the time window."""

    n_table: Distribution = count(lambda: dist.DiscreteUniform(3, 20), "tables", low=2)
    graph: GraphPrior = field(default_factory=_schema_graph)
    max_parent: int = constant(5, "foreign keys of a table at most, by the law; 1000 or so: the untruncated law", 2, MAX_LIMIT)
    n_row_entity: Distribution = count(
        lambda: dist.DiscreteUniform(500, 1000), "rows of a table that has children", is_bounded=False
    )
    n_row_activity: Distribution = count(
        lambda: dist.DiscreteUniform(2000, 5000), "rows of a table without children", is_bounded=False
    )
    n_column: Distribution = count(lambda: TruncatedZipf(1.0, 3, 40), "feature columns of a table")
    categorical_prob: float = constant(0.5, "a column is categorical", 0, 1)
    n_category: Distribution = count(lambda: dist.DiscreteUniform(2, 10), "categories of a categorical column", low=2, high=127)
    window: Distribution = pair(
        lambda: OrderedPair(7305, 20089), "first and last day, in days since 1970-01-01 (1990-01-01 to 2025-01-01)"
    )

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ROW_FIELDS:
            check_rows(name, support_bounds(getattr(self, name))[1])


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
    popularity: Distribution = real(lambda: dist.LogUniform(0.1, 2.5), "standard deviation of the log of parents' popularity", 0)
    inactive_rate: Distribution = real(lambda: dist.LogUniform(0.005, 0.9), "share of parents without children", 0, 1)
    repeat_prob: Distribution = real(lambda: dist.LogUniform(0.001, 0.95), "probability of the parent of the row before", 0, 1)

    def __post_init__(self) -> None:
        super().__post_init__()


LINK_PRIORS: Mapping[str, type[LinkPrior]] = {part.law: part for part in (LinkPrior, PopularLinkPrior)}
