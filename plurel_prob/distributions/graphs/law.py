"""What the graph families share: the representation of a graph and the order in which nodes are attached."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Int, Int8
from numpyro.distributions import constraints

from plurel_prob.distributions.elementwise import Elementwise, index_argument

EDGE = 1  # mark of an edge
DROPPED = 2  # mark of an edge that was drawn and then lost; not part of the graph


class GraphLaw(Elementwise):
    """A law over connected directed acyclic graphs of ``n_node`` nodes.

    The event is a matrix of marks, shape ``(max_node, max_node)``, int8: ``mark[i, j]`` is 1 where there is an edge from
    ``i`` to ``j``, and 0 elsewhere (2 records a lost edge of the preferential attachment). Nodes are in topological
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
        return constraints.independent(constraints.integer_interval(0, 2), 2)

    @property
    def node(self) -> Int[Array, " node"]:
        """Indices of the nodes, padding included."""
        return jnp.arange(self.max_node)


def edges(mark: Int8[Array, "*batch cause effect"]) -> Bool[Array, "*batch cause effect"]:
    """Adjacency matrix of a matrix of marks."""
    return mark == EDGE


class Attachment(NamedTuple):
    """One step of attaching nodes from the middle of the topological order outwards.

    Step ``s >= 1`` attaches the next node below the middle (``s`` odd: it takes children) or above it (``s`` even: it takes
    parents) to some of the nodes attached before, which form an interval. If every node takes at least one, the graph
    is connected; edges follow the topological order, so it is acyclic; and unlike in an order from the first node
    to the last, several nodes can be left without parents, and several without children.
    """

    node: Int[Array, ""]  # the node that is attached
    takes_parents: Bool[Array, ""]  # it is above all attached nodes; else it is below them and takes children
    is_attached: Bool[Array, " node"]  # the nodes attached before

    def of(self, matrix: Array) -> Array:
        """The entries of ``matrix`` for edges between the node and every other, in the direction that is possible."""
        return jnp.where(self.takes_parents, matrix[:, self.node], matrix[self.node, :])

    def join(self, matrix: Array, chosen: Array) -> Array:
        """``matrix`` with marks for edges between the node and the ``chosen`` ones."""
        mark = chosen.astype(matrix.dtype)
        matrix = matrix.at[:, self.node].max(jnp.where(self.takes_parents, mark, 0))
        return matrix.at[self.node, :].max(jnp.where(self.takes_parents, 0, mark))

    def n_parent(self, mark: Array) -> Int[Array, " node"]:
        """Number of attached parents of every node."""
        return jnp.where(self.is_attached[:, None], mark > 0, False).sum(0, dtype=jnp.int32)


def attachment(n_node: Array, step: Array, node: Int[Array, " node"]) -> Attachment:
    """Return the attachment of step ``1 <= step < n_node``; ``node`` is ``arange(max_node)``."""
    middle = n_node // 2
    takes_parents = step % 2 == 0
    low, high = middle - step // 2, middle + (step - 1) // 2
    attached = (node >= low) & (node <= high)
    return Attachment(jnp.where(takes_parents, high + 1, low - 1), takes_parents, attached)
