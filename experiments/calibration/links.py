"""Simulation-based calibration of the inference for one foreign key.

Parameters and links are drawn by the program of stage 2, with small tables; the rank of every parameter among draws from its
posterior is uniform if the posterior is right (Talts et al., 2018, arXiv:1804.06788).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, PRNGKeyArray
from numpyro.handlers import seed as seeded

from experiments.calibration.ranking import ranked
from plurel_prob.blocks import HeldBlocks
from plurel_prob.inference.links.infer import draws_of
from plurel_prob.inference.links.key import ObservedLinks
from plurel_prob.inference.links.popularity import ALPHA, concentration
from plurel_prob.inference.links.posterior import BlockPosterior
from plurel_prob.models.links import Links, links
from plurel_prob.models.schema import Schema
from plurel_prob.priors import LinkPrior

PRIOR = LinkPrior()
N_DRAW = 99
N_PARENT, N_CHILD = (30, 200), (200, 800)


def repeat(index: int, seed: int) -> dict:
    """Simulate a foreign key and rank the truths among posterior draws.

    Returns:
        ``quantities``, of which each is a :func:`ranked` one.
    """
    rng, key = np.random.default_rng([seed, index]), random.fold_in(random.key(seed), index)
    n_parent, n_child = (int(rng.integers(low, high + 1)) for low, high in (N_PARENT, N_CHILD))
    found = [*blocks(key, rng, n_parent, n_child), popularity(rng, n_parent, n_child)]
    return {"quantities": [ranked(quantity, truth, draws, rng) for quantity, truth, draws in found]}


def blocks(key: PRNGKeyArray, rng: np.random.Generator, n_parent: int, n_child: int) -> list[tuple[str, float, np.ndarray]]:
    """Functionals of structure and affinities: the truth, and draws from the posterior of the model with blocks."""
    sample_key, fit_key = random.split(key)
    drawn = jax.tree.map(lambda x: np.asarray(x)[1, 0], simulate(sample_key, jnp.array([n_parent, n_child])))
    posterior = BlockPosterior(ObservedLinks(drawn.parent_row[:n_child].astype(np.int64), n_parent), PRIOR, fit_key, N_DRAW)
    fit = posterior.fit(rng, has_popularity=False)
    draws = {name: np.concatenate(parts) for name, parts in draws_of(fit).items()}
    truth = {name: getattr(drawn, name)[None] for name in draws}
    sizes = n_parent, n_child
    return [
        (name, value[0], found)
        for (name, value), found in zip(functionals(truth, *sizes).items(), functionals(draws, *sizes).values(), strict=True)
    ]


@jax.jit
def simulate(key: PRNGKeyArray, n_row: Array) -> Links:
    """Draw stage 2 of a database of two tables, the second of which refers to the first."""
    zero = jnp.zeros(2, jnp.int32)
    others = dict.fromkeys(Schema._fields, zero)
    schema = Schema(**others | {"parent_table": jnp.array([[-1], [0]]), "n_row": n_row})
    return seeded(links, key)(PRIOR, schema, N_CHILD[1], HeldBlocks(zero, zero))


def functionals(draws: dict[str, np.ndarray], n_parent: int, n_child: int) -> dict[str, np.ndarray]:
    """Functions of the parameters that mean the same under every structure."""
    first_half, same_half, information, affinity = [], [], [], []
    for i in range(len(draws["n_level"])):
        probs = parent_probs(*(draws[name][i] for name in ("n_parent_cluster", "n_child_cluster", "affinity")), n_parent, n_child)
        first_half.append(probs[0, : n_parent // 2].sum())
        same_half.append(probs[n_child // 2 :, n_parent // 2 :].sum(1).mean())
        mean = probs.mean(0)
        information.append((probs * np.log(probs / mean)).sum(1).mean())
        affinity.append(mean_log_affinity(draws["n_parent_cluster"][i], draws["n_child_cluster"][i], draws["affinity"][i]))
    return {
        "n_level": draws["n_level"],
        "first child, first half": np.round(first_half, 9),  # ties stay ties
        "second half, second half": np.round(same_half, 9),
        "information": np.round(information, 9),
        "mean log affinity": np.round(affinity, 6),
    }


def parent_probs(
    n_parent_cluster: np.ndarray, n_child_cluster: np.ndarray, affinity: np.ndarray, n_parent: int, n_child: int
) -> np.ndarray:
    """Probability of every parent row for every child row, shape ``(child, parent)``."""

    def clusters(n_row: int, n_cluster: np.ndarray) -> tuple[np.ndarray, ...]:
        base = np.arange(n_row) // -(-n_row // n_cluster.prod())
        return np.unravel_index(base, n_cluster)

    weight = np.ones((n_child, n_parent))
    pairs = zip(clusters(n_parent, n_parent_cluster), clusters(n_child, n_child_cluster), strict=True)
    for level, (of_parent, of_child) in enumerate(pairs):
        weight *= affinity[level][of_parent[None, :], of_child[:, None]]
    return weight / weight.sum(1, keepdims=True)


def mean_log_affinity(n_parent_cluster: np.ndarray, n_child_cluster: np.ndarray, affinity: np.ndarray) -> float:
    """Mean of the log affinities of pairs of clusters that do not match; 0 if all match."""
    used = [
        affinity[level, :n_p, :n_c].ravel()
        for level, (n_p, n_c) in enumerate(zip(n_parent_cluster, n_child_cluster, strict=True))
    ]
    free = np.concatenate(used)[~np.isclose(np.concatenate(used), PRIOR.matching_affinity)]
    return float(np.log(free).mean()) if len(free) else 0.0


def popularity(rng: np.random.Generator, n_parent: int, n_child: int) -> tuple[str, float, np.ndarray]:
    """The concentration of popularity: the truth, and draws from its posterior."""
    alpha = float(np.exp(rng.normal(float(ALPHA.loc), float(ALPHA.scale))))
    parent_row = rng.choice(n_parent, n_child, p=rng.dirichlet(np.full(n_parent, alpha)))
    return "alpha", alpha, concentration(ObservedLinks(parent_row, n_parent), 1).draw(rng, N_DRAW)
