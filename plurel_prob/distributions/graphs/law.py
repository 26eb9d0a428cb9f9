"""What the graph families share: the representation of a graph."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Int, Int8
from numpyro.distributions import constraints

from plurel_prob.distributions.elementwise import Elementwise, index_argument

EDGE = 1  # mark of an edge
DROPPED = 2  # mark of an edge that was drawn and then lost; not part of the graph
JOINED = 3  # mark of an edge that joins two components
BACKWARD = 4  # mark of an edge that its effect, not its cause, has chosen


class GraphLaw(Elementwise):
    """A law over connected directed acyclic graphs of ``n_node`` nodes.

    The event is a matrix of marks, shape ``(max_node, max_node)``, int8: ``mark[i, j]`` is 1 where there is an edge from
    ``i`` to ``j``, and 0 elsewhere. Other marks record how a graph came about, so that its density is exact: 2 is an edge
    that was lost, no part of the graph; 3 and 4 are edges (``JOINED``, ``BACKWARD``). Nodes are in topological
    order, so marks lie above the diagonal; rows and columns from ``n_node`` on are zero. Labels are not part of the law:
    a uniform permutation gives them.

    Args:
        n_node: number of nodes, 1 to ``max_node``; any batch shape.
        max_node: static size of the matrix.
        max_parent: static limit on the parents of a node (``None``: no limit). At least 2.
        parameters: the family's own parameters; batch shapes broadcast with ``n_node``.
    """

    pytree_aux_fields: tuple[str, ...] = ("max_node", "max_parent")

    def __init__(
        self,
        n_node: ArrayLike,
        max_node: int,
        max_parent: int | None = None,
        *,
        validate_args: bool | None = None,
        **parameters: ArrayLike,
    ):
        if max_parent is not None and max_parent < 2:
            raise ValueError(f"max_parent must be at least 2, got {max_parent}")
        self.max_node = max_node
        self.max_parent = max_node if max_parent is None else min(max_parent, max_node)
        super().__init__((max_node, max_node), n_node=index_argument(n_node), validate_args=validate_args, **parameters)

    @property
    def support(self) -> constraints.Constraint:
        """Matrices of marks; those that are no graph of the family have density zero."""
        return constraints.independent(constraints.integer_interval(0, BACKWARD), 2)

    @property
    def node(self) -> Int[Array, " node"]:
        """Indices of the nodes, padding included."""
        return jnp.arange(self.max_node)

    @property
    def is_pair(self) -> Bool[Array, "cause effect"]:
        """Pairs of nodes between which there can be an edge."""
        return (self.node[:, None] < self.node) & (self.node < self.n_node)


def edges(mark: Int8[Array, "*batch cause effect"]) -> Bool[Array, "*batch cause effect"]:
    """Adjacency matrix of a matrix of marks."""
    return (mark == EDGE) | (mark >= JOINED)
