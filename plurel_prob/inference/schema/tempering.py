r"""RandomCauchy's parameters, of which there are :math:`2n + 1`: a tempered sequential Monte Carlo sampler.

Particles are parameters :math:`\theta` and a candidate :math:`k` (:mod:`.candidates`). They start from the prior times the
candidates' weights; the likelihood :math:`p(m_k \mid \theta)` comes in with powers :math:`t` from 0 to 1, each as large as leaves
half of the particles effective. At each, particles are resampled and moved by proposals that draw a few coordinates, and now and
then the candidate, anew from where they started: reversible for any prior, heavy tails included, and accepted by the ratio of
tempered likelihoods (Del Moral, Doucet and Jasra, 2006, *Sequential Monte Carlo samplers*).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random
from jaxtyping import Array, ArrayLike, Float, Int, Int8, PRNGKeyArray
from numpyro.distributions import Distribution

from plurel_prob.distributions import RandomCauchy
from plurel_prob.inference.schema.candidates import Candidates, draw_from, effective_size, log_sum
from plurel_prob.inference.schema.densities import padded, static_size
from plurel_prob.priors import SchemaPrior

N_PARTICLE = 4096
N_MOVE = 10  # proposals at each temperature
SHARE = (0.1, 0.5)  # of the coordinates that a proposal draws anew, at least and at most
MAX_MARK = 4096  # candidates among which particles choose; more are thinned

PARAMETERS = ("log_odds", "as_cause", "as_effect")
Theta = dict[str, Any]


@dataclass(frozen=True)
class Particles:
    """Equally weighted draws of parameters (by place) and candidates, and what the way there says of the evidence.

    Attributes:
        parameter: ``log_odds`` of shape (particle,), ``as_cause`` and ``as_effect`` of shape (particle, place).
        candidate: index of each particle's candidate.
        log_mean: log of the mean likelihood under the start.
        ess: particles over one plus the sum of the squared coefficients of variation of the weights at every step: how many
            independent draws would estimate the mean as well, if moves forgot the past.
    """

    parameter: dict[str, np.ndarray]
    candidate: Int[np.ndarray, " particle"]
    log_mean: float
    ess: float


def temper(candidates: Candidates, n_table: int, prior: SchemaPrior, seed: int) -> Particles:
    """Run the sampler over the candidates of a graph, all of which must be possible."""
    rng, key = np.random.default_rng(seed), random.key(seed)
    max_node = static_size(n_table, prior)
    mark, which = _table(candidates, max_node, rng)
    priors = tuple(getattr(prior.graph, name) for name in PARAMETERS)
    limit = prior.max_parent
    start_key, key = random.split(key)
    theta = _start(start_key, priors, max_node)
    candidate = jnp.asarray(rng.integers(len(which), size=N_PARTICLE))
    log_likelihood = _likelihood(theta, mark[candidate], n_table, max_node, limit)
    power, log_mean, variation = 0.0, 0.0, 0.0
    while power < 1.0:
        values = np.asarray(log_likelihood, np.float64)
        step = _step(values, 1.0 - power)
        power = 1.0 if step == 1.0 - power else power + step
        log_mean += float(log_sum(step * values)) - np.log(N_PARTICLE)
        variation += N_PARTICLE / effective_size(step * values) - 1.0
        survivor = jnp.asarray(draw_from(step * values, rng, N_PARTICLE))
        theta, candidate = jax.tree.map(lambda x, survivor=survivor: x[survivor], (theta, candidate))
        key, move_key = random.split(key)
        theta, candidate, log_likelihood = _move(
            move_key, theta, candidate, power, mark, len(which), n_table, priors, max_node, limit
        )
    parameter = {name: np.asarray(value, np.float64) for name, value in theta.items()}
    parameter |= {name: parameter[name][:, :n_table] for name in ("as_cause", "as_effect")}
    return Particles(parameter, which[np.asarray(candidate)], log_mean, N_PARTICLE / (1.0 + variation))


def _table(candidates: Candidates, max_node: int, rng: np.random.Generator) -> tuple[Array, np.ndarray]:
    """``MAX_MARK`` candidates to choose uniformly from: in proportion to their weights, by systematic resampling."""
    share = np.exp(candidates.log_weight - log_sum(candidates.log_weight)).cumsum()
    at = (np.arange(MAX_MARK) + rng.random()) / MAX_MARK
    which = np.minimum(np.searchsorted(share, at * share[-1], side="right"), len(candidates) - 1)
    return jnp.asarray(padded(candidates.mark[which], max_node)), which


def _step(values: np.ndarray, most: float) -> float:
    """Largest increase of the power, up to ``most``, at which half of the particles are effective."""
    if effective_size(most * values) >= len(values) / 2:
        return most
    low, high = 0.0, most
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if effective_size(middle * values) >= len(values) / 2 else (low, middle)
    return max(low, 1e-6)  # goes on, with few effective particles, where one outweighs the others at any power


@partial(jax.jit, static_argnums=2)
def _start(key: PRNGKeyArray, priors: tuple[Distribution, ...], max_node: int) -> Theta:
    keys = random.split(key, 3)
    shapes = ((N_PARTICLE,), (N_PARTICLE, max_node), (N_PARTICLE, max_node))
    return {name: prior.sample(k, shape) for name, prior, k, shape in zip(PARAMETERS, priors, keys, shapes, strict=True)}


@partial(jax.jit, static_argnums=(3, 4))
def _likelihood(
    theta: Theta, mark: Int8[Array, "particle c e"], n_table: ArrayLike, max_node: int, limit: int
) -> Float[Array, " particle"]:
    def of_one(theta: Theta, mark: Array) -> Array:
        return RandomCauchy(n_table, **theta, max_node=max_node, max_parent=limit).density(mark)

    return jax.vmap(of_one)(theta, mark)


@partial(jax.jit, static_argnums=(8, 9))
def _move(
    key: PRNGKeyArray,
    theta: Theta,
    candidate: Int[Array, " particle"],
    power: ArrayLike,
    mark: Int8[Array, "mark c e"],
    n_mark: ArrayLike,
    n_table: ArrayLike,
    priors: tuple[Distribution, ...],
    max_node: int,
    limit: int,
) -> tuple[Theta, Int[Array, " particle"], Float[Array, " particle"]]:
    """``N_MOVE`` proposals for every particle, at the likelihood's power."""

    def propose(index: ArrayLike, state: Any) -> Any:
        theta, candidate, log_likelihood = state
        new_key, share_key, mask_key, mark_key, other_key, accept_key = random.split(random.fold_in(key, index), 6)
        new = _start(new_key, priors, max_node)
        share = random.uniform(share_key, (N_PARTICLE, 1), minval=SHARE[0], maxval=SHARE[1])
        is_new = random.uniform(mask_key, (N_PARTICLE, 1 + 2 * max_node)) < share
        masks = {"log_odds": is_new[:, 0], "as_cause": is_new[:, 1 : 1 + max_node], "as_effect": is_new[:, 1 + max_node :]}
        proposal = jax.tree.map(jnp.where, masks, new, theta)
        other = random.randint(other_key, (N_PARTICLE,), 0, n_mark)
        other = jnp.where(random.uniform(mark_key, (N_PARTICLE,)) < 0.5, other, candidate)
        log_new = _likelihood(proposal, mark[other], n_table, max_node, limit)
        is_accepted = jnp.log(random.uniform(accept_key, (N_PARTICLE,))) < power * (log_new - log_likelihood)

        def choose(x: Array, y: Array) -> Array:
            return jnp.where(is_accepted.reshape((-1,) + (1,) * (x.ndim - 1)), x, y)

        return jax.tree.map(choose, (proposal, other, log_new), state)

    start = (theta, candidate, _likelihood(theta, mark[candidate], n_table, max_node, limit))
    return lax.fori_loop(0, N_MOVE, propose, start)
