"""Simulation-based calibration of the inference of schemas' graphs.

A family, its parameters, a graph of 3 to 6 tables and the labels of the tables are drawn by the program of stage 1; the rank of
each among draws from its posterior is uniform if the posterior is right (Talts et al., 2018, arXiv:1804.06788). The parameters of
a family are studied given that family, with graphs of their own, so that every repeat counts for all of them.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import random
from jaxtyping import Array, PRNGKeyArray
from numpyro.handlers import condition, trace
from numpyro.handlers import seed as seeded

from experiments.calibration.ranking import ranked
from plurel_prob.distributions import FAMILIES
from plurel_prob.distributions.graphs import edges
from plurel_prob.inference.schema.candidates import draw_from
from plurel_prob.inference.schema.evidence import Evidence, evidence
from plurel_prob.models.graphs import random_graph
from plurel_prob.priors import GraphPrior, SchemaPrior

N_TABLE = (3, 6)
PRIOR = SchemaPrior(n_table=dist.DiscreteUniform(*N_TABLE), graph=GraphPrior())  # of every family
N_DRAW = 99
OF_FAMILY = {
    "ErdosRenyi": ("edge_prob",),
    "WattsStrogatz": ("n_neighbor", "rewire_prob"),
    "Layered": ("depth",),
    "RandomCauchy": ("log_odds",),
}


def repeat(index: int, seed: int) -> dict:
    """Simulate graphs and rank the truths among posterior draws.

    Returns:
        ``quantities``, of which each is a :func:`ranked` one: ``family`` (its index), ``prob`` (posterior probability of the
        family, relative to the most probable one's), ``place`` (of the first table in the topological order), and the parameters
        of families.
    """
    rng, key = np.random.default_rng([seed, index]), random.fold_in(random.key(seed), index)
    family_key, *keys = random.split(key, 1 + len(OF_FAMILY))
    rows = of_families(family_key, rng)
    for name, parameter_key in zip(OF_FAMILY, keys, strict=True):
        rows += of_parameters(name, parameter_key, rng)
    return {"quantities": rows}


def of_families(key: PRNGKeyArray, rng: np.random.Generator) -> list[dict]:
    """Rank the family, its probability and the place of a table, with a graph of a random family."""
    family_key, graph_key = random.split(key)
    true_family = int(PRIOR.graph.family.sample(family_key))
    edge, place, _ = simulated(graph_key, true_family, rng)
    found = [evidence(family, edge, PRIOR, int(rng.integers(2**31))) for family in FAMILIES]
    log_evidence = np.array([one.log_evidence for one in found])  # families are equally likely
    probs = np.exp(log_evidence - log_evidence.max())
    family = draw_from(log_evidence, rng, N_DRAW)
    return [
        ranked("family", true_family, family, rng),
        ranked("prob", probs[true_family], probs[family], rng),
        ranked("place", place[0], places(found, family, rng), rng),
    ]


def of_parameters(family: str, key: PRNGKeyArray, rng: np.random.Generator) -> list[dict]:
    """Rank a family's parameters, with a graph of this family."""
    edge, _, site = simulated(key, list(FAMILIES).index(family), rng)
    drawn = evidence(family, edge, PRIOR, int(rng.integers(2**31))).draw(rng, N_DRAW).parameter
    return [ranked(name, float(site[name]), drawn[name], rng) for name in OF_FAMILY[family]]


def simulated(key: PRNGKeyArray, family: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Draw a graph over labelled tables; return its edges, the tables' places in the topological order, and what was drawn."""
    n_table = int(rng.integers(N_TABLE[0], N_TABLE[1] + 1))
    site = {name: np.asarray(value) for name, value in simulate(key, jnp.array(family), jnp.array(n_table)).items()}
    place = rng.permutation(n_table)
    return np.array(edges(jnp.asarray(site["graph"])))[:n_table, :n_table][np.ix_(place, place)], place, site


def places(found: list[Evidence], family: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place of the first table in the topological orders of posterior draws."""
    place = np.zeros(len(family), int)
    for index in np.unique(family):
        order = found[index].draw(rng, int((family == index).sum())).order
        place[family == index] = np.argmin(order, axis=1)
    return place


@jax.jit
def simulate(key: PRNGKeyArray, family: Array, n_table: Array) -> dict[str, Array]:
    """Draw the parameters of a family and a graph."""
    given = condition(seeded(random_graph, key), {"family": family})
    sites = trace(given).get_trace(PRIOR.graph, n_table, N_TABLE[1], PRIOR.max_parent)
    return {name: site["value"] for name, site in sites.items() if site["type"] == "sample"}
