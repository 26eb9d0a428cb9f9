"""The posterior of the block model: which structures, which affinities, which alpha."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import numpy as np
from jax import random
from jaxtyping import PRNGKeyArray

from plurel_prob.inference.links.affinities import Estimate, Law, Sampler, evidence, laplace
from plurel_prob.inference.links.key import ObservedLinks
from plurel_prob.inference.links.popularity import Concentration, concentration
from plurel_prob.inference.links.search import Candidate, approximate_batch, candidates
from plurel_prob.inference.links.structures import Counter, Layout, Structure, n_parent_base, structure_prior
from plurel_prob.priors.stages import LinkPrior

N_LAPLACE = 64  # layouts with a Laplace approximation
N_INTEGRATED = 40  # layouts whose affinities are integrated out by importance sampling
MAX_ROUGH_DROP, MAX_DROP = 20.0, 12.0  # nats: layouts further below the best are left out


@dataclass(frozen=True)
class Component:
    """Draws from the posterior that share a layout.

    Attributes:
        layout: theirs.
        structures: one a draw; none in models without blocks.
        affinity: shape ``(draw, level, cluster, cluster)``, by active level.
        alpha: shape ``(draw,)``, or none without popularity.
        diverging: shape ``(draw,)``: NUTS diverged there.
        matching: affinity of clusters that match.
    """

    layout: Layout
    structures: list[Structure]
    affinity: np.ndarray
    alpha: np.ndarray | None
    diverging: np.ndarray
    matching: float = 1.0


@dataclass(frozen=True)
class Fit:
    """The posterior of one model of a key.

    Attributes:
        components: draws, by layout.
        log_evidence: log probability of all links, everything else integrated out.
        ess: effective share of the importance sampler's draws, averaged over layouts by their probability; 1 if exact.
        n_layout: layouts that the evidence adds up.
    """

    components: list[Component]
    log_evidence: float
    ess: float
    n_layout: int


class Peak(NamedTuple):
    """Laplace approximation of the affinities of a layout, unconstrained."""

    mode: np.ndarray
    covariance: np.ndarray
    log_evidence: float


class BlockPosterior:
    """What the models with blocks share: candidates, integrals, NUTS runs. All of it runs in 64 bits.

    Affinities and alpha are independent given the structure: affinities tell which base cluster a child refers to, alpha which
    member of it. So both models use the same integrals over affinities, and the same draws of them.
    """

    def __init__(self, key: ObservedLinks, prior: LinkPrior, rng_key: PRNGKeyArray, n_draw: int):
        self.key, self.rng_key, self.n_draw = key, rng_key, n_draw
        self.law, self.structures = Law.of(prior), structure_prior(prior)
        self.counter = Counter(key, self.structures.max_level, self.structures.max_cluster)
        self._start: dict[Layout, Peak] = {}
        self._estimate: dict[Layout, Estimate] = {}
        self._draws: dict[Layout, tuple[np.ndarray, np.ndarray]] = {}
        self._concentration: dict[int, Concentration] = {}

    @cached_property
    def candidates(self) -> list[Candidate]:
        """All layouts with their rough evidence."""
        with jax.enable_x64(True):
            return candidates(self.counter, self.law, self.structures)

    @cached_property
    def sampler(self) -> Sampler:
        """NUTS, compiled once."""
        return Sampler(self.law, self.n_draw)

    def concentration(self, n_base: int) -> Concentration:
        """Posterior of alpha given the number of base clusters of the parents."""
        if n_base not in self._concentration:
            self._concentration[n_base] = concentration(self.key, n_base)
        return self._concentration[n_base]

    def fit(self, rng: np.random.Generator, *, has_popularity: bool) -> Fit:
        """Posterior of the model with or without popularity within base clusters."""
        with jax.enable_x64(True):
            kept, weight = self.weigh(has_popularity=has_popularity)
            probability = np.exp(weight - np.logaddexp.reduce(weight))
            n_draws = rng.multinomial(self.n_draw, probability)
            components = [
                self.component(candidate, int(n), rng, has_popularity=has_popularity)
                for candidate, n in zip(kept, n_draws, strict=True)
                if n
            ]
        ess = sum(p * self._estimate[c.layout].ess for p, c in zip(probability, kept, strict=True))
        return Fit(components, float(np.logaddexp.reduce(weight)), float(ess), len(kept))

    def weigh(self, *, has_popularity: bool) -> tuple[list[Candidate], np.ndarray]:
        """Layouts that matter, and the log of prior times evidence: rough, then Laplace, then importance sampling."""
        offset = {
            c.layout: c.log_prior + (self.concentration(n_parent_base(c.layout)).log_bayes_factor if has_popularity else 0.0)
            for c in self.candidates
        }
        rough = np.array([c.rough + offset[c.layout] for c in self.candidates])
        near = [i for i in np.argsort(-rough, stable=True) if rough[i] > rough.max() - MAX_ROUGH_DROP][:N_LAPLACE]
        kept = [self.candidates[i] for i in near]
        self._approximate([c.layout for c in kept])
        better = np.array([self._start[c.layout].log_evidence + offset[c.layout] for c in kept])
        near = [i for i in np.argsort(-better, stable=True) if better[i] > better.max() - MAX_DROP][:N_INTEGRATED]
        kept = [kept[i] for i in near]
        return kept, np.array([self._integrate(c.layout).log_evidence + offset[c.layout] for c in kept])

    def component(self, candidate: Candidate, n_draw: int, rng: np.random.Generator, *, has_popularity: bool) -> Component:
        """Draws of structure, affinities and alpha given a layout."""
        affinity, diverging = self._sample(candidate.layout)
        picked = rng.choice(len(affinity), n_draw, replace=False)
        share = np.exp(np.array(candidate.log_priors) - candidate.log_prior)
        members = rng.choice(len(share), n_draw, p=share / share.sum())
        alpha = self.concentration(n_parent_base(candidate.layout)).draw(rng, n_draw) if has_popularity else None
        structures = [candidate.structures[i] for i in members]
        return Component(candidate.layout, structures, affinity[picked], alpha, diverging[picked], float(self.law.matching))

    def _approximate(self, layouts: list[Layout]) -> None:
        new = [layout for layout in layouts if layout not in self._start]
        if new:
            _, start = approximate_batch(self.counter, self.law, new, N_LAPLACE, self.counter.max_level)
            for layout, affinity in zip(new, start, strict=True):
                mode, covariance, log_evidence = laplace(self.law, self.counter.counts(layout), affinity)
                self._start[layout] = Peak(np.asarray(mode), np.asarray(covariance), float(log_evidence))

    def _integrate(self, layout: Layout) -> Estimate:
        if layout not in self._estimate:
            peak = self._start[layout]
            key = random.fold_in(random.fold_in(self.rng_key, 0), len(self._estimate))
            self._estimate[layout] = evidence(key, self.law, self.counter.counts(layout), peak.mode, peak.covariance)
        return self._estimate[layout]

    def _sample(self, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
        if layout not in self._draws:
            counts = self.counter.counts(layout)
            key = random.fold_in(random.fold_in(self.rng_key, 1), len(self._draws))
            if counts.is_free.any():
                self._draws[layout] = self.sampler.draw(key, counts, self._start[layout].mode)
            else:
                fixed = np.full((self.n_draw, *counts.is_free.shape), self.law.matching)
                self._draws[layout] = fixed, np.zeros(self.n_draw, bool)
        return self._draws[layout]
