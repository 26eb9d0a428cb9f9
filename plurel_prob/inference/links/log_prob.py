"""Log probability of a foreign key under given parameters."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions import HSBM
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.links.key import ObservedLinks
from plurel_prob.inference.links.structures import Values


def uniform_log_prob(parent_row: np.ndarray, n_parent: int) -> float:
    """Log probability of a foreign key if every parent is as likely, in nats; missing keys add nothing.

    Raises:
        DatabaseError: rows are not rows of the parent table.
    """
    key = ObservedLinks(np.asarray(parent_row), n_parent)
    return float(-key.n_link * np.log(n_parent))


@jax.jit
def _of_base_clusters(law: HSBM) -> tuple[Float[Array, "child_base parent_base"], Int[Array, " parent_base"]]:
    """Weights of pairs of base clusters, and their sizes; compiled for a number of levels."""
    return law.base_weight(), law.base_size()


def links_log_prob(
    parent_row: np.ndarray,
    n_parent: int,
    n_parent_cluster: Values | Sequence,
    n_child_cluster: Values | Sequence,
    affinity: Values | Sequence,
) -> float:
    """Log probability of a foreign key under :class:`~plurel_prob.distributions.HSBM`, in nats; missing keys add nothing.

    Args:
        parent_row: shape ``(child,)``, integers in ``[-1, n_parent)``; -1 where the key is missing.
        n_parent: rows of the parent table.
        n_parent_cluster: shape ``(level,)``, clusters of the parents on every level.
        n_child_cluster: shape ``(level,)``, clusters of the children.
        affinity: shape ``(level, cluster, cluster)``, positive: parent's cluster, then child's.

    Raises:
        DatabaseError: rows are not rows of the parent table, or shapes do not fit.
    """
    key = ObservedLinks(np.asarray(parent_row), n_parent)
    of_parent, of_child = np.asarray(n_parent_cluster), np.asarray(n_child_cluster)
    shape = np.shape(affinity)
    if len(shape) != 3 or shape[1] != shape[2] or of_parent.shape != shape[:1] or of_child.shape != shape[:1]:
        raise DatabaseError(
            "block structure: needs affinities of shape (level, cluster, cluster) and numbers of clusters of shape (level,);"
            f" got {shape}, {of_parent.shape} and {of_child.shape}"
        )
    for name, clusters in (("parent", of_parent), ("child", of_child)):
        if clusters.dtype.kind not in "iu" or clusters.min() < 1 or clusters.max() > shape[1]:
            raise DatabaseError(f"block structure: {name} clusters need integers from 1 to {shape[1]}, got {clusters.tolist()}")
    if not (np.asarray(affinity) > 0).all():
        raise DatabaseError("block structure: affinities must be positive")
    law = HSBM(jnp.asarray(affinity), jnp.asarray(of_parent), jnp.asarray(of_child), n_parent, key.n_child, BLOCK)
    n_base = int(of_parent.prod()), int(of_child.prod())
    base_weight, base_size = (np.asarray(array, np.float64) for array in _of_base_clusters(law))
    weight = base_weight[: n_base[1], : n_base[0]]
    total = weight @ base_size[: n_base[0]]
    return float((key.table(*n_base).T * (np.log(weight) - np.log(total)[:, None])).sum())
