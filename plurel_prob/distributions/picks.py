"""Small laws over numbers: a uniform pick, a truncated Zipf law, a pair of days, a site's random key."""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import random
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample


class Pick(dist.Distribution):
    """Uniform choice from a set of integers, e.g. ``Pick([2, 4])``.

    Drawn as an integer index, so the same on every device.

    Args:
        options: distinct integers, in any order.
    """

    pytree_aux_fields = ("options",)

    def __init__(self, options: Sequence[int], *, validate_args: bool | None = None):
        if not options or len(set(options)) != len(options):
            raise ValueError(f"a pick needs distinct options, got {list(options)}")
        self.options = tuple(int(option) for option in options)
        super().__init__(validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """The integers from the smallest to the largest option; those between options have density zero."""
        return constraints.integer_interval(min(self.options), max(self.options))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw integers of shape ``sample_shape``."""
        index = random.randint(key, sample_shape, 0, len(self.options))
        return jnp.asarray(self.options, jnp.int32)[index]

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return ``-log(number of options)`` on the options, minus infinity elsewhere."""
        is_option = (jnp.asarray(value)[..., None] == jnp.asarray(self.options)).any(-1)
        return jnp.where(is_option, -math.log(len(self.options)), -jnp.inf)


class WeightedPick(dist.Distribution):
    """Choice from a set of integers with given probabilities.

    Drawn as an index, by comparing a uniform number with cumulative sums: integers are the same on every device.

    Args:
        options: distinct integers, in ascending order.
        probs: their probabilities, shape ``(*batch, option)``; sum to 1.
    """

    arg_constraints = {"probs": constraints.simplex}
    pytree_data_fields = ("probs",)
    pytree_aux_fields = ("options",)

    def __init__(self, options: Sequence[int], probs: Float[Array, "*batch option"], *, validate_args: bool | None = None):
        if not options or list(options) != sorted(set(options)) or len(options) != probs.shape[-1]:
            raise ValueError(f"a weighted pick needs ascending options and a probability each, got {list(options)}")
        self.options, self.probs = tuple(int(option) for option in options), probs
        super().__init__(batch_shape=probs.shape[:-1], validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """The integers from the smallest to the largest option; those between options have density zero."""
        return constraints.integer_interval(min(self.options), max(self.options))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw integers of shape ``sample_shape + batch_shape``."""
        threshold = jnp.cumsum(self.probs, -1)[..., :-1]
        index = (random.uniform(key, sample_shape + self.batch_shape)[..., None] >= threshold).sum(-1)
        return jnp.asarray(self.options, jnp.int32)[index]

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return the log probability of integers; minus infinity where they are no options."""
        is_option = jnp.asarray(value)[..., None] == jnp.asarray(self.options)
        return jnp.log(jnp.where(is_option, self.probs, 0.0).sum(-1))


class TruncatedZipf(dist.Distribution):
    r"""The Zipf law on an interval: :math:`p(k) \propto k^{-a}` for ``low <= k <= high``.

    Args:
        exponent: the power ``a``; 1 makes most values small.
        low: smallest value, at least 1.
        high: largest value.
    """

    pytree_aux_fields = ("exponent", "low", "high")

    def __init__(self, exponent: float, low: int, high: int, *, validate_args: bool | None = None):
        if not 1 <= low <= high:
            raise ValueError(f"a truncated Zipf law needs 1 <= low <= high, got low={low} and high={high}")
        self.exponent, self.low, self.high = float(exponent), int(low), int(high)
        super().__init__(validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """The integers from ``low`` to ``high``."""
        return constraints.integer_interval(self.low, self.high)

    @property
    def probs(self) -> np.ndarray:
        """Probabilities of ``low .. high``; in NumPy's float64, so that thresholds are the same on every device."""
        weight = np.arange(self.low, self.high + 1, dtype=float) ** -self.exponent
        return weight / weight.sum()

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw integers of shape ``sample_shape`` by inverting the distribution function at one uniform each."""
        threshold = jnp.asarray(np.cumsum(self.probs)[:-1], jnp.float32)
        return self.low + (random.uniform(key, sample_shape)[..., None] >= threshold).sum(-1, dtype=jnp.int32)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return the log probability of integers; minus infinity outside ``low .. high``."""
        value = jnp.asarray(value)
        inside = (value >= self.low) & (value <= self.high)
        log_probs = jnp.asarray(np.log(self.probs), jnp.float32)
        return jnp.where(inside, log_probs[jnp.clip(value - self.low, 0, self.high - self.low)], -jnp.inf)


class OrderedPair(dist.Distribution):
    """Two distinct integers of ``low .. high``, the smaller first, every pair equally likely.

    The prior of a time window, in days since 1970-01-01.

    Args:
        low: smallest integer.
        high: largest integer, at least ``low + 1``.
    """

    pytree_aux_fields = ("low", "high")

    def __init__(self, low: int, high: int, *, validate_args: bool | None = None):
        if low >= high:
            raise ValueError(f"an ordered pair needs low < high, got low={low} and high={high}")
        self.low, self.high = int(low), int(high)
        super().__init__(event_shape=(2,), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Pairs of integers of ``low .. high``; pairs that are not increasing have density zero."""
        return constraints.independent(constraints.integer_interval(self.low, self.high), 1)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw pairs of shape ``sample_shape + (2,)``."""
        first_key, second_key = random.split(key)
        first = random.randint(first_key, sample_shape, self.low, self.high + 1)
        second = random.randint(second_key, sample_shape, self.low, self.high)
        second = second + (second >= first)
        return jnp.stack([jnp.minimum(first, second), jnp.maximum(first, second)], axis=-1)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return the log probability of pairs, shape ``value.shape[:-1]``."""
        first, second = jnp.asarray(value)[..., 0], jnp.asarray(value)[..., 1]
        n = self.high - self.low + 1
        inside = (self.low <= first) & (first < second) & (second <= self.high)
        return jnp.where(inside, math.log(2) - math.log(n) - math.log(n - 1), -jnp.inf)


class RandomKey(dist.Distribution):
    """A random key as a latent variable: 64 fair bits, as two unsigned 32-bit words.

    Whatever is a function of the key alone (the weights of a mechanism) is thereby latent, replayable and replaceable,
    while its record in a trace stays eight bytes.
    """

    def __init__(self, batch_shape: tuple[int, ...] = (), *, validate_args: bool | None = None):
        super().__init__(batch_shape, event_shape=(2,), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Two non-negative words."""
        return constraints.independent(constraints.nonnegative_integer, 1)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw words of shape ``sample_shape + batch_shape + (2,)``."""
        return random.bits(key, sample_shape + self.batch_shape + (2,), jnp.uint32)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return ``-64 log 2`` for every key."""
        return jnp.full(jnp.broadcast_shapes(jnp.shape(value)[:-1], self.batch_shape), -64 * math.log(2))
