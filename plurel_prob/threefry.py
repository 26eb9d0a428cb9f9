"""Random bits by Threefry 2x32 as plain elementwise operations.

On CPUs JAX lowers the hash of ``jax.random`` to a loop over its rounds, which costs microseconds a call however few numbers are
wanted, and keeps XLA from fusing it with what the numbers are used for. Here its twenty rounds are written out (Salmon et al.,
2011, "Parallel random numbers: as easy as 1, 2, 3"). Same key, same bits; a program takes longer to compile, so only the
largest consumers use it: the weights of networks and the noise of rows.
"""

import math

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, UInt32

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA  # the constant of the key schedule


def threefry(key: UInt32[Array, " 2"], high: UInt32[Array, "*count"], low: UInt32[Array, "*count"]) -> tuple[Array, Array]:
    """Hash counters, given as the high and low words of 64-bit integers; two words each."""
    schedule = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(PARITY))
    high, low = high + schedule[0], low + schedule[1]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            high = high + low
            low = high ^ ((low << rotation) | (low >> (32 - rotation)))
        high = high + schedule[(group + 1) % 3]
        low = low + schedule[(group + 2) % 3] + jnp.uint32(group + 1)
    return high, low


def fast_bits(key: UInt32[Array, " 2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    """Return ``random.bits(random.wrap_key_data(key), shape)``, for fewer than 2^32 numbers."""
    low = lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    high, low = threefry(key, jnp.zeros_like(low), low)
    return high ^ low
