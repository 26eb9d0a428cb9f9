"""Activations of hidden layers (PluRel, arXiv:2602.04029, stage 3). To add one, write a line in ``ACTIVATIONS``.

An activation is a function of an array and of a key; only the random sine sum uses the key.
"""

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import nn, random
from jaxtyping import Array, Float, PRNGKeyArray

Function = Callable[[Float[Array, "..."]], Float[Array, "..."]]
MAX_TERM = 7  # of a random sine sum


def sine_sum(x: Float[Array, "..."], key: PRNGKeyArray) -> Float[Array, "..."]:
    """Sum of 3 to 7 sines: amplitudes N(0, 1), frequencies log-uniform on [0.1, 10], phases U(0, 2 pi); frozen by the key."""
    count_key, amplitude_key, frequency_key, phase_key = random.split(key, 4)
    n_term = random.randint(count_key, (), 3, MAX_TERM + 1)
    amplitude = jnp.where(jnp.arange(MAX_TERM) < n_term, random.normal(amplitude_key, (MAX_TERM,)), 0.0)
    frequency = 10.0 ** random.uniform(frequency_key, (MAX_TERM,), minval=-1.0, maxval=1.0)
    phase = random.uniform(phase_key, (MAX_TERM,), maxval=2 * jnp.pi)
    total = jnp.zeros_like(x)
    for k in range(MAX_TERM):
        total = total + amplitude[k] * jnp.sin(frequency[k] * x + phase[k])
    return total


def softshrink(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Move ``x`` by 0.5 toward zero."""
    return jnp.sign(x) * jnp.maximum(jnp.abs(x) - 0.5, 0.0)


def hardshrink(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Set what lies within 0.5 of zero to zero."""
    return jnp.where(jnp.abs(x) > 0.5, x, 0.0)


def bent_identity(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """``(sqrt(x^2 + 1) - 1) / 2 + x``."""
    return (jnp.hypot(x, 1.0) - 1.0) / 2.0 + x  # x * x would overflow


def _frozen(function: Function) -> Callable[[Array, PRNGKeyArray], Array]:
    return lambda x, key: function(x)


ACTIVATIONS: Mapping[str, Callable[[Array, PRNGKeyArray], Array]] = {
    "relu": _frozen(nn.relu),
    "elu": _frozen(nn.elu),
    "selu": _frozen(nn.selu),
    "silu": _frozen(nn.silu),
    "softsign": _frozen(nn.soft_sign),
    "tanh": _frozen(jnp.tanh),
    "sigmoid": _frozen(nn.sigmoid),
    "hardswish": _frozen(nn.hard_swish),
    "mish": _frozen(nn.mish),
    "leaky_relu": _frozen(nn.leaky_relu),
    "gelu": _frozen(lambda x: nn.gelu(x, approximate=False)),
    "softplus": _frozen(nn.softplus),
    "hardsigmoid": _frozen(nn.hard_sigmoid),
    "hardtanh": _frozen(nn.hard_tanh),
    "celu": _frozen(nn.celu),
    "tanhshrink": _frozen(lambda x: x - jnp.tanh(x)),
    "rrelu": _frozen(lambda x: nn.leaky_relu(x, 11 / 48)),
    "logsigmoid": _frozen(nn.log_sigmoid),
    "softshrink": _frozen(softshrink),
    "hardshrink": _frozen(hardshrink),
    "identity": _frozen(lambda x: x),
    "abs": _frozen(jnp.abs),
    "sin": _frozen(jnp.sin),
    "cos": _frozen(jnp.cos),
    "sign": _frozen(jnp.sign),
    "clip": _frozen(lambda x: jnp.clip(x, -1.0, 1.0)),
    "signed_log": _frozen(lambda x: jnp.sign(x) * jnp.log1p(jnp.abs(x))),
    "bent_identity": _frozen(bent_identity),
    "sine_sum": sine_sum,
}
