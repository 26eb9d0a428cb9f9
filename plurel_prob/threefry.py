"""Random bits by Threefry 2x32 as plain elementwise operations: the bits of JAX's default generator, at less cost on CPUs.

There JAX lowers the hash of ``jax.random`` to a loop over its rounds, which costs microseconds a call however few numbers are
wanted, and keeps XLA from fusing it with what the numbers are used for. Here its twenty rounds are written out (Salmon et al.,
2011, "Parallel random numbers: as easy as 1, 2, 3"). Same key, same bits; a program takes longer to compile, so only inner
loops use it: by :func:`unrolled` keys, which every function of ``jax.random`` takes, or directly (:func:`fast_bits`).
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax, random
from jax.custom_batching import custom_vmap
from jax.extend.random import define_prng_impl
from jaxtyping import Array, PRNGKeyArray, UInt32

from plurel_prob.control import computed_once

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA  # the constant of the key schedule


@jax.jit
def threefry(key: Any, high: UInt32[Array, "*count"], low: UInt32[Array, "*count"]) -> tuple[Array, Array]:
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
    low = _count(shape)
    high, low = threefry(key, jnp.zeros_like(low), low)
    return high ^ low


def unrolled(key: PRNGKeyArray) -> PRNGKeyArray:
    """Return a key for inner loops that draws what ``key`` draws."""
    return random.wrap_key_data(random.key_data(key), impl=UNROLLED)


def _kept(compute: Callable[..., Any]) -> Any:
    """``compute``, an elementwise function of arrays of words of one shape, with its results kept in memory: XLA would hash anew
    for every use of a number. Under ``vmap`` too, since many arrays are one larger array.
    """

    @custom_vmap
    def kept(*words: Array) -> Any:
        return computed_once(lambda: compute(*words), lax.bitcast_convert_type(words[0].reshape(-1)[0] >> 1, jnp.int32))

    @kept.def_vmap
    def many(axis_size: int, is_batched: list[bool], *words: Array) -> tuple[Any, Any]:
        batched = [x if flag else jnp.broadcast_to(x, (axis_size, *x.shape)) for x, flag in zip(words, is_batched, strict=True)]
        result = kept(*batched)
        return result, jax.tree.map(lambda _: True, result)

    return kept


_hash = _kept(lambda key0, key1, low: threefry((key0, key1), jnp.zeros_like(low), low))
_hash_to_word = _kept(lambda key0, key1, low: jnp.bitwise_xor(*threefry((key0, key1), jnp.zeros_like(low), low)))


def _with_counts(key: UInt32[Array, " 2"], low: UInt32[Array, "*count"]) -> tuple[Array, Array, Array]:
    return jnp.broadcast_to(key[0], low.shape), jnp.broadcast_to(key[1], low.shape), low


def _count(shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    return lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)


def _bits(key: UInt32[Array, " 2"], bit_width: int, shape: tuple[int, ...]) -> Array:
    if bit_width != 32:
        raise NotImplementedError(f"unrolled keys draw words of 32 bits, not {bit_width}")
    return _hash_to_word(*_with_counts(key, _count(shape)))


def _split(key: UInt32[Array, " 2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape 2"]:
    return jnp.stack(_hash(*_with_counts(key, _count(shape))), axis=-1)


def _fold_in(key: UInt32[Array, " 2"], data: Any) -> UInt32[Array, " 2"]:
    return jnp.stack(_hash(*_with_counts(key, jnp.asarray(data, jnp.uint32))), axis=-1)


def _seed(seed: Any) -> Array:
    return random.key_data(random.key(seed))


UNROLLED = define_prng_impl(
    key_shape=(2,), seed=_seed, split=_split, random_bits=_bits, fold_in=_fold_in, name="unrolled_threefry", tag="uf"
)
