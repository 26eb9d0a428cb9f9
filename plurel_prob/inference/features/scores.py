"""Scores of all sets of causes of all columns of a table: log marginal likelihoods, and draws from the posteriors behind them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.inference.features.basis import contrasts
from plurel_prob.inference.features.columns import Columns
from plurel_prob.inference.features.dags import MAX_CAUSE, membership
from plurel_prob.inference.features.regressions import (
    LinearPosterior,
    SoftmaxPosterior,
    dirichlet_evidence,
    linear,
    softmax_evidences,
    softmax_posterior,
)
from plurel_prob.priors.features import CompactPrior
from plurel_prob.priors.fields import support_bounds

PRIOR = CompactPrior()
N_NOISE, N_SHARPNESS = 6, 3  # points of the quadratures


def log_midpoints(low: float, high: float, n: int) -> Float[np.ndarray, " point"]:
    """Return equally likely points of a log-uniform law."""
    return low * (high / low) ** ((np.arange(n) + 0.5) / n)


def effect_sizes() -> Float[np.ndarray, " point"]:
    """Return sizes of effects in units of a node's noise, equally likely in the compact prior."""
    level, factor = support_bounds(PRIOR.noise_level), support_bounds(PRIOR.noise_factor)
    return 1 / log_midpoints(level[0] * factor[0], level[1] * factor[1], N_NOISE)


def logit_scales() -> Float[np.ndarray, " point"]:
    """Return scales of the scores of categories: sharpness, times the root of the dimensions that are added up."""
    return float(np.sqrt(DIM)) * log_midpoints(*support_bounds(PRIOR.sharpness), N_SHARPNESS)


def foreign_scale(n_foreign: int) -> float:
    """Return the prior scale of the coefficient of one of several foreign features, relative to that of a column's effect."""
    strength = PRIOR.foreign_strength
    return float(np.sqrt((strength.mean**2 + strength.variance) / n_foreign))


class Choice(NamedTuple):
    """One regression of those that a score sums over: columns of the design, relative prior scales, size of effects."""

    feature: np.ndarray
    scale: np.ndarray
    size: float  # 0: no regressor


