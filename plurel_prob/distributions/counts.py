"""Numbers of things that vary over orders of magnitude."""

import math
from statistics import NormalDist
from typing import Any

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

# Kinds of tables: small ones without parents, things, what happens, what joins two others or more, more columns of another table
TABLE_KINDS = ("lookup", "entity", "event", "bridge", "extension")
LEAST_INSIDE = 1e-4  # probability between the bounds, below which 32 bits have too few digits for what is left


def quantile(place: ArrayLike, log_median: ArrayLike, sigma: float, low: int, high: int) -> Int[Array, "..."]:
    """Quantile of :class:`LogNormalCount` at a place in (0, 1)."""
    below, above = (ndtr((math.log(edge) - log_median) / sigma) for edge in (low - 0.5, high + 0.5))
    # clipped, as quantiles of 0 and 1 are infinite: what lies so far out is beyond the bounds, and is one of them
    standard = ndtri(jnp.clip(below + (above - below) * place, 1e-7, 1 - 1e-7))
    return jnp.clip(jnp.round(jnp.exp(log_median + sigma * standard)), low, high).astype(jnp.int32)


def log_probability(value: Any, log_median: ArrayLike, sigma: float, low: int, high: int) -> Float[Array, "..."]:
    """Log probability of a number under :class:`LogNormalCount`."""
    value = jnp.asarray(value, jnp.float32)
    inside = jnp.clip(value, low, high)
    lower, upper, middle = ((jnp.log(number) - log_median) / sigma for number in (inside - 0.5, inside + 0.5, inside))
    # the difference has few digits where steps are small, and the density in the middle is within 1e-5 of it
    step = 2 * jnp.arctanh(0.5 / inside) / sigma
    smooth = -0.5 * middle**2 - 0.5 * math.log(2 * math.pi) + jnp.log(step)
    below, above = (ndtr((math.log(edge) - log_median) / sigma) for edge in (low - 0.5, high + 0.5))
    log_prob = jnp.where(step < 0.01, smooth, jnp.log(ndtr(upper) - ndtr(lower))) - jnp.log(above - below)
    return jnp.where((value >= low) & (value <= high), log_prob, -jnp.inf)


