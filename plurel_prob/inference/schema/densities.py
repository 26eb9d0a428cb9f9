"""The families' own densities and draws, in batches of few shapes so that compiled programs are used again."""

from typing import Any

import jax
import numpy as np
from jax import random
from jaxtyping import Array, Bool, Float, Int8, PRNGKeyArray

from plurel_prob.distributions import FAMILIES
from plurel_prob.distributions.graphs import GraphLaw, edges
from plurel_prob.priors import SchemaPrior
from plurel_prob.priors.fields import upper_bound

BATCHES = (64, 2048, 32_768)  # shapes of compiled programs
CONSTANTS = {
    "BarabasiAlbert": ("sink_drop_prob", "drop_prob"),
    "Layered": ("layer_drop_prob", "drop_prob"),
}  # fields of the prior that are parameters of laws
BOUNDS = {"WattsStrogatz": ("n_neighbor", "max_neighbor"), "Layered": ("depth", "max_depth")}  # static ones


def static_size(n_table: int, prior: SchemaPrior) -> int:
    """Size of the matrices of programs: a power of two, or the prior's own where that is smaller.

    Laws clip the limit on parents to the size, so it must be large enough that the clipped one does not bind.
    """
    needed = n_table + max(upper_bound(prior.graph.n_neighbor) // 2 - 2, 0)
    return min(max(8, 1 << (needed - 1).bit_length()), upper_bound(prior.n_table))


def law(family: str, n_table: int, prior: SchemaPrior, **parameters: Any) -> GraphLaw:
    """A family's law under a prior, given its parameters by their names in the law; ``n_node`` may be one, for a batch."""
    size: dict[str, Any] = {"n_node": n_table, "max_node": static_size(n_table, prior), "max_parent": prior.max_parent}
    if family in CONSTANTS:
        field, name = CONSTANTS[family]
        size[name] = getattr(prior.graph, field)
    if family in BOUNDS:
        field, name = BOUNDS[family]
        size[name] = upper_bound(getattr(prior.graph, field))
    return FAMILIES[family](**(size | parameters))


@jax.jit
def _densities(of_all: GraphLaw, mark: Int8[Array, "batch cause effect"]) -> Float[Array, " batch"]:
    return jax.vmap(of_all.density)(mark)


def padded(mark: Int8[np.ndarray, "batch place place"], max_node: int) -> Int8[np.ndarray, "batch cause effect"]:
    """Matrices with rows and columns of zeros up to the size of programs."""
    more = max_node - mark.shape[1]
    return np.pad(mark, ((0, 0), (0, more), (0, more)))


def log_probs(law: GraphLaw, mark: Int8[np.ndarray, "batch place place"]) -> Float[np.ndarray, " batch"]:
    """Log densities of marked matrices under one law, by the law's ``density`` in 32 bits; float64."""
    parts = []
    for start in range(0, len(mark), BATCHES[-1]):
        part = padded(mark[start : start + BATCHES[-1]], law.max_node)
        size = next(batch for batch in BATCHES if batch >= len(part))
        filled = np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), np.int8)])
        parts.append(np.asarray(_densities(law, filled), np.float64)[: len(part)])
    return np.concatenate(parts) if parts else np.zeros(0)


@jax.jit
def _draws(laws: GraphLaw, key: PRNGKeyArray) -> Bool[Array, "draw cause effect"]:
    return edges(laws.sample(key))


def draw_graphs(
    family: str, n_table: int, prior: SchemaPrior, parameter: dict[str, np.ndarray], n_draw: int, seed: int
) -> Bool[np.ndarray, "draw place place"]:
    """One graph in topological order for each draw of the family's parameters."""
    size = 1 << (n_draw - 1).bit_length()
    filled = {name: np.resize(value, (size, *value.shape[1:])) for name, value in parameter.items()}
    laws = law(family, n_table, prior, n_node=np.full(size, n_table), **filled)
    return np.asarray(_draws(laws, random.key(seed)))[:n_draw, :n_table, :n_table]
