"""Simulation-based calibration of the parameters of whole databases' mechanisms, given tables, links and graphs.

A database is drawn from a prior over small ones: its parameters are the truth, its values the data. Chains start around the
truth, in the mode that it lies in; other modes are not looked for.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random
from numpyro.diagnostics import effective_sample_size

import plurel_prob
from experiments.calibration.ranking import ranked
from plurel_prob.inference.databases import given_database
from plurel_prob.inference.databases.chains import MAX_DEPTH, run
from plurel_prob.inference.databases.model import Arguments, with_parameters
from plurel_prob.priors import Prior, override

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


@cache
def small_prior() -> Prior:
    """One object, so that programs are compiled once."""
    return override(plurel_prob.get_prior("compact"), {"schema": SIZES, "features": {"n_extra_node": 0}})


def repeat(index: int, seed: int) -> dict:
    """Draw a database, and rank its parameters among those inferred from its values.

    Returns:
        ``quantities``, of which each is a :func:`ranked` one with the effective size of all draws, and how many of the draws
        diverged, or stopped at the longest trajectory.
    """
    given = given_database(plurel_prob.sample(1000 * seed + index, small_prior()))
    drawn, stats = run(given, random.fold_in(random.key(seed), index), n_warmup=N_WARMUP, n_draw=N_NUTS, n_chain=1)
    kept = {name: jnp.concatenate([given.arguments[2].own[name][None], value[0, KEPT]]) for name, value in drawn.items()}
    drawn, stats, (own_fit, *fit) = jax.device_get((drawn, stats, log_likelihoods(given.arguments, kept)))
    n_entry = {name: len(given.own(name)) for name in drawn}
    drawn = {name: value[0, :, : n_entry[name]] for name, value in drawn.items()}
    own, rng = {name: given.own(name) for name in drawn}, np.random.default_rng([seed, index])
    rows = [row(name, of(own), of(drawn), rng) for name, (needs, of) in QUANTITIES.items() if n_entry[needs]]
    rows.append(ranked("log density of values", float(own_fit), np.array(fit), rng) | {"ess": None})
    n_deepest = int((stats["num_steps"] >= MAX_STEP).sum())
    return {"n_divergent": int(stats["diverging"].sum()), "n_deepest": n_deepest, "quantities": rows}


def row(quantity: str, truth: float, draws: np.ndarray, rng: np.random.Generator) -> dict:
    """Rank of a truth, and the effective size of the draws."""
    draws = np.asarray(draws, float)
    return ranked(quantity, float(truth), draws[KEPT], rng) | {"ess": round(float(effective_sample_size(draws[None])))}


@jax.jit
def log_likelihoods(arguments: Arguments, parameters: dict[str, jax.Array]) -> jax.Array:
    """Log density of the values at each of several parameters. (That of parameters and values would not do: it depends on the
    coordinates, which depend on the truth.)
    """
    law, value, known = arguments
    return lax.map(lambda found: with_parameters(law, known.places, found).log_prob(value), parameters)
