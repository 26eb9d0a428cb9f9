"""Likelihood of affinities given a layout, its maximum, its integral, and draws from the posterior.

Everything runs in 64 bits under ``jax.enable_x64``: log likelihoods of long keys are large and their differences matter.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import random
from jaxtyping import Array, PRNGKeyArray
from numpyro.distributions import Distribution, StudentT, biject_to
from numpyro.infer import MCMC, NUTS

from plurel_prob.inference.links.structures import SufficientStatistics, Values
from plurel_prob.priors.stages import LinkPrior

MIN_AFFINITY = 1e-6  # as in the model
N_NEWTON = 30
N_PROPOSAL, N_ROUND, GOOD_ESS = 2000, 4, 0.5
DEGREE = 6.0  # of freedom of the Student proposal
N_WARMUP = 300
MAX_START = 8.0  # unconstrained: not at the bounds of a support


class Law(NamedTuple):
    """The part of a prior that is random given a structure."""

    affinity: Distribution
    matching: Values | float
    low: Values | float  # smallest and largest of many affinities
    high: Values | float

    @classmethod
    def of(cls, prior: LinkPrior) -> "Law":
        """Take it from a prior."""
        draws = np.maximum(np.asarray(prior.affinity.sample(random.key(0), (4096,)), np.float64), MIN_AFFINITY)
        return cls(prior.affinity, float(prior.matching_affinity), float(draws.min()), float(draws.max()))


class Estimate(NamedTuple):
    """Integral over the affinities of one layout."""

    log_evidence: float
    ess: float  # effective draws of the importance sampler, a share; 1 if nothing is random


def log_total(affinity: Values, size: Values) -> Array:
    r"""Log of :math:`\sum_p n_p \prod_\ell \Lambda_{\ell, z_\ell(p), z_\ell(c)}` for every cell of children.

    The sum over cells of parents is taken level by level: :math:`k^{L+1}` steps instead of :math:`k^{2L}`.
    """
    total = size
    for level in range(affinity.shape[0]):
        total = (total[..., None] * affinity[level].reshape((-1,) + (1,) * (total.ndim - 1) + (affinity.shape[2],))).sum(0)
    return jnp.log(total)


def log_likelihood(affinity: Values, counts: SufficientStatistics) -> Array:
    """Log probability of all parents of children, by the block model; ``affinity`` is ``(level, parent's, child's cluster)``."""
    total = jnp.where(counts.n_child > 0, log_total(affinity, counts.size), 0.0)
    return (counts.n_link * jnp.log(affinity)).sum() - (counts.n_child * total).sum()


def fill(affinity: Values, is_free: Values, matching: Values | float) -> Array:
    """Affinities of all pairs: those that match have theirs, and so do pairs that are not used."""
    return jnp.where(is_free, jnp.maximum(affinity, MIN_AFFINITY), matching)


def log_posterior(flat: Values, law: Law, counts: SufficientStatistics) -> Array:
    """Log of likelihood times prior of unconstrained affinities; entries that are not free are standard normal."""
    to_support = biject_to(law.affinity.support)
    real = flat.reshape(counts.is_free.shape)
    affinity = to_support(real)
    density = law.affinity.log_prob(affinity) + to_support.log_abs_det_jacobian(real, affinity)
    normal = -0.5 * (real**2 + jnp.log(2 * jnp.pi))
    likelihood = log_likelihood(fill(affinity, counts.is_free, law.matching), counts)
    return likelihood + jnp.where(counts.is_free, density, normal).sum()


@jax.jit
def approximate(law: Law, counts: SufficientStatistics, n_step: Array | int) -> tuple[Array, Array]:
    """Rough log evidence and the affinities it rests on, of a batch of layouts.

    Affinities near the maximum of the likelihood by steps of generalized iterative scaling, kept between the smallest
    and the largest that the prior is likely to draw; around it, a Laplace approximation with a diagonal Hessian, whose volume is
    at most the prior's.
    """
    per_step = 1.0 / counts.is_free.shape[-3]

    def one(counts: SufficientStatistics) -> tuple[Array, Array]:
        expected_of = jax.grad(
            lambda a: jnp.where(counts.n_child > 0, counts.n_child * log_total(jnp.exp(a), counts.size), 0.0).sum()
        )

        def step(_: Array, log_affinity: Array) -> Array:
            # half a link more on both sides, so that cells without links have a logarithm
            ratio = jnp.log(counts.n_link + 0.5) - jnp.log(expected_of(log_affinity) + 0.5)
            moved = jnp.clip(log_affinity + 2 * per_step * ratio, jnp.log(law.low), jnp.log(law.high))
            return jnp.where(counts.is_free, moved, log_affinity)

        start = jnp.where(counts.is_free, 0.5 * jnp.log(law.low * law.high), jnp.log(law.matching))
        log_affinity = jax.lax.fori_loop(0, n_step, step, start)
        affinity = jnp.exp(log_affinity)
        density = law.affinity.log_prob(jnp.clip(affinity, law.low, law.high)) + log_affinity
        volume = density + 0.5 * jnp.log(2 * jnp.pi / (expected_of(log_affinity) + 0.1))
        volume = jnp.where(counts.is_free, jnp.minimum(volume, 0.0), 0.0).sum()
        return log_likelihood(affinity, counts) + volume, affinity

    return jax.vmap(one)(counts)


@jax.jit
def laplace(law: Law, counts: SufficientStatistics, start: Values) -> tuple[Array, Array, Array]:
    """Maximum of the unconstrained posterior by Newton's method, the covariance there, and log evidence."""

    def objective(flat: Array) -> Array:
        return log_posterior(flat, law, counts)

    slope, curvature = jax.grad(objective), jax.hessian(objective)

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        flat, damping, n_step = state
        # damped, and with absolute curvatures: away from the mode the Hessian need not be negative definite
        value, vector = jnp.linalg.eigh(-curvature(flat))
        move = vector @ ((vector.T @ slope(flat)) / (jnp.abs(value) + damping))
        move = jnp.clip(move, -2.0, 2.0)
        better = objective(flat + move) > objective(flat)
        return jnp.where(better, flat + move, flat), jnp.where(better, damping * 0.1, damping * 10.0), n_step + 1

    def goes_on(state: tuple[Array, Array, Array]) -> Array:
        return (state[2] < N_NEWTON) & (jnp.abs(slope(state[0])).max() > 1e-4) & (state[1] < 1e6)

    real = jnp.clip(jnp.nan_to_num(biject_to(law.affinity.support).inv(start)), -MAX_START, MAX_START)
    first = jnp.where(counts.is_free, real, 0.0).ravel()
    mode, _, _ = jax.lax.while_loop(goes_on, step, (first, jnp.asarray(1.0), jnp.asarray(0)))
    value, vector = jnp.linalg.eigh(-curvature(mode))
    value = jnp.maximum(value, 0.05)  # without curvature in a direction, the proposal would be without bounds there
    factor = vector / jnp.sqrt(value)
    evidence = objective(mode) + 0.5 * len(mode) * jnp.log(2 * jnp.pi) - 0.5 * jnp.log(value).sum()
    return mode, factor @ factor.T, evidence


