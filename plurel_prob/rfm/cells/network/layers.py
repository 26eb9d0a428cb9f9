"""Parts that blocks are made of."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, PRNGKeyArray

EPSILON = 1e-6


def matrix(key: PRNGKeyArray, n_in: int, n_out: int) -> Float[Array, "in out"]:
    """Initial weights: uniform, with variance 1 / (3 n_in), as PyTorch's linear layers have them."""
    bound = n_in**-0.5
    return random.uniform(key, (n_in, n_out), minval=-bound, maxval=bound)


def linear(weight: Float[Array, "in out"], x: Float[Array, "*token in"]) -> Float[Array, "*token out"]:
    """Multiply, in the precision of ``x``: as one matrix, which processors differentiate in half the time."""
    flat = x.reshape(-1, x.shape[-1]) @ weight.astype(x.dtype)
    return flat.reshape(*x.shape[:-1], weight.shape[1])


class RMSNorm(eqx.Module):
    """Divide by the root mean square over the last axis, computed in float32, and scale."""

    scale: Float[Array, " width"]

    def __init__(self, width: int):
        self.scale = jnp.ones(width)

    def __call__(self, x: Float[Array, "*token width"]) -> Float[Array, "*token width"]:
        """Normalise; the result has the precision of ``x``."""
        wide = x.astype(jnp.float32)
        normal = wide * lax.rsqrt(jnp.mean(wide**2, -1, keepdims=True) + EPSILON)
        return (normal * self.scale).astype(x.dtype)


class SwiGLU(eqx.Module):
    """Feed-forward network with a gate: (silu(x A) * x B) C."""

    gate: Float[Array, "width hidden"]
    up: Float[Array, "width hidden"]
    down: Float[Array, "hidden width"]

    def __init__(self, width: int, hidden: int, *, key: PRNGKeyArray):
        gate, up, down = random.split(key, 3)
        self.gate, self.up, self.down = matrix(gate, width, hidden), matrix(up, width, hidden), matrix(down, hidden, width)

    def __call__(self, x: Float[Array, "*token width"]) -> Float[Array, "*token width"]:
        """Apply, in the precision of ``x``."""
        return linear(self.down, jax.nn.silu(linear(self.gate, x)) * linear(self.up, x))
