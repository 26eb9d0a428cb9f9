"""Structures of the block model, and which of them have the same likelihood.

A structure is the clusters of parents and children on every level. A level on which a side has one cluster has no affinity to
tell parents apart by (all its pairs match): it only makes the runs of rows of the levels around it finer. So many
structures share a *layout*, and the likelihood is computed once for each layout.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Array
from numpyro.distributions import Distribution

from plurel_prob.inference.links.key import ObservedLinks, base_size
from plurel_prob.priors.fields import support_bounds
from plurel_prob.priors.stages import LinkPrior

Values = np.ndarray | Array
Structure = tuple[tuple[int, int], ...]  # (clusters of parents, of children) on every level


class MergedLevel(NamedTuple):
    """A level with affinities, or neighbouring levels without, merged."""

    n_parent: int
    n_child: int
    is_active: bool


Layout = tuple[MergedLevel, ...]


@lru_cache(maxsize=200_000)
def layout_of(structure: Structure) -> Layout:
    """The layout of a structure; structures of the same layout have the same likelihood."""
    groups: list[MergedLevel] = []
    for n_parent, n_child in structure:
        if n_parent > 1 and n_child > 1:
            groups.append(MergedLevel(n_parent, n_child, True))
        elif groups and not groups[-1].is_active:
            groups[-1] = MergedLevel(groups[-1].n_parent * n_parent, groups[-1].n_child * n_child, False)
        elif n_parent > 1 or n_child > 1:
            groups.append(MergedLevel(n_parent, n_child, False))
    if not any(group.is_active for group in groups):  # children's clusters play no role
        return tuple(MergedLevel(group.n_parent, 1, False) for group in groups if group.n_parent > 1)
    return tuple(groups)


def n_parent_base(layout: Layout) -> int:
    """Base clusters of the parents."""
    return math.prod(group.n_parent for group in layout)


def n_child_base(layout: Layout) -> int:
    """Base clusters of the children."""
    return math.prod(group.n_child for group in layout)


def active_levels(structure: Structure) -> list[int]:
    """Levels with affinities, in order."""
    return [level for level, (n_parent, n_child) in enumerate(structure) if n_parent > 1 and n_child > 1]


@dataclass(frozen=True)
class StructurePrior:
    """The prior of structures, tabulated.

    Attributes:
        n_level: number of levels to its log probability.
        pair: clusters of parents and children on a level, to their log probability.
        max_cluster: clusters of a side on a level at most.
    """

    n_level: dict[int, float]
    pair: dict[tuple[int, int], float]
    max_cluster: int

    @property
    def max_level(self) -> int:
        """Levels at most."""
        return max(self.n_level)

    def log_prob(self, structure: Structure) -> float:
        """Log probability of a structure; minus infinity for a number of levels that cannot be."""
        return self.n_level.get(len(structure), -math.inf) + sum(self.pair[pair] for pair in structure)


def structure_prior(prior: LinkPrior) -> StructurePrior:
    """Tabulate the prior of structures."""

    def table(distribution: Distribution) -> dict[int, float]:
        low, high = support_bounds(distribution)
        value = np.arange(int(low), int(high) + 1)
        log_prob = np.asarray(distribution.log_prob(value), np.float64)
        return {int(v): float(p) for v, p in zip(value, log_prob, strict=True) if np.isfinite(p)}

    n_cluster = table(prior.n_cluster)
    pair = {(p, c): n_cluster[p] + n_cluster[c] for p, c in product(n_cluster, repeat=2)}
    return StructurePrior(table(prior.n_level), pair, max(n_cluster))


class SufficientStatistics(NamedTuple):
    """Sufficient statistics of a layout, or of a batch of them; a cell is a combination of active levels' clusters."""

    size: Values  # (cluster,) * level: parent rows of every cell
    n_child: Values  # (cluster,) * level: linked children of every cell
    n_link: Values  # (level, cluster, cluster): links by cluster of the parent, and of the child; all at 0, 0 if unused
    is_free: Values  # (level, cluster, cluster): pairs with a random affinity


