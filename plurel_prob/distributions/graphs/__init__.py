"""Graph families: laws over connected directed acyclic graphs, for schemas and for causal models.

``FAMILIES`` is their registry. A family is one class with ``draw`` and ``density`` for one graph.
"""

from plurel_prob.distributions.graphs.independent_edges import ErdosRenyi, RandomCauchy
from plurel_prob.distributions.graphs.law import EDGE, GraphLaw, edges
from plurel_prob.distributions.graphs.layered import Layered
from plurel_prob.distributions.graphs.mixture import RandomGraph
from plurel_prob.distributions.graphs.preferential_attachment import BarabasiAlbert
from plurel_prob.distributions.graphs.small_world import WattsStrogatz
from plurel_prob.distributions.graphs.trees import RandomTree, ReverseRandomTree

FAMILIES: dict[str, type[GraphLaw]] = {
    law.__name__: law for law in (ErdosRenyi, BarabasiAlbert, RandomTree, ReverseRandomTree, WattsStrogatz, Layered, RandomCauchy)
}

__all__ = ["EDGE", "FAMILIES", "GraphLaw", "RandomGraph", "edges", *FAMILIES]
