"""Simulation-based calibration of the inference of one table's mechanisms and of causal graphs.

Parameters are drawn from the program's own prior, a table from them, and the rank of the truth among the posterior's draws is
uniform if inference is right (Talts et al., 2018, arXiv:1804.06788). For graphs, the truth is a graph drawn from the structure
prior and numbers drawn from the scoring model, whose score is exact.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from numpyro import handlers
from numpyro.diagnostics import effective_sample_size

from experiments.calibration.ranking import ranked
from plurel_prob.inference.features.basis import features
from plurel_prob.inference.features.columns import Columns
from plurel_prob.inference.features.dags import GraphPosterior, causes_of, log_structure_prior, membership
from plurel_prob.inference.features.graphs import topological_order
from plurel_prob.inference.features.mechanisms import run
from plurel_prob.inference.features.model import ColumnGraph, mechanisms
from plurel_prob.inference.features.scores import ColumnScores, effect_sizes

N_ROW, N_NODE = 60, 4
N_DRAW = 99  # graphs, which are independent
N_NUTS = 600
KEPT = np.linspace(0, N_NUTS - 1, 39).round().astype(int)  # far enough apart to be nearly independent
MAX_STEP = 1023  # NUTS stops there
STRUCTURE = ColumnGraph((0, 0, 3, 0), ((), (0,), (1,), (1, 2)), (0, 1, 2, 3), 1)  # with a source, a category, parent tables
QUANTITIES = {
    "noise_level": lambda site: site["noise_level"],
    "sharpness": lambda site: site["sharpness"],
    "foreign_strength": lambda site: site["foreign_strength"],
    "noise_scale, one cause": lambda site: site["noise_scale_1"],
    "noise_scale, two causes": lambda site: site["noise_scale_3"],
    "first coefficient of a number": lambda site: site["coefficient_1"][..., 1],
    "coefficient of a categorical cause": lambda site: site["coefficient_3"][..., -1],
    "coefficient of a category": lambda site: site["coefficient_2"][..., 1, 0],
    "effect of the parent tables": lambda site: site["foreign_3"][..., 0],
}


def mechanism_repeat(index: int, seed: int) -> dict:
    """Draw parameters and a table from the program, and rank the parameters among those inferred.

    Returns:
        ``quantities``, of which each is a :func:`ranked` one with the effective size of all draws, and how many of the draws
        diverged, or stopped at the longest trajectory.
    """
    foreign_key, truth_key, run_key = random.split(random.fold_in(random.key(seed), index), 3)
    foreign = random.normal(foreign_key, (N_ROW, STRUCTURE.n_foreign))
    trace = handlers.trace(handlers.seed(mechanisms, truth_key)).get_trace(STRUCTURE, foreign)
    site = {name: np.asarray(site["value"], float) for name, site in trace.items() if site["type"] in ("sample", "deterministic")}
    value = np.stack([site[f"column_{column}"] for column in range(len(STRUCTURE.order))], axis=1)
    columns = Columns(("a", "b", "c", "d"), value, STRUCTURE.n_category, np.asarray(foreign, float))
    mcmc = run(columns, STRUCTURE, run_key, n_draw=N_NUTS, n_chain=1)
    drawn, stats = jax.device_get((mcmc.get_samples(), mcmc.get_extra_fields()))
    rng, rows = np.random.default_rng([seed, index]), []
    for name, of in QUANTITIES.items():
        draws = np.asarray(of(drawn), float)
        rows.append(ranked(name, float(of(site)), draws[KEPT], rng) | {"ess": round(float(effective_sample_size(draws[None])))})
    n_deepest = int((stats["num_steps"] >= MAX_STEP).sum())
    return {"n_divergent": int(stats["diverging"].sum()), "n_deepest": n_deepest, "quantities": rows}


def graph_repeat(index: int, seed: int) -> dict:
    """Draw a graph from the structure prior and numbers from the scoring model, and rank summaries of the graph.

    Returns:
        ``quantities``, of which each is a :func:`ranked` one.
    """
    rng, prior = np.random.default_rng([seed, index]), GraphPosterior(log_structure_prior(N_NODE))
    [edge] = prior.sample(rng, 1)
    value = simulate_numbers(edge, rng)
    scores = ColumnScores(Columns(tuple("abcd"), value, (0,) * N_NODE, np.zeros((N_ROW, 0))))
    posterior = GraphPosterior(np.where(np.isfinite(prior.score), prior.score + scores.score, -np.inf))
    drawn = posterior.sample(rng, N_DRAW)
    log_weight = np.array([posterior.log_weight(graph).sum() for graph in drawn])
    rows = [
        ranked("number of edges", edge.sum(), drawn.sum(axis=(1, 2)), rng),
        ranked("first edge", edge[0, 1], drawn[:, 0, 1], rng),
        ranked("last edge", edge[-1, -2], drawn[:, -1, -2], rng),
        ranked("log posterior of the graph", posterior.log_weight(edge).sum(), log_weight, rng),
    ]
    return {"quantities": rows}


def simulate_numbers(edge: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw numbers from the scoring model given a graph."""
    value, member = np.zeros((N_ROW, len(edge))), membership(len(edge))
    for node in topological_order(edge):
        causes = np.flatnonzero(member[causes_of(edge)[node]])
        parts = [np.asarray(features(jnp.asarray(value[:, c], jnp.float32), 0)) / np.sqrt(len(causes)) for c in causes]
        design = np.concatenate([np.ones((N_ROW, 1)), *parts], axis=1)
        size = rng.choice(effect_sizes()) if len(causes) else 0.0
        sigma = np.sqrt(1 / (1 + size**2) / rng.gamma(2.0))
        value[:, node] = sigma * (rng.normal(size=N_ROW) + (size or 1.0) * design @ rng.normal(size=design.shape[1]))
    return value
