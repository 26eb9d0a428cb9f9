"""The priors of stage 3, one a family of mechanisms: what is random about a table's columns, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpyro.distributions as dist
from numpyro.distributions import Distribution

from plurel_prob.distributions import (
    Activation,
    Aggregation,
    EdgeWeightFamily,
    Effect,
    Initialisation,
    Pick,
    Source,
    Transform,
)
from plurel_prob.errors import PriorError
from plurel_prob.priors.fields import MAX_COUNT, MAX_LIMIT, check_fields, constant, count, flag, real, upper_bound
from plurel_prob.priors.stages import GraphPrior

MAX_EXPONENT = 9
COMPACT_TRANSFORMS = ["identity", "rank", "standardise", "kumaraswamy", "lognormal", "pareto", "exponential"]
REALISTIC_TRANSFORMS = ["count", "mostly_zero", "grade", "amount", "measure", "year", "lognormal"]
LABEL_TRANSFORMS = ["label", "name"]
GRAINS = [3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400]  # seconds
PLUREL_TRANSFORMS = ["identity", "rank", "signed_log", "signed_root", "standardise"]


@dataclass(frozen=True)
class FeaturePrior:
    """Stage 3, whatever the mechanisms: causal graphs, transforms of columns, missing values."""

    mechanism: ClassVar[str]
    has_density: ClassVar[bool] = False  # whether values of nodes have one, given their causes
    graph: GraphPrior = field(default_factory=GraphPrior)
    max_cause: int = constant(1000, "causes of a node at most, by the graph's law; 1000 or so: no limit", 2, MAX_LIMIT)
    column_ratio: Distribution = real(lambda: dist.Uniform(0.3, 0.9), "r: c columns have c + ceil(c/r) + extra nodes", 0.05)
    n_extra_node: int = constant(3, "extra nodes of a table", 0, MAX_COUNT)
    n_dim: Distribution = count(lambda: Pick([1]), "dimensions of a numerical node")
    edge_weight: Distribution = count(EdgeWeightFamily, "law of the weights of a table's edges", low=0)
    transform: Distribution = count(lambda: Transform(PLUREL_TRANSFORMS), "transform of a numerical column", low=0)
    n_transform: int = constant(0, "transforms in a table's palette; 0: columns choose on their own", 0, MAX_COUNT)
    missing_rate: Distribution = real(lambda: dist.Uniform(0.01, 0.1), "share of missing cells in numerical columns", 0, 1)
    has_booleans: bool = flag(True, "categorical columns become booleans: whether the category is not the first")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class NetworkPrior:
    """Encoders and decoders of PluRel's mechanisms."""

    n_layer: Distribution = count(lambda: dist.DiscreteUniform(2, 4), "layers")
    activation: Distribution = count(Activation, "activation of a hidden layer", low=0)
    initialisation: Distribution = count(Initialisation, "initialisation of a weight matrix", low=0)
    mask_density: Distribution = real(lambda: dist.Uniform(0.3, 1.0), "share of weights that a mask keeps", 0, 1)
    log_gain: Distribution = real(lambda: dist.Uniform(-1.0, 1.0), "log of the factor after an activation")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class PluRelPrior(FeaturePrior):
    """PluRel's mechanisms. Defaults are the paper's figures."""

    mechanism: ClassVar[str] = "plurel"
    lazy_prob: float = constant(0.5, "a table is type-lazy: all nodes are numbers, categories are cut at the end", 0, 1)
    network: NetworkPrior = field(default_factory=NetworkPrior)
    aggregation: Distribution = count(Aggregation, "how a node combines the terms of its causes", low=0)
    noise_shape: Distribution = real(lambda: dist.Uniform(0.5, 5.0), "both shapes of a node's Beta noise", 0.5)
    source: Distribution = count(Source, "generator of a node without causes", low=0)
    source_exponent: Distribution = count(lambda: dist.DiscreteUniform(-2, 2), "power of ten of a source", low=-MAX_EXPONENT)
    permute_prob: Distribution = real(lambda: dist.Uniform(0.3, 1.0), "type-lazy: a column's labels are permuted", 0, 1)
    reverse_prob: Distribution = real(lambda: dist.Uniform(0.2, 0.8), "type-lazy: a column's labels are reversed", 0, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if upper_bound(self.source_exponent) > MAX_EXPONENT:
            raise PriorError(f"source_exponent: needs values of at most {MAX_EXPONENT}")


@dataclass(frozen=True)
class CompactPrior(FeaturePrior):
    """Compact mechanisms, in the style of recent priors over single tables."""

    mechanism: ClassVar[str] = "compact"
    has_density: ClassVar[bool] = True
    max_cause: int = constant(4, "causes of a node at most, by the graph's law", 2, MAX_LIMIT)
    column_ratio: Distribution = real(lambda: dist.Uniform(2.0, 6.0), "r: c columns have c + ceil(c/r) + extra nodes", 0.05)
    n_extra_node: int = constant(1, "extra nodes of a table", 0, MAX_COUNT)
    n_dim: Distribution = count(lambda: Pick([1, 2, 3, 4]), "dimensions of a numerical node, at most 4")
    edge_weight: Distribution = count(lambda: EdgeWeightFamily(["Normal", "Uniform"]), "law of the weights of edges", low=0)
    transform: Distribution = count(lambda: Transform(COMPACT_TRANSFORMS), "transform of a numerical column", low=0)
    n_transform: int = constant(3, "transforms in a table's palette; 0: columns choose on their own", 0, MAX_COUNT)
    has_booleans: bool = flag(False, "categorical columns become booleans: whether the category is not the first")
    effect: Distribution = count(Effect, "effect of a cause", low=0)
    n_effect: int = constant(3, "effects in a table's palette; 0: edges choose on their own", 0, MAX_COUNT)
    aggregation: Distribution = count(lambda: Aggregation(["sum", "max", "logsumexp"]), "how effects are combined", low=0)
    n_aggregation: int = constant(2, "aggregations in a table's palette; 0: nodes choose on their own", 0, MAX_COUNT)
    noise_level: Distribution = real(lambda: dist.LogUniform(0.03, 1.0), "level of the noise in a table", 0)
    noise_factor: Distribution = real(lambda: dist.LogUniform(0.5, 2.0), "a node's noise, in units of the table's level", 0)
    sharpness: Distribution = real(lambda: dist.LogUniform(0.5, 5.0), "how surely categories follow their causes", 0)
    foreign_strength: Distribution = real(lambda: dist.Uniform(0.0, 1.5), "weight of what comes from parent tables", 0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if upper_bound(self.n_dim) > 4:
            raise PriorError("n_dim: nodes have at most 4 dimensions")


@dataclass(frozen=True)
class RealisticPrior(CompactPrior):
    """Compact mechanisms whose columns, missing cells and times are like those of real databases."""

    mechanism: ClassVar[str] = "realistic"
    transform: Distribution = count(lambda: Transform(REALISTIC_TRANSFORMS), "transform of a numerical column", low=0)
    n_style: int = constant(3, "transforms of numbers in a database, drawn one by one", 1, MAX_COUNT)
    label: Distribution = count(lambda: Transform(LABEL_TRANSFORMS), "transform of a column of labels", low=0)
    label_of_events: Distribution = count(lambda: Transform(["flag", "label", "name"]), "the same, in a table of events", low=0)
    code_prob: float = constant(0.3, "a column of labels, but of a table of events, has one of its own for each row", 0, 1)
    label_share: Distribution = real(lambda: dist.Beta(1.5, 0.5), "share of columns of labels, in a table without events", 0, 1)
    label_share_of_events: Distribution = real(lambda: dist.Beta(0.5, 1.0), "share of columns of labels, in one of events", 0, 1)
    n_transform: int = constant(0, "transforms in a table's palette; 0: columns choose on their own", 0, MAX_COUNT)
    missing_rate: Distribution = real(
        lambda: dist.Uniform(0.005, 0.9), "share of missing cells in a table's columns that have some", 0, 1
    )
    max_cause: int = constant(2, "causes of a node at most, by the graph's law", 2, MAX_LIMIT)
    n_extra_node: int = constant(1, "extra nodes of a table", 0, MAX_COUNT)
    max_offset: float = constant(0.3, "a number without causes has two halves that are up to this off its mean", 0, 0.999)
    n_dim: Distribution = count(lambda: Pick([1]), "dimensions of a numerical node, at most 4")
    noise_level: Distribution = real(lambda: dist.LogUniform(0.01, 0.2), "level of the noise in a table", 0)
    effect: Distribution = count(lambda: Effect(["matrix", "linear"]), "effect of a cause", low=0)
    foreign_strength: Distribution = real(lambda: dist.Uniform(0.3, 1.5), "weight of what comes from parent tables", 0)
    follow_prob: float = constant(0.6, "a number with causes follows from these alone, but for its noise", 0, 1)
    complete_prob: float = constant(0.95, "a column of numbers has no missing cells", 0, 1)
    label_complete_prob: float = constant(0.8, "a column of labels has no missing cells", 0, 1)
    drift_share: Distribution = real(
        lambda: dist.Beta(3.0, 0.7), "share of a database's numbers without causes that drift from row to row", 0, 1
    )
    own_drift_prob: float = constant(0.5, "each parent row has a drift of its own", 0, 1)
    drift: Distribution = real(lambda: dist.Uniform(0.4, 0.97), "standard deviation of its drift", 0, 1)
    time_grain: Distribution = count(lambda: Pick(GRAINS), "seconds that times are multiples of", high=GRAINS[-1])
    time_burst: Distribution = real(
        lambda: dist.LogUniform(0.5, 4.0), "deviation of the log intensity of a 1,024th of the window", 0
    )
    time_trend: Distribution = real(
        lambda: dist.Normal(0.5, 1.5), "log intensity at the end of the window over that at its start"
    )
    time_season: Distribution = real(
        lambda: dist.LogUniform(0.05, 1.0), "deviation of log intensities of months, weekdays, hours", 0
    )
    time_lag: Distribution = real(
        lambda: dist.LogUniform(60.0, 30 * 86_400.0), "seconds after the latest parent, where parents have times", 0
    )

    def __post_init__(self) -> None:
        super().__post_init__()


FEATURE_PRIORS: Mapping[str, type[FeaturePrior]] = {part.mechanism: part for part in (PluRelPrior, CompactPrior, RealisticPrior)}
