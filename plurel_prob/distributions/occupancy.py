r"""Balls in boxes of limited capacity.

:math:`s` labelled balls fall into :math:`m` boxes uniformly, conditioned on no box holding more than ``capacity``; where
``open_last``, the last box is unlimited. With :math:`A(m, s)` the number of ways, which obeys

.. math:: A(m, s) = \sum_{k \le \text{capacity}} \binom{s}{k} A(m-1, s-k),

the counts :math:`c` have probability :math:`s! / (\prod_i c_i!) / A(m, s)`. :math:`A` is computed in exact integers and
drawn from by comparing 32 random bits with integer thresholds: the draw involves no floating-point number.
"""

import math
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jax import lax, random
from jax.scipy.special import gammaln
from jaxtyping import Array, Float, Int, PRNGKeyArray


@lru_cache(maxsize=64)
def n_way(max_box: int, max_ball: int, capacity: int, open_last: bool = False) -> tuple[tuple[int, ...], ...]:
    """Return the table ``A[m][s]`` for ``m <= max_box`` and ``s <= max_ball``."""
    table = [[1] + [0] * max_ball]
    if open_last:
        table.append([1] * (max_ball + 1))
    while len(table) <= max_box:
        last = table[-1]
        table.append([sum(math.comb(s, k) * last[s - k] for k in range(min(s, capacity) + 1)) for s in range(max_ball + 1)])
    return tuple(map(tuple, table))


@lru_cache(maxsize=64)
def _thresholds(max_box: int, max_ball: int, capacity: int, open_last: bool) -> np.ndarray:
    """32-bit thresholds [m, s, k] of P(first box holds at most k | m boxes, s balls), for k < capacity."""
    ways = n_way(max_box, max_ball, capacity, open_last)
    table = np.full((max_box + 1, max_ball + 1, capacity), 2**32 - 1, dtype=np.uint32)
    for m in range(1, max_box + 1):
        for s in range(max_ball + 1):
            below = 0
            for k in range(min(s + 1, capacity)):
                below += math.comb(s, k) * ways[m - 1][s - k]
                table[m, s, k] = min(2**32 * below // ways[m][s], 2**32 - 1) if ways[m][s] else 0
    return table


def sample_occupancy(
    key: PRNGKeyArray, n_ball: Array, n_box: Array, max_box: int, max_ball: int, capacity: int, open_last: bool = False
) -> Int[Array, " box"]:
    """Draw the counts of ``n_box`` boxes, zero beyond; shape ``(max_box,)``."""
    box = jnp.arange(max_box)
    if capacity >= max_ball:
        choice = random.randint(key, (max_ball,), 0, jnp.maximum(n_box, 1))
        is_ball = jnp.arange(max_ball) < n_ball
        return ((choice == box[:, None]) & is_ball).sum(1, dtype=jnp.int32)
    threshold = jnp.asarray(_thresholds(max_box, max_ball, capacity, open_last))
    bits = random.bits(key, (max_box,), jnp.uint32)

    def fill(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        counts, n_left = state
        count = (bits[i] >= threshold[n_box - i, n_left]).sum(dtype=jnp.int32)
        is_rest = i == n_box - 1  # what is left belongs to the last box, whatever its limit
        count = jnp.where(is_rest, n_left, jnp.minimum(count, n_left))
        return counts.at[i].set(count), n_left - count

    counts, _ = lax.fori_loop(0, n_box, fill, (jnp.zeros(max_box, jnp.int32), n_ball))
    return counts


def log_prob_occupancy(
    counts: Int[Array, " box"], n_box: Array, max_ball: int, capacity: int, open_last: bool = False
) -> Float[Array, ""]:
    """Log probability of ``counts`` over ``n_box`` boxes (entries beyond them are ignored)."""
    max_box = len(counts)
    is_box = jnp.arange(max_box) < n_box
    counts = jnp.where(is_box, counts, 0)
    n_ball = counts.sum()
    if capacity >= max_ball:
        log_way = n_ball * jnp.log(jnp.maximum(n_box, 1).astype(jnp.float32))
        fits = jnp.array(True)
    else:
        ways = n_way(max_box, max_ball, capacity, open_last)
        log_ways = np.array([[math.log(w) if w else -math.inf for w in row] for row in ways], dtype=np.float32)
        log_way = jnp.asarray(log_ways)[n_box, n_ball]
        is_limited = is_box & ~(open_last & (jnp.arange(max_box) == n_box - 1))
        fits = (jnp.where(is_limited, counts, 0) <= capacity).all()
    return jnp.where(fits, gammaln(n_ball + 1.0) - gammaln(counts + 1.0).sum() - log_way, -jnp.inf)
