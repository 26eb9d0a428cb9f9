"""Marginal likelihoods against other ways to compute them."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from plurel_prob.inference.features.basis import contrasts, effect_basis, features
from plurel_prob.inference.features.columns import Columns
from plurel_prob.inference.features.regressions import dirichlet_evidence, linear, softmax_evidences, softmax_posterior
from plurel_prob.inference.features.scores import ColumnScores, effect_sizes, foreign_scale, logit_scales


def test_linear_evidence_is_a_multivariate_t():
    rng = np.random.default_rng(0)
    x, y, scale, size = rng.normal(size=(7, 3)), rng.normal(size=7), np.array([1.0, 0.5, 2.0]), 1.7
    posterior = linear(x.T @ x, x.T @ y, y @ y, 7, scale, size)
    rate = 1 / (1 + size**2)
    covariance = rate / 2 * (np.eye(7) + size**2 * (x * scale**2) @ x.T)  # inverse gamma (2, rate): four degrees of freedom
    np.testing.assert_allclose(posterior.log_evidence, stats.multivariate_t(np.zeros(7), covariance, df=4).logpdf(y))


def test_linear_posterior_by_bayes_rule():
    """Evidence = likelihood * prior / posterior, at any coefficients and noise."""
    rng = np.random.default_rng(1)
    x, y, scale, size = rng.normal(size=(9, 2)), rng.normal(size=9), np.array([1.0, 0.3]), 0.8
    posterior = linear(x.T @ x, x.T @ y, y @ y, 9, scale, size)
    beta, variance = np.array([0.4, -0.2]), 0.6
    prior = stats.norm(0, np.sqrt(variance) * size * scale).logpdf(beta).sum()
    prior += stats.invgamma(2, scale=1 / (1 + size**2)).logpdf(variance)
    likelihood = stats.norm(x @ beta, np.sqrt(variance)).logpdf(y).sum()
    law = stats.multivariate_normal(posterior.mean, variance * posterior.scale @ posterior.scale.T)
    after = law.logpdf(beta) + stats.invgamma(posterior.shape, scale=posterior.rate).logpdf(variance)
    np.testing.assert_allclose(prior + likelihood - after, posterior.log_evidence)


def test_linear_draws_have_the_posterior_moments():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    posterior = linear(x.T @ x, x.T @ y, y @ y, 30, np.ones(2), 1.0)
    drawn = [posterior.sample(rng) for _ in range(4000)]
    beta, variance = np.array([b for b, _ in drawn]), np.array([s**2 for _, s in drawn])
    expected = posterior.rate / (posterior.shape - 1)
    p_value = stats.kstest(variance, stats.invgamma(posterior.shape, scale=posterior.rate).cdf).pvalue
    assert p_value > 1e-5
    spread = np.sqrt(np.diag(expected * posterior.scale @ posterior.scale.T))
    z = (beta.mean(axis=0) - posterior.mean) / spread * np.sqrt(len(beta))
    assert np.abs(z).max() < 4.5


@pytest.fixture(scope="module")
def binary() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = np.stack([np.ones(60), rng.normal(size=60)], axis=1)
    return x, (rng.random(60) < 1 / (1 + np.exp(-1.5 * x[:, 1]))).astype(np.int32)


def test_laplace_is_near_quadrature(binary):
    x, y = binary
    scale = np.array([1.0, 2.0])

    def integrand(slope: float, intercept: float) -> float:
        # two categories have the logits eta / sqrt(2) and -eta / sqrt(2)
        sign = np.where(y == 0, 1, -1) * np.sqrt(2)
        log_likelihood = -np.log1p(np.exp(-sign * (x @ [intercept * scale[0], slope * scale[1]]))).sum()
        return np.exp(log_likelihood + 35) * np.exp(-(slope**2 + intercept**2) / 2) / (2 * np.pi)

    value, _ = integrate.dblquad(integrand, -3, 3, -3, 3)
    [evidence] = softmax_evidences(x, [(np.arange(2), scale)], contrasts(2), y)
    assert abs(evidence - (np.log(value) - 35)) < 0.05


def test_laplace_mode_and_curvature(binary):
    """The gradient vanishes at the mode, and a step away costs what the curvature says."""
    x, y = binary
    y = y + (x[:, 1] > 1)  # three categories
    contrast = contrasts(3)
    posterior = softmax_posterior(x, contrast, y.astype(np.int32))

    def log_joint(weight: np.ndarray) -> float:
        logits = x @ weight.reshape(2, 2) @ contrast.T
        return float((logits[np.arange(60), y] - logsumexp(logits, axis=1)).sum() - 0.5 * (weight**2).sum())

    mode, step = posterior.mode.ravel(), 1e-4 * np.eye(4)
    gradient = [(log_joint(mode + e) - log_joint(mode - e)) / 2e-4 for e in step]
    np.testing.assert_allclose(gradient, 0, atol=1e-4)
    curvature = [
        [
            (log_joint(mode + a + b) - log_joint(mode + a - b) - log_joint(mode - a + b) + log_joint(mode - a - b)) / 4e-8
            for a in step
        ]
        for b in step
    ]
    np.testing.assert_allclose(posterior.root @ posterior.root.T, -np.array(curvature), rtol=1e-3, atol=1e-3)
    evidence = log_joint(mode) - 0.5 * np.linalg.slogdet(posterior.root @ posterior.root.T)[1]
    np.testing.assert_allclose(posterior.log_evidence, evidence)


def test_a_column_of_zeros_adds_nothing(binary):
    x, y = binary
    short, padded = softmax_evidences(x, [(np.array([1]), np.ones(1)), (np.array([1, 0]), np.array([1.0, 0.0]))], contrasts(2), y)
    np.testing.assert_allclose(short, padded)


def test_dirichlet_evidence_row_by_row():
    count = np.zeros(3)
    total = 0.0
    for category in [0, 2, 2, 1, 2, 0]:
        total += np.log((1 + count[category]) / (3 + count.sum()))
        count[category] += 1
    np.testing.assert_allclose(dirichlet_evidence(count.astype(int)), total)


def test_scores_sum_over_settings():
    """One number's score by the multivariate t for every setting; a category's without causes by counts."""
    rng = np.random.default_rng(4)
    value = np.stack([rng.normal(size=15), rng.normal(size=15), np.arange(15) % 2.0], axis=1)
    columns = Columns(("a", "b", "c"), value, (0, 0, 2), rng.normal(size=(15, 2)))
    scores = ColumnScores(columns)
    effect, half = columns.features[1], np.array([[1, 1], [-1, -1]]) * np.sqrt(0.5)
    category = half[value[:, 2].astype(int), :1]
    parts = []
    for size in effect_sizes():
        for weight in (0.0, foreign_scale(2) ** 2):  # without and with the parent tables
            kernel = 1 + (effect @ effect.T + category @ category.T) / 2 + weight * columns.foreign @ columns.foreign.T
            covariance = 1 / (1 + size**2) / 2 * (np.eye(15) + size**2 * kernel)
            parts.append(stats.multivariate_t(np.zeros(15), covariance, df=4).logpdf(value[:, 0]))
    np.testing.assert_allclose(scores.score[0, 0b110], logsumexp(parts) - np.log(len(parts)), rtol=1e-8)
    assert np.isneginf(scores.score[0, 0b011])


def test_settings_cover_the_compact_prior():
    assert effect_sizes().max() > 10 and effect_sizes().min() < 1 and len(set(effect_sizes())) == 6
    np.testing.assert_allclose(np.exp(np.log(logit_scales()).mean()), 2 * np.sqrt(0.5 * 5.0))
    np.testing.assert_allclose(foreign_scale(3) ** 2, 0.75 / 3)


def test_basis_is_orthogonal_and_centred():
    basis = effect_basis()
    weight = stats.norm.pdf(basis.grid) / stats.norm.pdf(basis.grid).sum()
    gram = (basis.value * weight) @ basis.value.T
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-6)
    np.testing.assert_allclose(basis.value @ weight, 0, atol=1e-4)
    assert (np.diff(np.diag(gram)) < 0).all()
    at_grid = np.asarray(features(jnp.asarray(basis.grid[::10], jnp.float32), 0))
    np.testing.assert_allclose(at_grid, basis.value[:, ::10].T, atol=1e-5)


@pytest.mark.parametrize("n_category", [2, 3, 7])
def test_contrasts_are_orthonormal(n_category):
    contrast = contrasts(n_category)
    np.testing.assert_allclose(contrast.T @ contrast, np.eye(n_category - 1), atol=1e-12)
    np.testing.assert_allclose(contrast.sum(axis=0), 0, atol=1e-12)