@dataclass(frozen=True)
class ColumnScores:
    r"""Scores of columns given their causes.

    .. math:: s_i(T) = \log \frac{1}{M} \sum_m p(y_i \mid X_T, \text{setting}_m)

    sums over settings of equal prior weight: the size of effects (six, or three of categories), and whether the parent tables'
    columns take part (they are upstream of all columns and need no edge). The effects of k causes are divided by
    :math:`\sqrt{k}`, as the compact prior's sums are on average.
    """

    columns: Columns

    @cached_property
    def score(self) -> Float[np.ndarray, "node set"]:
        """Log marginal likelihood of each column given each set of at most four causes; minus infinity for other sets."""
        n = len(self.columns.names)
        result = np.full((n, 2**n), -np.inf)
        for node, of_node in enumerate(self.evidences):
            result[node, list(of_node)] = [np.logaddexp.reduce(e) - np.log(len(e)) for e in of_node.values()]
        return result

    @cached_property
    def evidences(self) -> list[dict[int, Float[np.ndarray, " choice"]]]:
        """Log evidences of the regressions of :meth:`choices`, of every column and set of causes."""
        n = len(self.columns.names)
        is_member, result = membership(n), []
        for node in range(n):
            sets = np.flatnonzero(~is_member[:, node] & (is_member.sum(axis=1) <= MAX_CAUSE))
            choices = [self.choices(node, np.flatnonzero(is_member[s])) for s in sets]
            evidence = self._evidences(node, [choice for of_set in choices for choice in of_set])
            ends = np.cumsum([len(of_set) for of_set in choices])[:-1]
            result.append(dict(zip(sets.tolist(), np.split(evidence, ends), strict=True)))
        return result

    def choices(self, node: int, causes: np.ndarray) -> list[Choice]:
        """Return the regressions that a score sums over, equally likely a priori."""
        result = []
        n_foreign = self.columns.foreign.shape[1]
        for has_foreign in (False, True) if n_foreign else (False,):
            blocks = [np.zeros(1, int), *(self.blocks[cause] for cause in causes)]
            scales = [np.ones(1), *(np.full(len(block), 1 / np.sqrt(len(causes))) for block in blocks[1:])]
            if has_foreign:
                blocks.append(self.blocks[-1])
                scales.append(np.full(n_foreign, foreign_scale(n_foreign)))
            sizes = logit_scales() if self.columns.n_category[node] else effect_sizes()
            for size in sizes if len(blocks) > 1 else [0.0]:
                result.append(Choice(np.concatenate(blocks), np.concatenate(scales), float(size)))
        return result

    def draw(self, node: int, causes: np.ndarray, rng: np.random.Generator) -> "Mechanism":
        """Draw a column's mechanism from its posterior given its causes."""
        of_set = int((1 << causes).sum())
        evidence = self.evidences[node][of_set]
        setting = int(np.argmax(evidence + rng.gumbel(size=len(evidence))))
        choice = self.choices(node, causes)[setting]
        if not self.columns.n_category[node]:
            return Mechanism(choice.feature, *self._linear(node, choice).sample(rng))
        if choice.size == 0.0:
            return Mechanism(choice.feature, np.log(rng.dirichlet(1 + self._count(node)))[None], 0.0)
        contrast, scale = contrasts(self.columns.n_category[node]), choice.size * choice.scale
        if (node, of_set, setting) not in self._softmax:
            design = np.zeros((len(self.design), self._max_feature))  # of one shape for all sets: compiled once
            design[:, : len(scale)] = self.design[:, choice.feature] * scale
            self._softmax[node, of_set, setting] = softmax_posterior(design, contrast, self._category(node))
        mode, root = self._softmax[node, of_set, setting][1:]
        weight = mode + np.linalg.solve(root.T, rng.normal(size=mode.size)).reshape(mode.shape)
        return Mechanism(choice.feature, scale[:, None] * weight[: len(scale)] @ contrast.T, 0.0)

    @cached_property
    def _softmax(self) -> dict[tuple[int, int, int], SoftmaxPosterior]:
        """Posteriors that were needed before: of a column, a set of causes and a setting."""
        return {}

    @cached_property
    def design(self) -> Float[np.ndarray, "row feature"]:
        """An intercept, the features of every column, those of the parent tables."""
        return np.concatenate([np.ones((len(self.columns.value), 1)), *self.columns.features, self.columns.foreign], axis=1)

    @cached_property
    def blocks(self) -> list[np.ndarray]:
        """Places in the design of the features of every column, and of the parent tables."""
        sizes = [part.shape[1] for part in (*self.columns.features, self.columns.foreign)]
        return np.split(np.arange(1, 1 + sum(sizes)), np.cumsum(sizes)[:-1])

    @cached_property
    def _gram(self) -> np.ndarray:
        return self.design.T @ self.design

    @cached_property
    def _moment(self) -> np.ndarray:
        return self.design.T @ self.columns.value

    @cached_property
    def _max_feature(self) -> int:
        sizes = sorted(len(block) for block in self.blocks[:-1])
        return 1 + sum(sizes[-MAX_CAUSE:]) + len(self.blocks[-1])

    def _category(self, node: int) -> np.ndarray:
        return self.columns.value[:, node].astype(np.int32)

    def _count(self, node: int) -> np.ndarray:
        return np.bincount(self._category(node), minlength=self.columns.n_category[node])

    def _linear(self, node: int, choice: Choice) -> LinearPosterior:
        index, y = choice.feature, self.columns.value[:, node]
        return linear(self._gram[np.ix_(index, index)], self._moment[index, node], y @ y, len(y), choice.scale, choice.size)

    def _evidences(self, node: int, choices: list[Choice]) -> Float[np.ndarray, " choice"]:
        if not self.columns.n_category[node]:
            return np.array([self._linear(node, choice).log_evidence for choice in choices])
        has_causes = np.array([choice.size > 0 for choice in choices])
        result = np.full(len(choices), dirichlet_evidence(self._count(node)))
        if has_causes.any():
            scaled = [(choice.feature, choice.size * choice.scale) for choice in choices if choice.size > 0]
            contrast = contrasts(self.columns.n_category[node])
            result[has_causes] = softmax_evidences(self.design, scaled, contrast, self._category(node))
        return result


class Mechanism(NamedTuple):
    """A column's mechanism: coefficients of features of the design (of each category, for a category), and noise."""

    feature: np.ndarray
    coefficient: np.ndarray
    sigma: float

    def sample(self, design: Float[np.ndarray, "row feature"], rng: np.random.Generator) -> Float[np.ndarray, " row"]:
        """Draw values, given a design whose columns are those of the causes drawn before."""
        loc = design[:, self.feature] @ self.coefficient
        if loc.ndim == 1:
            return loc + self.sigma * rng.normal(size=len(loc))
        return np.argmax(loc + rng.gumbel(size=loc.shape), axis=1).astype(float)
