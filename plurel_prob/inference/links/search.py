"""Layouts of the block model that could have made a key, by a rough evidence."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from plurel_prob.inference.links.affinities import Law, approximate
from plurel_prob.inference.links.structures import (
    Counter,
    Layout,
    Structure,
    StructurePrior,
    active_levels,
    layout_of,
)

MAX_FRONTIER = 10_000  # structures that are extended by one more level
N_BATCH = 1024
FEW_STEPS, MANY_STEPS = 2, 12


@dataclass
class Candidate:
    """A layout, the structures that share it, and its rough log evidence (without their prior)."""

    layout: Layout
    rough: float
    structures: list[Structure] = field(default_factory=list)
    log_priors: list[float] = field(default_factory=list)

    @property
    def log_prior(self) -> float:
        """Log of the prior probability of all its structures."""
        return float(np.logaddexp.reduce(self.log_priors))


def candidates(counter: Counter, law: Law, prior: StructurePrior) -> list[Candidate]:
    """All layouts, level by level.

    Structures with one more level extend all those found or, where these are more than 10,000, the best of them. PluRel's
    prior has 6,561 structures of four levels, so that every structure of it is looked at.
    """
    found: dict[Layout, Candidate] = {}
    frontier: list[Structure] = [()]
    for depth in range(1, prior.max_level + 1):
        frontier = [(*structure, pair) for structure in frontier for pair in prior.pair]
        layouts = [layout_of(structure) for structure in frontier]
        new = list(dict.fromkeys(layout for layout in layouts if layout not in found))
        for layout, rough in zip(new, rough_evidence(counter, law, new), strict=True):
            found[layout] = Candidate(layout, rough)
        if depth in prior.n_level:
            for structure, layout in zip(frontier, layouts, strict=True):
                found[layout].structures.append(structure)
                found[layout].log_priors.append(prior.log_prob(structure))
        if depth < prior.max_level and len(frontier) > MAX_FRONTIER:
            score = [
                found[layout].rough + sum(prior.pair[pair] for pair in structure)
                for structure, layout in zip(frontier, layouts, strict=True)
            ]
            frontier = [frontier[i] for i in np.argsort(score)[-MAX_FRONTIER:]]
    return [candidate for candidate in found.values() if candidate.structures]


def rough_evidence(counter: Counter, law: Law, layouts: list[Layout]) -> list[float]:
    """Rough log evidence of layouts: of all with affinities that took few steps, then of the best with more."""
    result = dict.fromkeys(layouts, -np.inf)
    for n_step, n_kept in ((FEW_STEPS, len(layouts)), (MANY_STEPS, N_BATCH)):
        best = sorted(layouts, key=result.__getitem__, reverse=True)[:n_kept]
        small = min(3, counter.max_level)
        for n_level, is_small in ((small, True), (counter.max_level, False)):  # small arrays for few active levels
            some = [layout for layout in best if (sum(group.is_active for group in layout) <= small) == is_small]
            for first in range(0, len(some), N_BATCH):
                batch = some[first : first + N_BATCH]
                rough, _ = approximate_batch(counter, law, batch, N_BATCH, n_level, n_step)
                result.update(zip(batch, rough.tolist(), strict=True))
    return list(result.values())


def approximate_batch(
    counter: Counter, law: Law, layouts: list[Layout], n_batch: int, n_level: int, n_step: int = MANY_STEPS
) -> tuple[np.ndarray, np.ndarray]:
    """Rough log evidence and affinities of at most ``n_batch`` layouts, padded to that many."""
    counts = counter.cut(counter.batch([*layouts, *[()] * (n_batch - len(layouts))]), n_level)
    rough, affinity = approximate(law, counts, n_step)
    return np.asarray(rough)[: len(layouts)], np.asarray(affinity)[: len(layouts)]


def place(affinity: np.ndarray, structure: Structure, matching: float) -> np.ndarray:
    """Affinities by active level, at the levels of a structure; pairs on other levels all match."""
    result = np.full_like(affinity, matching)
    levels = active_levels(structure)
    result[levels] = affinity[: len(levels)]
    return result


def pad(structures: Iterable[Structure], max_level: int, side: int) -> np.ndarray:
    """Clusters of a side on every level, shape ``(structure, level)``; 1 on unused levels."""
    return np.array([[pair[side] for pair in s] + [1] * (max_level - len(s)) for s in structures], np.int64)
