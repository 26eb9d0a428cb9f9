"""Beta noise by inverting its distribution function."""

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray

from plurel_prob.blocks import BLOCK, block_key
from plurel_prob.control import computed_once
from plurel_prob.distributions.mechanisms.networks import LATENT
from plurel_prob.threefry import fast_bits

N_QUANTILE = 256
N_CELL = 512  # of the quadrature


def beta_icdf(point: Float[Array, " point"], a: Float[Array, ""], b: Float[Array, ""]) -> Float[Array, " point"]:
    r"""Quantiles of Beta(a, b), for a, b >= 0.5.

    With :math:`x = \sin^2 \theta` the density of :math:`\theta` is proportional to
    :math:`\sin^{2a-1}\theta \cos^{2b-1}\theta`, which is bounded on :math:`[0, \pi/2]`: the midpoint rule integrates it and
    linear interpolation inverts the integral.
    """
    theta = (jnp.arange(N_CELL) + 0.5) * (jnp.pi / 2 / N_CELL)
    log_density = (2 * a - 1) * jnp.log(jnp.sin(theta)) + (2 * b - 1) * jnp.log(jnp.cos(theta))
    cumulative = jnp.concatenate([jnp.zeros(1), jnp.cumsum(jnp.exp(log_density - log_density.max()))])
    edge = jnp.linspace(0.0, jnp.pi / 2, N_CELL + 1)
    # exp(log density - its maximum) neither overflows nor vanishes everywhere, for any shapes; its integral is divided out
    return jnp.sin(jnp.interp(point * cumulative[-1], cumulative, edge)) ** 2


def beta_quantiles(a: Float[Array, ""], b: Float[Array, ""]) -> Float[Array, " quantile"]:
    """Quantiles of Beta(a, b) at ``(k + 0.5) / 256``."""
    return beta_icdf((jnp.arange(N_QUANTILE) + 0.5) / N_QUANTILE, a, b)


def beta_noise(key: PRNGKeyArray, block: Int[Array, ""], quantiles: Float[Array, " quantile"]) -> Float[Array, "row latent"]:
    """Independent draws from 256 quantiles, 32 for each of a block's rows: one byte of random bits each."""
    counter_key = random.key_data(block_key(key, block))
    words = computed_once(lambda: fast_bits(counter_key, (BLOCK, LATENT // 4)), block)
    byte = lax.bitcast_convert_type(words, jnp.uint8).reshape(BLOCK, LATENT)
    return quantiles.at[byte.astype(jnp.int32)].get(mode="promise_in_bounds")
