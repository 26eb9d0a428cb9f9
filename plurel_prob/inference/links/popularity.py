r"""Popularity: parents of a base cluster are chosen with Dirichlet probabilities, which are integrated out.

With :math:`K_b` parents and :math:`N_b` links in base cluster :math:`b`, and :math:`n_p` children of parent :math:`p`,

.. math:: \log p(\text{members} \mid \alpha) = \sum_b \log\frac{\Gamma(K_b \alpha)}{\Gamma(N_b + K_b \alpha)}
    + \sum_p \log\frac{\Gamma(n_p + \alpha)}{\Gamma(\alpha)}.

It is the law of an urn, too: the next child chooses a parent in proportion to the children it has, plus alpha.
It does not depend on affinities, so its integral over alpha is a one-dimensional sum on a grid.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpyro.distributions import LogNormal

from plurel_prob.inference.links.key import ObservedLinks

ALPHA = LogNormal(0.0, 2.0)  # prior of the concentration: a parent's share of "children to start with"
N_GRID = 401
log_gamma = np.frompyfunc(math.lgamma, 1, 1)


def lgamma(x: np.ndarray) -> np.ndarray:
    """Logarithm of the gamma function in 64 bits."""
    return log_gamma(x).astype(np.float64)


def log_member_prob(key: ObservedLinks, n_base: int, alpha: np.ndarray) -> np.ndarray:
    """Log probability of the members that children refer to, given their base clusters, for a vector of alphas."""
    pair, n_pair = np.unique(np.stack(key.bases(n_base)), axis=1, return_counts=True)
    degree, n_degree = np.unique(key.degree, return_counts=True)
    total = pair[0][:, None] * alpha
    bases = lgamma(total) - lgamma(total + pair[1][:, None])
    members = lgamma(degree[:, None] + alpha) - lgamma(alpha)
    return n_pair @ bases + n_degree @ members


@dataclass(frozen=True)
class Concentration:
    """The posterior of alpha given the number of base clusters.

    Attributes:
        log_bayes_factor: log of the probability of the members, alpha integrated out, against a uniform member.
        log_alpha: grid of log alpha.
        cumulative: distribution function on it.
    """

    log_bayes_factor: float
    log_alpha: np.ndarray
    cumulative: np.ndarray

    def draw(self, rng: np.random.Generator, n_draw: int) -> np.ndarray:
        """Draws of alpha, by inversion."""
        return np.exp(np.interp(rng.random(n_draw), self.cumulative, self.log_alpha))


def concentration(key: ObservedLinks, n_base: int) -> Concentration:
    """Integrate over alpha: trapezoids on a grid of log alpha, refined where the posterior is."""
    size, n_link = key.bases(n_base)
    uniform = -(n_link * np.log(size)).sum()

    def density(log_alpha: np.ndarray) -> np.ndarray:
        prior = np.asarray(-0.5 * ((log_alpha - ALPHA.loc) / ALPHA.scale) ** 2) - math.log(ALPHA.scale * math.sqrt(2 * math.pi))
        return prior + log_member_prob(key, n_base, np.exp(log_alpha)) - uniform

    grid = float(ALPHA.loc) + float(ALPHA.scale) * np.linspace(-6, 6, N_GRID)
    value = density(grid)
    for _ in range(3):  # a long key's posterior is much narrower than the first grid's step
        near = np.flatnonzero(value > value.max() - 40)
        grid = np.linspace(grid[max(near[0] - 1, 0)], grid[min(near[-1] + 1, N_GRID - 1)], N_GRID)
        value = density(grid)
    weight = np.exp(value - value.max())
    piece = 0.5 * (weight[1:] + weight[:-1]) * np.diff(grid)
    total = piece.sum()
    return Concentration(float(np.log(total) + value.max()), grid, np.concatenate([[0.0], piece.cumsum() / total]))
