"""Simulation-based calibration of the parameters of whole databases' mechanisms, given tables, links and graphs.

A database is drawn from a prior over small ones: its parameters are the truth, its values the data. Chains start around the
truth, in the mode that it lies in; other modes are not looked for.
"""

from collections.abc import Callable
from functools import partial

import jax
import numpy as np
from jax import random
from numpyro.diagnostics import effective_sample_size
from numpyro.infer.util import potential_energy

import plurel_prob
from experiments.calibration.ranking import ranked
from plurel_prob.inference.databases import GivenDatabase, given_database
from plurel_prob.inference.databases.chains import MAX_DEPTH, coordinates, own_ball, run
from plurel_prob.inference.databases.model import Arguments
from plurel_prob.priors import override

SIZES = {
    "n_table": {"DiscreteUniform": [2, 3]},
    "n_column": {"TruncatedZipf": [1.0, 2, 3]},
    "n_row_entity": {"DiscreteUniform": [30, 60]},
    "n_row_activity": {"DiscreteUniform": [100, 300]},
}
N_WARMUP, N_NUTS = 200, 400
MAX_STEP = 2**MAX_DEPTH - 1  # NUTS stops there
KEPT = np.linspace(0, N_NUTS - 1, 39).round().astype(int)  # far enough apart to be nearly independent
QUANTITIES = {
    "first noise level": ("noise_level", lambda site: site["noise_level"][..., 0]),
    "mean noise level": ("noise_level", lambda site: site["noise_level"].mean(-1)),
    "first sharpness": ("sharpness", lambda site: site["sharpness"][..., 0]),
    "mean strength of parent tables": ("foreign_strength", lambda site: site["foreign_strength"].mean(-1)),
    "mean noise factor": ("noise_factor", lambda site: site["noise_factor"].mean(-1)),
    "first edge weight": ("edge_weight", lambda site: site["edge_weight"][..., 0]),
    "mean size of edge weights": ("edge_weight", lambda site: np.abs(site["edge_weight"]).mean(-1)),
}


def repeat(index: int, seed: int) -> dict:
    """Draw a database, and rank its parameters among those inferred from its values.

    Returns:
        ``quantities``, of which each is a :func:`ranked` one with the effective size of all draws, and how many of the draws
        diverged, or stopped at the longest trajectory.
    """
    prior = override(plurel_prob.get_prior("compact"), {"schema": SIZES, "features": {"n_extra_node": 0}})
    given = given_database(plurel_prob.sample(1000 * seed + index, prior))
    mcmc, drawn = run(given, random.fold_in(random.key(seed), index), n_warmup=N_WARMUP, n_draw=N_NUTS, n_chain=1)
    drawn, stats = jax.device_get((drawn, mcmc.get_extra_fields()))
    n_entry = {name: len(given.own(name)) for name in drawn}
    drawn = {name: value[0, :, : n_entry[name]] for name, value in drawn.items()}
    own, rng = {name: given.own(name) for name in drawn}, np.random.default_rng([seed, index])
    rows = [row(name, of(own), of(drawn), rng) for name, (needs, of) in QUANTITIES.items() if n_entry[needs]]
    rows.append(row("potential", own_potential(given), stats["potential_energy"], rng))
    n_deepest = int((stats["num_steps"] >= MAX_STEP).sum())
    return {"n_divergent": int(stats["diverging"].sum()), "n_deepest": n_deepest, "quantities": rows}


def row(quantity: str, truth: float, draws: np.ndarray, rng: np.random.Generator) -> dict:
    """Rank of a truth, and the effective size of the draws."""
    draws = np.asarray(draws, float)
    return ranked(quantity, float(truth), draws[KEPT], rng) | {"ess": round(float(effective_sample_size(draws[None])))}


def own_potential(given: GivenDatabase) -> float:
    """The potential, minus the log density in unconstrained coordinates, at the database's own parameters."""
    return float(_potential_at(given.model, given.arguments, own_ball(given.model, given.arguments)[0]))


@partial(jax.jit, static_argnums=0)
def _potential_at(model: Callable[..., None], arguments: Arguments, flat: jax.Array) -> jax.Array:
    return potential_energy(model, arguments, {}, coordinates(arguments, flat))
