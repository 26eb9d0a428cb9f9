"""A random graph: its family, the family's parameters, the graph. Used for schemas and for causal models."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
from jaxtyping import Array, Int, Int8
from numpyro.handlers import mask

from plurel_prob.distributions import (
    FAMILIES,
    BarabasiAlbert,
    ErdosRenyi,
    Layered,
    RandomCauchy,
    RandomGraph,
    RandomTree,
    ReverseRandomTree,
    WattsStrogatz,
)
from plurel_prob.priors.fields import possible_values, upper_bound
from plurel_prob.priors.stages import GraphPrior


def random_graph(
    prior: GraphPrior, n_node: Int[Array, "*batch"], max_node: int, max_parent: int | None = None
) -> Int8[Array, "*batch cause effect"]:
    r"""Draw graphs in topological order, within the plates that are open.

    .. math:: \text{family} \sim \text{Pick}, \quad \theta_\text{family} \sim p(\theta), \quad
        G \sim p_\text{family}(G \mid n, \theta)

    The parameters of the families that were not picked, and of nodes that do not exist, are drawn too but masked: they add
    nothing to the density.

    Args:
        prior: families and their parameters.
        n_node: number of nodes of each graph.
        max_node: static size of the matrices.
        max_parent: static limit on parents (``None``: no limit).
    """
    family = numpyro.sample("family", prior.family)

    def only_for(law: type) -> mask:
        return mask(mask=family == list(FAMILIES).index(law.__name__))

    size: dict[str, Any] = {"n_node": n_node, "max_node": max_node, "max_parent": max_parent}
    with only_for(ErdosRenyi):
        edge_prob = numpyro.sample("edge_prob", prior.edge_prob)
    with only_for(WattsStrogatz):
        n_neighbor = numpyro.sample("n_neighbor", prior.n_neighbor)
        rewire_prob = numpyro.sample("rewire_prob", prior.rewire_prob)
    with only_for(Layered):
        depth = numpyro.sample("depth", prior.depth)
    with only_for(RandomCauchy):
        log_odds = numpyro.sample("log_odds", prior.log_odds)
        is_node = jnp.arange(max_node) < n_node[..., None]
        as_cause = numpyro.sample("as_cause", prior.as_cause.mask(is_node).to_event(1))
        as_effect = numpyro.sample("as_effect", prior.as_effect.mask(is_node).to_event(1))
    laws = {
        "ErdosRenyi": ErdosRenyi(prob=edge_prob, **size),
        "BarabasiAlbert": BarabasiAlbert(drop_prob=prior.sink_drop_prob, **size),
        "RandomTree": RandomTree(**size),
        "ReverseRandomTree": ReverseRandomTree(**size),
        "WattsStrogatz": WattsStrogatz(
            n_neighbor=n_neighbor, rewire_prob=rewire_prob, max_neighbor=upper_bound(prior.n_neighbor), **size
        ),
        "Layered": Layered(depth=depth, drop_prob=prior.layer_drop_prob, max_depth=upper_bound(prior.depth), **size),
        "RandomCauchy": RandomCauchy(log_odds=log_odds, as_cause=as_cause, as_effect=as_effect, **size),
    }
    # families that the prior leaves out are not compiled: each is a second or two
    possible = possible_values(prior.family)
    place = np.zeros(len(FAMILIES), np.int32)
    place[list(possible)] = range(len(possible))
    return numpyro.sample("graph", RandomGraph(jnp.asarray(place)[family], [laws[list(FAMILIES)[index]] for index in possible]))
