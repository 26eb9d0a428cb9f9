"""Products in full precision: by default accelerators round the factors of a product of matrices to fewer bits."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def multiply(x: Float[Array, "..."], y: Float[Array, "..."]) -> Float[Array, "..."]:
    """Product of matrices, and vectors, in full 32-bit precision."""
    return jnp.matmul(x, y, precision=lax.Precision.HIGHEST)
