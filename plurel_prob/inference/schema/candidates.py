r"""Ways in which a graph can have come about: a topological order and the marks of a family.

With :math:`E` the observed graph on :math:`n` labelled tables, :math:`\sigma` over its topological orders and :math:`m` over the
marked matrices whose edges are those of :math:`E` in the order :math:`\sigma`,

.. math:: p(E \mid \theta) = \frac{1}{n!} \sum_\sigma \sum_m p_\text{family}(m \mid n, \theta).

A family's file lists the pairs :math:`(\sigma, m)` that can have a positive probability, all of them or a weighted sample.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, Int8

from plurel_prob.inference.schema.orders import Orders

MAX_EXACT_TABLE = 7  # up to here every candidate is listed, however many they are
MAX_CANDIDATE = 400_000  # beyond it, candidates are sampled where there are more
MAX_ORDER = 100_000  # topological orders (of distinct twins) that are listed, or compared before some are drawn
MAX_SCORE = 200_000_000  # pairs of orders and assignments of marks that are compared
N_SAMPLE = 50_000  # candidates that are sampled


@dataclass(frozen=True)
class Candidates:
    r"""Orders and marks, with weights: :math:`n!\, p(E \mid \theta) = \sum_k w_k\, p(m_k \mid \theta)`, or its estimate.

    Attributes:
        mark: marked matrices over places.
        log_weight: ``log w``.
        order_idx: which order of ``draw_order`` each belongs to.
        draw_order: from indices of orders and a generator, topological orders; uniform where several give one matrix.
        is_exact: nothing is missing; the sum is no estimate.
        order_ess: effective sample size of the drawn orders, infinite if all are listed.
    """

    mark: Int8[np.ndarray, "candidate place place"]
    log_weight: Float[np.ndarray, " candidate"]
    order_idx: Int[np.ndarray, " candidate"]
    draw_order: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    is_exact: bool = True
    order_ess: float = np.inf

    def __len__(self) -> int:
        return len(self.mark)

    def keep(self, is_kept: np.ndarray) -> "Candidates":
        """The candidates at which a mask is true."""
        return replace(self, mark=self.mark[is_kept], log_weight=self.log_weight[is_kept], order_idx=self.order_idx[is_kept])

    def draw(self, chosen: Int[np.ndarray, " draw"], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Topological orders, and marks over their places, of chosen candidates."""
        return self.draw_order(self.order_idx[chosen], rng), self.mark[chosen]


def no_candidates(n_table: int) -> Candidates:
    """Nothing: the family cannot give the graph."""
    empty = np.zeros(0, np.int64)
    return Candidates(np.zeros((0, n_table, n_table), np.int8), np.zeros(0), empty, lambda index, rng: index)


def max_order(n_table: int, n_per_order: int = 1) -> int | float:
    """How many topological orders are listed at most, where each is compared with ``n_per_order`` assignments of marks."""
    return math.inf if n_table <= MAX_EXACT_TABLE else min(MAX_ORDER, max(MAX_SCORE // n_per_order, 1000))


def is_listed(n_table: int, n_candidate: int | float) -> bool:
    """Whether candidates are listed rather than sampled."""
    return n_table <= MAX_EXACT_TABLE or n_candidate <= MAX_CANDIDATE


def all_pairs(orders: Orders, marks: Int8[np.ndarray, "assignment parent child"], log_weight: np.ndarray) -> Candidates:
    """Every order with every assignment of marks to pairs of tables."""
    order_idx = np.repeat(np.arange(len(orders.order)), len(marks))
    order = orders.order
    mark = marks[:, order[:, :, None], order[:, None, :]].swapaxes(0, 1).reshape(-1, *marks.shape[1:])
    weight = (orders.log_weight[:, None] + log_weight).reshape(-1)
    return Candidates(mark, weight, order_idx, orders.draw, orders.is_complete)


def draw_from(log_weight: Float[np.ndarray, " entry"], rng: np.random.Generator, size: int) -> Int[np.ndarray, " draw"]:
    """Independent indices in proportion to weights."""
    total = np.cumsum(np.exp(log_weight - log_weight.max()))
    return np.minimum(np.searchsorted(total, rng.random(size) * total[-1], side="right"), len(total) - 1)


def log_sum(log_values: Float[np.ndarray, "*values"], axis: int | None = None) -> np.ndarray:
    """Log of a sum of exponentials, in float64; minus infinity for none."""
    if log_values.size == 0:
        return np.array(-np.inf)
    high = log_values.max(axis, keepdims=True)
    high = np.where(np.isfinite(high), high, 0.0)
    with np.errstate(divide="ignore"):
        log_sums = np.log(np.exp(log_values - high).sum(axis))
    return np.asarray(log_sums + (high.reshape(()) if axis is None else high.squeeze(axis)))


def effective_size(log_weight: Float[np.ndarray, " draw"], count: np.ndarray | float = 1.0) -> float:
    """Kish's effective sample size of weighted draws, each ``count`` times; 0 where all weights are."""
    if not len(log_weight) or log_weight.max() == -np.inf:
        return 0.0
    weight = np.exp(log_weight - log_weight.max())
    return float((count * weight).sum() ** 2 / (count * weight**2).sum())