class Counter:
    """Counts links for layout after layout, keeping what they share."""

    def __init__(self, key: ObservedLinks, max_level: int, max_cluster: int):
        self.key, self.max_level, self.max_cluster = key, max_level, max_cluster
        self._base: dict[tuple[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._cell: dict[tuple, np.ndarray] = {}
        self._level: dict[tuple, np.ndarray] = {}

    def counts(self, layout: Layout) -> SufficientStatistics:
        """Counts of a layout."""
        k, shape = self.max_cluster, (self.max_level, self.max_cluster, self.max_cluster)
        n_base = n_parent_base(layout), n_child_base(layout)
        if n_base not in self._base:
            table = self.key.table(*n_base)
            self._base[n_base] = table, base_size(self.key.n_parent, n_base[0]), table.sum(0)
        table, parents, children = self._base[n_base]
        n_link, is_free = np.zeros(shape), np.zeros(shape, bool)
        before = [1, 1]
        level = 0
        for group in layout:
            if group.is_active:
                place = (*n_base, *before, *group)
                if place not in self._level:
                    self._level[place] = count_level(table, before, group)
                n_link[level, : group.n_parent, : group.n_child] = self._level[place]
                is_free[level] = free_pairs(group.n_parent, group.n_child, k)
                level += 1
            before = [before[0] * group.n_parent, before[1] * group.n_child]
        n_link[level:, 0, 0] = self.key.n_link
        return SufficientStatistics(self._cells(parents, layout, 0), self._cells(children, layout, 1), n_link, is_free)

    def _cells(self, base: np.ndarray, layout: Layout, side: int) -> np.ndarray:
        """Sum base clusters over inactive groups, and pad."""
        shape = tuple(group[side] for group in layout)
        place = (side, shape, tuple(group.is_active for group in layout))
        if place not in self._cell:
            inactive = tuple(i for i, group in enumerate(layout) if not group.is_active)
            cell = base.reshape(shape).sum(inactive)
            padded = np.zeros((self.max_cluster,) * self.max_level)
            padded[tuple(slice(n) for n in cell.shape) + (0,) * (self.max_level - cell.ndim)] = cell
            self._cell[place] = padded
        return self._cell[place]

    def cut(self, counts: SufficientStatistics, n_level: int) -> SufficientStatistics:
        """Leave out levels that are not used, of a batch."""
        first = (slice(None),) * (n_level + 1) + (0,) * (self.max_level - n_level)
        return SufficientStatistics(
            counts.size[first], counts.n_child[first], counts.n_link[:, :n_level], counts.is_free[:, :n_level]
        )

    def batch(self, layouts: Iterable[Layout]) -> SufficientStatistics:
        """Counts of several layouts, stacked along a leading axis."""
        return SufficientStatistics(*(np.stack(part) for part in zip(*map(self.counts, layouts), strict=True)))


def count_level(table: np.ndarray, before: list[int], group: MergedLevel) -> np.ndarray:
    """Links by cluster on one level, of the parent and of the child."""
    after = table.shape[1] // before[1] // group.n_child
    return table.reshape(before[0], group.n_parent, -1, before[1], group.n_child, after).sum((0, 2, 3, 5))


@lru_cache
def free_pairs(n_parent: int, n_child: int, max_cluster: int) -> np.ndarray:
    """Pairs of clusters that do not match: theirs are the random affinities."""
    free = np.zeros((max_cluster, max_cluster), bool)
    free[:n_parent, :n_child] = True
    i = np.arange(max(n_parent, n_child))
    free[i % n_parent, i % n_child] = False
    return free


def cells(layout: Layout, row: np.ndarray, n_row: int, side: int, max_level: int) -> np.ndarray:
    """Cluster on every active level of rows, shape ``(level, row)``; side 0 is the parents. Unused levels: 0."""
    n_cluster = [group[side] for group in layout]
    base = row // -(-n_row // math.prod(n_cluster))
    digit = np.zeros((max_level, len(row)), np.int64)
    after, found = math.prod(n_cluster), []
    for group, k in zip(layout, n_cluster, strict=True):
        after //= k
        if group.is_active:
            found.append(base // after % k)
    if found:
        digit[: len(found)] = found
    return digit
