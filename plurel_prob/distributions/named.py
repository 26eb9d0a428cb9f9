"""Uniform choices among the named entries of a registry."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from plurel_prob.distributions.graphs import FAMILIES
from plurel_prob.distributions.mechanisms.activations import ACTIVATIONS
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.effects import EFFECTS
from plurel_prob.distributions.mechanisms.initialisations import INITIALISATIONS
from plurel_prob.distributions.mechanisms.sources import SOURCES
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.distributions.picks import Pick
from plurel_prob.distributions.weights import EDGE_WEIGHTS


class NamedPick(Pick):
    """Uniform choice among entries of ``registry``, as their index there.

    Args:
        names: distinct names of entries; by default all.
    """

    registry: ClassVar[Mapping[str, Any]] = {}
    pytree_aux_fields = ("names",)

    def __init__(self, names: Sequence[str] | None = None, *, validate_args: bool | None = None):
        known = list(self.registry)
        self.names = tuple(known if names is None else names)
        for name in self.names:
            if name not in known:
                raise ValueError(f"unknown name {name!r} for {type(self).__name__}; known: {', '.join(known)}")
        super().__init__([known.index(name) for name in self.names], validate_args=validate_args)


class GraphFamily(NamedPick):
    """A family of random graphs, e.g. ``GraphFamily(["BarabasiAlbert", "Layered"])``."""

    registry = FAMILIES


class EdgeWeightFamily(NamedPick):
    """A law of edge weights."""

    registry = EDGE_WEIGHTS


class Activation(NamedPick):
    """An activation of a hidden layer."""

    registry = ACTIVATIONS


class Initialisation(NamedPick):
    """An initialisation of a weight matrix."""

    registry = INITIALISATIONS


class Aggregation(NamedPick):
    """How a node combines the terms of its causes."""

    registry = AGGREGATIONS


class Effect(NamedPick):
    """An effect of a cause in compact mechanisms."""

    registry = EFFECTS


class Source(NamedPick):
    """A generator of the values of a node without causes."""

    registry = SOURCES


class Transform(NamedPick):
    """A transform of a numerical column."""

    registry = TRANSFORMS
