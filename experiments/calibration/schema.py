"""Simulation-based calibration of the inference of schemas' graphs.

A family, its parameters, a graph of 3 to 6 tables and the labels of the tables are drawn by the program of stage 1; the rank of
each among draws from its posterior is uniform if the posterior is right (Talts et al., 2018, arXiv:1804.06788). The posterior of
a family's parameter is the one given that family, and counts where the family was drawn. About 1 s a repetition on one core.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
from jax import random
from jaxtyping import Array, PRNGKeyArray
from numpyro.handlers import seed as seeded
from numpyro.handlers import trace

from plurel_prob.distributions import FAMILIES
from plurel_prob.distributions.graphs import edges
from plurel_prob.inference.schema.candidates import draw_from
from plurel_prob.inference.schema.evidence import Evidence, evidence
from plurel_prob.models.graphs import random_graph
from plurel_prob.priors import GraphPrior, SchemaPrior

N_TABLE = (3, 6)
PRIOR = SchemaPrior(n_table=dist.DiscreteUniform(*N_TABLE), graph=GraphPrior())  # of every family
N_DRAW = 100
OF_FAMILY = {
    "ErdosRenyi": ("edge_prob",),
    "WattsStrogatz": ("n_neighbor", "rewire_prob"),
    "Layered": ("depth",),
    "RandomCauchy": ("log_odds",),
}


def ranks(n_repeat: int, seed: int) -> pd.DataFrame:
    """Ranks of true values among posterior draws, in random order among ties.

    Returns:
        A row for each repetition and quantity: ``routine``, ``quantity``, ``rank`` (from 0 to ``n_draw``), ``n_draw``, ``truth``
        and the posterior quantiles ``q05``, ``q25``, ``q75``, ``q95``. Quantities: ``family`` (its index), ``prob`` (posterior
        probability of the family, relative to the most probable one's), ``place`` (of the first table in the topological order),
        and the parameters of the family that was drawn.
    """
    rows = []
    for repeat in range(n_repeat):
        rng = np.random.default_rng([seed, repeat])
        n_table = int(rng.integers(N_TABLE[0], N_TABLE[1] + 1))
        for quantity, truth, draws in quantities(random.fold_in(random.key(seed), repeat), rng, n_table):
            rank = (draws < truth).sum() + rng.integers(0, (draws == truth).sum() + 1)
            quantiles = dict(zip(("q05", "q25", "q75", "q95"), np.quantile(draws, (0.05, 0.25, 0.75, 0.95)), strict=True))
            row = {"routine": "schema", "quantity": quantity, "rank": int(rank), "n_draw": len(draws), "truth": float(truth)}
            rows.append(row | quantiles)
    return pd.DataFrame(rows)


def quantities(key: PRNGKeyArray, rng: np.random.Generator, n_table: int) -> list[tuple[str, float, np.ndarray]]:
    """Name, truth and posterior draws of every quantity of one simulated graph."""
    site = {name: np.asarray(value) for name, value in simulate(key, jnp.array(n_table)).items()}
    place = rng.permutation(n_table)  # of every table in the topological order
    edge = np.array(edges(jnp.asarray(site["graph"])))[:n_table, :n_table][np.ix_(place, place)]
    found = [evidence(family, edge, PRIOR, int(rng.integers(2**31))) for family in FAMILIES]
    log_evidence = np.array([one.log_evidence for one in found])  # families are equally likely
    probs = np.exp(log_evidence - log_evidence.max())
    family, true_family = draw_from(log_evidence, rng, N_DRAW), int(site["family"])
    result = [
        ("family", float(true_family), family),
        ("prob", probs[true_family], probs[family]),
        ("place", float(place[0]), places(found, family, rng)),
    ]
    name = list(FAMILIES)[true_family]
    if name in OF_FAMILY:
        drawn = found[true_family].draw(rng, N_DRAW).parameter
        result += [(parameter, float(site[parameter]), drawn[parameter]) for parameter in OF_FAMILY[name]]
    return result


def places(found: list[Evidence], family: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place of the first table in the topological orders of posterior draws."""
    place = np.zeros(len(family), int)
    for index in np.unique(family):
        order = found[index].draw(rng, int((family == index).sum())).order
        place[family == index] = np.argmin(order, axis=1)
    return place


@jax.jit
def simulate(key: PRNGKeyArray, n_table: Array) -> dict[str, Array]:
    """Draw a family, its parameters and a graph."""
    sites = trace(seeded(random_graph, key)).get_trace(PRIOR.graph, n_table, N_TABLE[1], PRIOR.max_parent)
    return {name: site["value"] for name, site in sites.items() if site["type"] == "sample"}
