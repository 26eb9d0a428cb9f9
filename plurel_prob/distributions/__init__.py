"""The laws that the programs are written in, each with ``sample`` and an exact ``log_prob``."""

from plurel_prob.distributions.arrangement import Arrangement
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
from plurel_prob.distributions.graphs.family import GraphFamily
from plurel_prob.distributions.hsbm import HSBM
from plurel_prob.distributions.picks import OrderedPair, Pick, RandomKey, TruncatedZipf
from plurel_prob.distributions.scm import CausalTables, StructuralCausalModels

__all__ = [
    "FAMILIES",
    "HSBM",
    "Arrangement",
    "BarabasiAlbert",
    "CausalTables",
    "ErdosRenyi",
    "GraphFamily",
    "GraphLaw",
    "Layered",
    "OrderedPair",
    "Pick",
    "RandomCauchy",
    "RandomGraph",
    "RandomKey",
    "RandomTree",
    "ReverseRandomTree",
    "StructuralCausalModels",
    "TruncatedZipf",
    "WattsStrogatz",
]
