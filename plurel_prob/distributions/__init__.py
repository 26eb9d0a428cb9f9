"""The laws that the programs are written in, each with ``sample`` and an exact ``log_prob``."""

from plurel_prob.distributions.arrangement import Arrangement
from plurel_prob.distributions.counts import TABLE_KINDS, GrowingCounts, LogNormalCount
from plurel_prob.distributions.graphs import (
    FAMILIES,
    BarabasiAlbert,
    ErdosRenyi,
    GraphLaw,
    Layered,
    RandomCauchy,
    RandomGraph,
    RandomTree,
    ReverseRandomTree,
    WattsStrogatz,
)
from plurel_prob.distributions.hsbm import HSBM
from plurel_prob.distributions.named import (
    Activation,
    Aggregation,
    EdgeWeightFamily,
    Effect,
    GraphFamily,
    Initialisation,
    NamedPick,
    Source,
    Transform,
)
from plurel_prob.distributions.picks import OrderedPair, Pick, RandomKey, TruncatedZipf, WeightedPick
from plurel_prob.distributions.popular import PopularHSBM
from plurel_prob.distributions.weights import EDGE_WEIGHTS, EdgeWeight

__all__ = [
    "EDGE_WEIGHTS",
    "FAMILIES",
    "HSBM",
    "TABLE_KINDS",
    "Activation",
    "Aggregation",
    "Arrangement",
    "BarabasiAlbert",
    "EdgeWeight",
    "EdgeWeightFamily",
    "Effect",
    "ErdosRenyi",
    "GraphFamily",
    "GraphLaw",
    "GrowingCounts",
    "Initialisation",
    "Layered",
    "LogNormalCount",
    "NamedPick",
    "OrderedPair",
    "Pick",
    "PopularHSBM",
    "RandomCauchy",
    "RandomGraph",
    "RandomKey",
    "RandomTree",
    "ReverseRandomTree",
    "Source",
    "Transform",
    "TruncatedZipf",
    "WattsStrogatz",
    "WeightedPick",
]
