"""Sorting of floating-point numbers."""

from functools import partial

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Int32

from plurel_prob.blocks import BLOCK


def sort_floats(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Sort numbers that are not NaN; several times as fast as ``jnp.sort`` on CPUs, where XLA compares integers natively
    but calls back for floating-point numbers.
    """
    return lax.bitcast_convert_type(flip(lax.sort(flip(lax.bitcast_convert_type(x, jnp.int32)), is_stable=False)), x.dtype)


def sort_pilot(value: Float[Array, " row"], n_pilot: Int[Array, ""]) -> Float[Array, " row"]:
    """Sort the first ``n_pilot`` values; the rest repeats the largest. Sorted are no more than the fewest blocks, a power of
    two times fewer than all, that hold them.
    """
    is_pilot = jnp.arange(len(value)) < n_pilot
    filled = jnp.where(is_pilot, value, jnp.max(jnp.where(is_pilot, value, -jnp.inf)))
    sizes = [len(value) >> i for i in range(len(value).bit_length()) if len(value) >> i >= BLOCK]

    def sort(size: int) -> Array:
        return jnp.concatenate([sort_floats(filled[:size]), filled[size:]])

    n_smaller = jnp.sum(n_pilot <= jnp.array(sizes[1:], jnp.int32), dtype=jnp.int32)
    return lax.switch(n_smaller, [partial(sort, size) for size in sizes])


def flip(bits: Int32[Array, "*n"]) -> Int32[Array, "*n"]:
    """Reverse the order of negative numbers' bits, so that integers are ordered like the numbers they stand for; and back."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)
