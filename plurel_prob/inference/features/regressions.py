r"""Marginal likelihoods of one column given others: what a graph's score is made of.

A number, its normal scores :math:`y`, is a linear regression on features :math:`x` of its causes,

.. math:: y \mid \beta, \sigma^2 \sim N(X \beta, \sigma^2 I), \quad \beta_j \mid \sigma^2 \sim N(0, \sigma^2 \tau^2 d_j^2),
    \quad \sigma^2 \sim \text{InverseGamma}(2, 1 / (1 + \tau^2)),

with :math:`\tau` the size of effects in units of the noise, so that the column's variance is about one; the marginal likelihood
is in closed form. A category is a softmax regression with contrasts :math:`H`,

.. math:: y \sim \text{Categorical}(\text{softmax}(H V^\top x)), \quad V_{jc} \sim N(0, d_j^2),

whose marginal likelihood has no closed form: Laplace's approximation is taken, in 64 bits.
"""

from math import lgamma, log, pi
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import log_softmax
from jax.scipy.linalg import cho_solve
from jax.scipy.sparse.linalg import cg
from jaxtyping import Array, Float, Int

NOISE_SHAPE = 2.0  # of the inverse gamma law
MAX_STEP = 100


class LinearPosterior(NamedTuple):
    """Posterior of a linear regression: inverse gamma noise variance, normal coefficients given it."""

    log_evidence: float
    mean: Float[np.ndarray, " feature"]
    scale: Float[np.ndarray, "feature feature"]  # coefficients are mean + sigma * scale @ standard normal
    shape: float
    rate: float

    def sample(self, rng: np.random.Generator) -> tuple[Float[np.ndarray, " feature"], float]:
        """Draw coefficients and the noise's standard deviation."""
        sigma = float(np.sqrt(self.rate / rng.gamma(self.shape)))
        return self.mean + sigma * self.scale @ rng.normal(size=len(self.mean)), sigma


def linear(
    gram: Float[np.ndarray, "feature feature"],
    moment: Float[np.ndarray, " feature"],
    square: float,
    n_row: int,
    scale: Float[np.ndarray, " feature"],
    effect_size: float,
) -> LinearPosterior:
    r"""Solve a linear regression.

    Args:
        gram: :math:`X^\top X`.
        moment: :math:`X^\top y`.
        square: :math:`y^\top y`.
        n_row: number of rows.
        scale: :math:`d`, prior scales of the coefficients.
        effect_size: :math:`\tau`; 0 if there are no causes: the intercept then has the prior scale of the noise.
    """
    scale = scale * (effect_size or 1.0)
    precision = np.eye(len(scale)) + scale[:, None] * gram * scale  # of coefficients in units of their prior scale
    root = np.linalg.cholesky(precision)
    whitened = np.linalg.solve(root, scale * moment)
    rate = 1 / (1 + effect_size**2)
    shape, new_rate = NOISE_SHAPE + n_row / 2, rate + 0.5 * float(square - whitened @ whitened)
    log_evidence = (
        -0.5 * n_row * log(2 * pi)
        - np.log(np.diag(root)).sum()
        + (NOISE_SHAPE * log(rate) - lgamma(NOISE_SHAPE))
        - (shape * log(new_rate) - lgamma(shape))
    )
    inverse = np.linalg.solve(root, np.eye(len(scale)))
    return LinearPosterior(float(log_evidence), scale * (inverse.T @ whitened), scale[:, None] * inverse.T, shape, new_rate)


class SoftmaxPosterior(NamedTuple):
    """Laplace's approximation of the posterior of a softmax regression."""

    log_evidence: Float[Array, ""]
    mode: Float[Array, "feature contrast"]  # in units of the prior scale
    root: Float[Array, "coefficient coefficient"]  # Cholesky factor of the precision


