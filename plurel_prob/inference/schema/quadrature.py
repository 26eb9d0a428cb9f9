r"""Families with one continuous parameter, a probability :math:`x`: every candidate is a monomial in it.

.. math:: p(m \mid x) = c_m\, \pi(x)^{r_m} (1 - \pi(x))^{s_m}

with :math:`\pi(x) = 1 - (1-x)^2` for ErdosRenyi, whose coins are of two tosses, and :math:`\pi(x) = x` for WattsStrogatz. The
constant and the powers are read off the family's density at three values of :math:`x`. Integrals over the prior of
:math:`x` are by Gauss and Legendre's rule on panels of its support.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpyro.distributions import Distribution

from plurel_prob.distributions.graphs import GraphLaw
from plurel_prob.inference.schema.candidates import draw_from, log_sum
from plurel_prob.inference.schema.densities import log_probs
from plurel_prob.priors.fields import support_bounds

N_PANEL, N_NODE = 64, 8  # of the rule: exact for polynomials of degree 15 on each of 64 panels
READ_AT = (0.2, 0.5, 0.8)  # values of the parameter at which densities are read


def log_success(family: str, x: Float[np.ndarray, "*values"]) -> tuple[np.ndarray, np.ndarray]:
    """Logs of ``pi(x)`` and of ``1 - pi(x)``."""
    # from the logarithm of failure, so that neither log is rounded to 0 or -inf near the ends
    log_failure = np.log1p(-x) * (2 if family == "ErdosRenyi" else 1)
    return np.log(-np.expm1(log_failure)), log_failure


@dataclass(frozen=True)
class Monomials:
    """Likelihoods that are sums of monomials; ``log_constant`` and ``power`` have a row for each candidate."""

    family: str
    log_constant: Float[np.ndarray, " candidate"]
    power: Int[np.ndarray, "candidate 2"]

    @classmethod
    def read(cls, family: str, law_at: Callable[[float], GraphLaw], mark: np.ndarray) -> "Monomials":
        """Read the monomials of marked matrices off the family's density; a constant of minus infinity where it is 0."""
        basis = np.column_stack([np.ones(len(READ_AT)), *log_success(family, np.array(READ_AT))])
        log_values = np.array([log_probs(law_at(x), mark) for x in READ_AT])
        is_possible = np.isfinite(log_values).all(0)
        power = np.zeros((mark.shape[0], 2), int)
        found = np.linalg.solve(basis, log_values[:, is_possible])[1:].T
        power[is_possible] = np.rint(found)
        if np.abs(found - power[is_possible]).max(initial=0.0) > 0.05:
            raise AssertionError(f"{family}: a density that is no monomial")
        log_constant = np.full(len(mark), -np.inf)
        log_constant[is_possible] = (log_values[:, is_possible] - basis[:, 1:] @ power[is_possible].T).mean(0)
        return cls(family, log_constant, power)

    def collect(self, log_weight: Float[np.ndarray, " candidate"]) -> "Monomials":
        """The weighted sum of the monomials, those of equal powers added up."""
        power, group = np.unique(self.power, axis=0, return_inverse=True)
        group = group.reshape(-1)
        log_terms = self.log_constant + log_weight
        total = np.array([log_sum(log_terms[group == index]) for index in range(len(power))])
        return Monomials(self.family, total, power)

    def log_values(self, x: Float[np.ndarray, " value"]) -> Float[np.ndarray, "monomial value"]:
        """Log of every monomial at values of the parameter."""
        success, failure = log_success(self.family, x)
        return self.log_constant[:, None] + self.power[:, :1] * success + self.power[:, 1:] * failure


@dataclass(frozen=True)
class QuadratureRule:
    """Nodes and weights for integrals over a prior; weights add up to 1."""

    node: Float[np.ndarray, " node"]
    log_weight: Float[np.ndarray, " node"]
    cell: Float[np.ndarray, " edge"]  # ends of the cells that stand around the nodes

    @classmethod
    def of(cls, prior: Distribution) -> "QuadratureRule":
        """The rule of a continuous prior on an interval of probabilities."""
        low, high = np.clip(support_bounds(prior), 0.0, 1.0)
        at, weight = np.polynomial.legendre.leggauss(N_NODE)
        width = (high - low) / N_PANEL
        node = (low + width * (np.arange(N_PANEL)[:, None] + (at + 1) / 2)).reshape(-1)
        length = np.tile(weight * width / 2, N_PANEL)
        log_weight = np.log(length) + np.asarray(prior.log_prob(node), np.float64)
        cell = np.clip(low + np.concatenate([[0.0], np.cumsum(length)]), low, high)
        return cls(node, log_weight - log_sum(log_weight), cell)

    def log_mean(self, log_values: Float[np.ndarray, "*values node"]) -> np.ndarray:
        """Log of the prior mean of a function given at the nodes."""
        return log_sum(log_values + self.log_weight, -1)

    def draw(self, log_values: Float[np.ndarray, " node"], rng: np.random.Generator, size: int) -> Float[np.ndarray, " draw"]:
        """Draws in proportion to prior times function: a node, then a uniform value of its cell."""
        index = draw_from(log_values + self.log_weight, rng, size)
        return self.cell[index] + rng.random(size) * np.diff(self.cell)[index]