class LogNormalCount(dist.Distribution):
    r"""A log-normal number, rounded, between bounds.

    .. math:: P(k) \propto \Phi\Bigl(\frac{\log(k + 1/2) - \log m}{s}\Bigr) - \Phi\Bigl(\frac{\log(k - 1/2) - \log m}{s}\Bigr),
        \quad \text{low} \le k \le \text{high}

    Args:
        median: m, of the law without bounds.
        sigma: s, standard deviation of the logarithm.
        low: smallest number, at least 1.
        high: largest number.
    """

    pytree_aux_fields = ("median", "sigma", "low", "high")

    def __init__(self, median: float | int, sigma: float | int, low: int, high: int, *, validate_args: bool | None = None):
        if not (1 <= low <= high and median > 0 and sigma > 0):
            raise ValueError(f"needs 1 <= low <= high, a median and a sigma above 0; got {low}, {high}, {median}, {sigma}")
        self.median, self.sigma, self.low, self.high = float(median), float(sigma), int(low), int(high)
        law = NormalDist(math.log(median), sigma)
        if law.cdf(math.log(high + 0.5)) - law.cdf(math.log(low - 0.5)) < LEAST_INSIDE:
            raise ValueError(f"hardly ever between {low} and {high}: the median is {median:g} and sigma {sigma:g}")
        super().__init__(validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """The integers from ``low`` to ``high``."""
        return constraints.integer_interval(self.low, self.high)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw integers of shape ``sample_shape``."""
        return quantile(random.uniform(key, sample_shape), math.log(self.median), self.sigma, self.low, self.high)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return the log probability of integers within the bounds, minus infinity elsewhere."""
        return log_probability(value, math.log(self.median), self.sigma, self.low, self.high)


class GrowingCounts(dist.Distribution):
    r"""Numbers of rows that follow from one another along the graph over tables.

    A table without parents has a number of rows by ``root``, or, if it is a lookup table, by ``lookup``. One with parents, the
    largest of which has m rows, has a number by :class:`LogNormalCount` with the median :math:`\max(r m, \text{root.median})`,
    between ``root.low`` and ``high``; or, if it is an extension, m. The event has shape ``(table,)``, 0 where there is no table.

    Args:
        order: tables in topological order, parents first, padded with -1.
        parent_table: parents of each table, padded with -1.
        kind: of each table, an index into ``TABLE_KINDS``.
        root: law of tables without parents.
        lookup: law of lookup tables.
        ratio: r.
        sigma: standard deviation of the logarithm.
        high: most rows of a table.
        given: numbers of some tables (elsewhere below 0), from which those of the others follow.
    """

    pytree_data_fields = ("order", "parent_table", "kind", "given")
    pytree_aux_fields = ("root", "lookup", "ratio", "sigma", "high")

    def __init__(
        self,
        order: Int[Array, " table"],
        parent_table: Int[Array, "table foreign_key"],
        kind: Int[Array, " table"],
        root: LogNormalCount,
        lookup: LogNormalCount,
        ratio: float | int,
        sigma: float | int,
        high: int,
        given: Int[Array, " table"] | None = None,
        *,
        validate_args: bool | None = None,
    ):
        self.order, self.parent_table, self.kind, self.root, self.lookup = order, parent_table, kind, root, lookup
        self.ratio, self.sigma, self.high = float(ratio), float(sigma), int(high)
        self.given = jnp.full(order.shape, -1) if given is None else given
        super().__init__(event_shape=order.shape, validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Numbers of rows."""
        return constraints.independent(constraints.integer_interval(0, self.high), 1)

    def with_given(self, is_given: Bool[Array, " table"], value: Int[Array, " table"]) -> "GrowingCounts":
        """The law of the others where some are given."""
        given = jnp.where(is_given, value, -1)
        laws = self.root, self.lookup, self.ratio, self.sigma, self.high
        return GrowingCounts(self.order, self.parent_table, self.kind, *laws, given)

    def _of_parents(self, n_row: Int[Array, " table"]) -> Int[Array, " table"]:
        """Rows of the largest parent."""
        return jnp.where(self.parent_table >= 0, n_row[self.parent_table], 1).max(-1, initial=1)

    def _log_median(self, n_row: Int[Array, " table"]) -> Float[Array, " table"]:
        """Log medians of tables with parents."""
        return jnp.log(jnp.maximum(self.ratio * self._of_parents(n_row), self.root.median))

    def _is(self, kind: str) -> Bool[Array, " table"]:
        return self.kind == TABLE_KINDS.index(kind)

    @property
    def _is_root(self) -> Bool[Array, " table"]:
        return (self.parent_table < 0).all(-1)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Int[Array, "*sample table"]:
        """Draw numbers, parents first."""
        if sample_shape:
            keys = random.split(key, math.prod(sample_shape))
            return lax.map(self.sample, keys).reshape(sample_shape + self.event_shape)
        place = random.uniform(key, self.order.shape)
        root, lookup = (quantile(place, math.log(law.median), law.sigma, law.low, law.high) for law in (self.root, self.lookup))
        root = jnp.where(self._is("lookup"), lookup, root)

        def draw(i: Array, n_row: Array) -> Array:
            table = self.order[i]
            child = quantile(place[table], self._log_median(n_row)[table], self.sigma, self.root.low, self.high)
            child = jnp.where(self._is("extension")[table], self._of_parents(n_row)[table], child)
            drawn = jnp.where(self._is_root[table], root[table], child)
            return n_row.at[table].set(jnp.where(self.given[table] >= 0, self.given[table], drawn))

        return lax.fori_loop(0, (self.order >= 0).sum(), draw, jnp.zeros(self.order.shape, jnp.int32))

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Float[Array, "*batch"]:
        """Return the log probability of numbers of rows, of all tables together."""
        value = jnp.asarray(value)
        if value.ndim > 1:
            return lax.map(self.log_prob, value.reshape(-1, value.shape[-1])).reshape(value.shape[:-1])
        of_child = log_probability(value, self._log_median(value), self.sigma, self.root.low, self.high)
        of_child = jnp.where(self._is("extension"), jnp.where(value == self._of_parents(value), 0.0, -jnp.inf), of_child)
        of_root = jnp.where(self._is("lookup"), self.lookup.log_prob(value), self.root.log_prob(value))
        of_table = jnp.where(self._is_root, of_root, of_child)
        is_table = jnp.zeros(value.shape, bool).at[jnp.where(self.order >= 0, self.order, len(value))].set(True, mode="drop")
        return jnp.where(is_table, of_table, jnp.where(value == 0, 0.0, -jnp.inf)).sum()