@jax.jit
def softmax(
    design: Float[Array, "row feature"], contrast: Float[Array, "category contrast"], category: Int[Array, " row"]
) -> SoftmaxPosterior:
    r"""Find the mode by Newton's method, its steps by conjugate gradients, and approximate the evidence.

    .. math:: \log p(y, V^*) + \tfrac{D}{2} \log 2\pi - \tfrac{1}{2} \log |{-\nabla^2} \log p(y, V^*)|

    The design's columns are multiplied by the prior scales; a column of zeros adds nothing.
    """
    n_feature, n_contrast = design.shape[1], contrast.shape[1]

    def log_joint(weight: Array) -> Array:
        log_probs = log_softmax(design @ weight @ contrast.T)
        return jnp.take_along_axis(log_probs, category[:, None], axis=1).sum() - 0.5 * (weight**2).sum()

    # the bound is a good preconditioner: a few steps of conjugate gradients to 1e-2 do, as Newton's next step mends the rest
    bound = jnp.linalg.cholesky(0.5 * design.T @ design + jnp.eye(n_feature))  # of the precision of each contrast (Boehning)

    def newton(state: tuple) -> tuple:
        weight, value, _, step = state
        gradient, curvature = jax.linearize(jax.grad(log_joint), weight)
        direction, _ = cg(lambda x: -curvature(x), gradient, M=lambda x: cho_solve((bound, True), x), tol=1e-2, maxiter=200)

        def halve(size: Array) -> Array:
            return size / 2

        def is_worse(size: Array) -> Array:
            return (log_joint(weight + size * direction) < value) & (size > 1e-6)

        size = lax.while_loop(is_worse, halve, jnp.ones_like(value))
        weight = weight + size * direction
        return weight, log_joint(weight), (gradient * direction).sum(), step + 1

    def goes_on(state: tuple) -> Array:
        return (state[2] > 1e-9) & (state[3] < MAX_STEP)  # twice what a step can still gain, in nats

    start = jnp.zeros((n_feature, n_contrast), design.dtype)
    state = (start, log_joint(start), jnp.ones_like(start[0, 0]), jnp.array(0))
    mode, value, _, _ = lax.while_loop(goes_on, newton, state)
    root = _precision_root(design, contrast, mode)
    return SoftmaxPosterior(value - jnp.log(jnp.diag(root)).sum(), mode, root)


def _precision_root(design: Array, contrast: Array, weight: Array) -> Float[Array, "coefficient coefficient"]:
    """Cholesky factor of the negative second derivative, block by block: a block for each pair of contrasts."""
    probs = jnp.exp(log_softmax(design @ weight @ contrast.T))
    mean, size, n_contrast = probs @ contrast, weight.size, contrast.shape[1]

    def block(pair: tuple[Array, Array]) -> Array:
        a, b = pair
        spread = probs @ (contrast[:, a] * contrast[:, b]) - mean[:, a] * mean[:, b]
        return (design * spread[:, None]).T @ design

    first, second = np.tril_indices(n_contrast)
    half = lax.map(block, (jnp.asarray(first), jnp.asarray(second)))
    blocks = jnp.zeros((n_contrast, n_contrast, *half.shape[1:]), half.dtype)
    blocks = blocks.at[first, second].set(half).at[second, first].set(half)
    return jnp.linalg.cholesky(blocks.transpose(2, 0, 3, 1).reshape(size, size) + jnp.eye(size))


@jax.jit
def _softmax_evidences(design: Array, index: Array, scale: Array, contrast: Array, category: Array) -> Float[Array, " choice"]:
    def evidence(choice: tuple[Array, Array]) -> Array:
        return softmax(design[:, choice[0]] * choice[1], contrast, category).log_evidence

    return lax.map(evidence, (index, scale))


def softmax_evidences(
    design: Float[np.ndarray, "row feature"],
    choices: list[tuple[np.ndarray, np.ndarray]],
    contrast: Float[np.ndarray, "category contrast"],
    category: Int[np.ndarray, " row"],
) -> Float[np.ndarray, " choice"]:
    """Evidences of softmax regressions on some of a design's columns, each choice their indices and prior scales."""
    n_chosen = max(len(index) for index, _ in choices)
    index = np.stack([np.pad(index, (0, n_chosen - len(index))) for index, _ in choices])
    scale = np.stack([np.pad(scale, (0, n_chosen - len(scale))) for _, scale in choices])
    with jax.enable_x64(True):
        return np.asarray(_softmax_evidences(design, index, scale, contrast, category))


def softmax_posterior(
    design: Float[np.ndarray, "row feature"], contrast: Float[np.ndarray, "category contrast"], category: Int[np.ndarray, " row"]
) -> SoftmaxPosterior:
    """Return Laplace's approximation in 64 bits, on the host."""
    with jax.enable_x64(True):
        return jax.device_get(softmax(design, contrast, category))


def dirichlet_evidence(count: Int[np.ndarray, " category"]) -> float:
    """Log probability of categories whose probabilities are Dirichlet(1), in their order of rows."""
    return lgamma(len(count)) - lgamma(len(count) + count.sum()) + sum(lgamma(1 + c) for c in count)