@partial(jax.jit, static_argnames="n_draw")
def importance(
    key: PRNGKeyArray, law: Law, counts: SufficientStatistics, mean: Values, covariance: Values, n_draw: int
) -> tuple[Array, Array]:
    """Draws whose free entries are independent Student variables, rotated and scaled, and their log weights."""
    is_free = counts.is_free.ravel()
    both = is_free[:, None] & is_free
    factor = jnp.linalg.cholesky(jnp.where(both, covariance, jnp.eye(len(mean))))
    law_of_entry = StudentT(DEGREE, 0.0, jnp.sqrt((DEGREE - 2) / DEGREE))  # of unit variance
    white = law_of_entry.sample(key, (n_draw, len(mean)))
    proposal = jnp.where(is_free, law_of_entry.log_prob(white), 0.0).sum(1) - jnp.log(jnp.diag(factor)).sum()
    flat = jnp.where(is_free, mean + jnp.where(is_free, white, 0.0) @ factor.T, 0.0)
    target = jax.vmap(log_posterior, (0, None, None))(flat, law, counts)
    unused = -0.5 * jnp.log(2 * jnp.pi) * (~is_free).sum()  # of entries that are not free, which are zero
    return flat, target - unused - proposal


def evidence(key: PRNGKeyArray, law: Law, counts: SufficientStatistics, mean: Values, covariance: Values) -> Estimate:
    """Log evidence by importance sampling: around the maximum, then with the moments of the draws before."""
    if not counts.is_free.any():
        return Estimate(float(log_likelihood(fill(counts.n_link, counts.is_free, law.matching), counts)), 1.0)
    for part in range(N_ROUND):
        flat, log_weight = importance(random.fold_in(key, part), law, counts, mean, covariance, N_PROPOSAL)
        flat, log_weight = np.asarray(flat), np.asarray(log_weight)
        weight = np.exp(log_weight - log_weight.max())
        share = weight / weight.sum()
        ess = 1 / (share**2).sum()
        if ess > GOOD_ESS * N_PROPOSAL:
            break
        # moments of weights to a power, so that they rest on enough draws
        tempered = share ** min(1.0, max(0.2, ess / (8 * counts.is_free.sum())))
        tempered /= tempered.sum()
        mean = tempered @ flat
        # few distinct draws can have a singular covariance, which has no Cholesky factor
        covariance = (tempered * (flat - mean).T) @ (flat - mean) + 1e-9 * np.eye(len(mean))
    return Estimate(float(np.log(weight.mean()) + log_weight.max()), float(ess / N_PROPOSAL))


def affinities(law: Law, counts: SufficientStatistics) -> None:
    """The block model of one foreign key given its structure, as a NumPyro program.

    Pairs of clusters that match or are not used have an affinity that the likelihood ignores: one shape serves all structures.
    """
    with numpyro.plate_stack("pair", counts.is_free.shape):
        affinity = numpyro.sample("affinity", law.affinity)
    numpyro.factor("parent_row", log_likelihood(fill(affinity, counts.is_free, law.matching), counts))


class Sampler:
    """NUTS on the affinities of layout after layout, compiled once."""

    def __init__(self, law: Law, n_draw: int):
        self.law = law
        self.mcmc = MCMC(NUTS(affinities), num_warmup=N_WARMUP, num_samples=n_draw, progress_bar=False, jit_model_args=True)

    def draw(self, key: PRNGKeyArray, counts: SufficientStatistics, mode: Values) -> tuple[np.ndarray, np.ndarray]:
        """Affinities of all pairs, shape ``(draw, level, cluster, cluster)``, and which draws followed a divergence."""
        start = {"affinity": jnp.asarray(mode).reshape(counts.is_free.shape)}
        self.mcmc.run(key, self.law, counts, init_params=start, extra_fields=("diverging",))
        affinity = fill(self.mcmc.get_samples()["affinity"], counts.is_free, self.law.matching)
        return np.asarray(affinity), np.asarray(self.mcmc.get_extra_fields()["diverging"])
