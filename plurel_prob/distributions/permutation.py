"""Keyed permutations whose every entry is computed alone."""

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Int, PRNGKeyArray, UInt32

N_ROUND = 6
MIN_HALF = 3  # bits; over fewer, networks do not reach all permutations equally often


def place_of(key: PRNGKeyArray, item: Int[Array, " item"], n: Int[Array, ""]) -> UInt32[Array, " item"]:
    r"""Places of items under a pseudo-random permutation of :math:`0, \dots, n - 1` that the key selects.

    A Feistel network (Luby and Rackoff, 1988) permutes the numbers of :math:`2h` bits, the fewest (but six) that hold ``n``;
    a result of ``n`` or more is permuted again until it is smaller. One item's place costs a few integer operations,
    whichever others are asked for: the items with the first k places are a sample without replacement that can be
    looked at a block of rows at a time.

    Args:
        key: selects the permutation.
        item: from 0 to ``n - 1``; what is not has a place too, but means nothing.
        n: number of items, 1 to 2^30.
    """
    n_bit = 32 - lax.clz(jnp.maximum(jnp.asarray(n, jnp.uint32) - 1, 1))
    half = jnp.maximum((n_bit + 1) // 2, MIN_HALF)
    low = (jnp.uint32(1) << half) - 1
    round_keys = random.bits(key, (N_ROUND,), jnp.uint32)

    def permute(x: Array) -> Array:
        left, right = x >> half, x & low
        for round_key in round_keys:
            left, right = right, left ^ (mix(right ^ round_key) & low)
        return (left << half) | right

    def walk(x: Array) -> Array:
        return jnp.where(x >= n, permute(x), x)

    start = permute(jnp.asarray(item, jnp.uint32) % jnp.asarray(n, jnp.uint32))
    return lax.while_loop(lambda x: (x >= n).any(), walk, start)


def mix(x: UInt32[Array, " item"]) -> UInt32[Array, " item"]:
    """A hash: every bit of the result depends on every bit of the argument (the finaliser of MurmurHash3, Appleby, 2011)."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)
