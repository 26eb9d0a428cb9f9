"""Sorting of floating-point numbers."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int32


def sort_floats(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Sort numbers that are not NaN; several times as fast as ``jnp.sort`` on CPUs, where XLA compares integers natively
    but calls back for floating-point numbers.
    """
    return lax.bitcast_convert_type(_flip(lax.sort(_flip(lax.bitcast_convert_type(x, jnp.int32)), is_stable=False)), x.dtype)


def _flip(bits: Int32[Array, " n"]) -> Int32[Array, " n"]:
    """Reverse the order of negative numbers' bits, so that integers are ordered like the numbers they stand for; and back."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)
