"""A graph over tables that is given: how it may have come about is drawn from the exact posterior."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from plurel_prob.databases.schema import index_of, table_name
from plurel_prob.distributions import FAMILIES
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.schema.candidates import draw_from
from plurel_prob.inference.schema.evidence import DISCRETE
from plurel_prob.inference.schema.infer import weigh_families
from plurel_prob.priors import SchemaPrior

if TYPE_CHECKING:
    import networkx as nx


def read_graph(request: "nx.DiGraph | Iterable[tuple[Any, Any]]") -> "nx.DiGraph":
    """Read edges from parent to child, between tables by name or by index; nodes of the result are names, in their order.

    Raises:
        DatabaseError: what is given is no graph over tables.
    """
    import networkx as nx

    if isinstance(request, nx.DiGraph):
        nodes, pairs = list(request.nodes), list(request.edges)
    else:
        try:
            pairs = [(parent, child) for parent, child in request]
        except (TypeError, ValueError):
            raise DatabaseError("graph: give pairs (parent, child) of tables, or a networkx.DiGraph") from None
        nodes = [node for pair in pairs for node in pair]
    index = {node: _index(node) for node in nodes}
    graph = nx.DiGraph()
    graph.add_nodes_from(table_name(i) for i in range(max(index.values(), default=-1) + 1))
    graph.add_edges_from((table_name(index[parent]), table_name(index[child])) for parent, child in pairs)
    return graph


def _index(node: Any) -> int:
    index = index_of(node, table_name) if isinstance(node, str) else node
    if not isinstance(index, int | np.integer) or index < 0:
        raise DatabaseError(f"graph: {node!r} is no table; tables are named table_0, table_1, ...")
    return int(index)


def posterior_of_graph(graph: "nx.DiGraph", prior: SchemaPrior, seed: int) -> dict[str, np.ndarray]:
    r"""Draw what is upstream of a graph over :math:`n` labelled tables: values of the sites of stage 1, without padding.

    The family, its parameters :math:`\theta`, the topological order and the marks come from
    :math:`p(\text{family}, \theta, \sigma, m \mid E, n)`, see :func:`plurel_prob.inference.schema.infer_schema`.

    Raises:
        DatabaseError: the prior cannot draw the graph.
    """
    edge, found, log_joint = weigh_families(graph, prior, seed)
    rng = np.random.default_rng([seed, len(edge)])
    one = found[int(draw_from(log_joint, rng, 1)[0])]
    drawn = one.draw(rng, 1)
    sites = {"n_table": len(edge), "family": list(FAMILIES).index(one.family), "label": drawn.order[0], "graph": drawn.mark[0]}
    for name, value in drawn.parameter.items():
        sites[name] = int(value[0]) if name in DISCRETE.values() else value[0]
    return {name: np.asarray(value) for name, value in sites.items()}
