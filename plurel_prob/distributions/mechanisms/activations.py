"""Activations of hidden layers (PluRel, arXiv:2602.04029, stage 3). To add one, write a line in ``ACTIVATIONS``.

An activation is a function of an array and of the parameters of a sine sum (:class:`Sines`), of use to the sine sum alone.
Formulas are chosen for few transcendental functions, since hidden layers are where much of a draw's time goes; they are
accurate to 1e-6 in absolute terms for numbers of order one.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
from jax import nn, random
from jaxtyping import Array, Float, PRNGKeyArray

from plurel_prob.distributions.mechanisms.elementary import exp_below_one, sine

Function = Callable[[Float[Array, "..."]], Float[Array, "..."]]
MAX_TERM = 7  # of a random sine sum
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class Sines(NamedTuple):
    """A sine sum: amplitude, frequency and phase of its terms."""

    amplitude: Float[Array, "*of term"]
    frequency: Float[Array, "*of term"]
    phase: Float[Array, "*of term"]


def draw_sines(key: PRNGKeyArray) -> Sines:
    """Draw 3 to 7 terms: amplitudes N(0, 1), frequencies log-uniform on [0.1, 10], phases U(0, 2 pi); others have amplitude 0."""
    count_key, amplitude_key, frequency_key, phase_key = random.split(key, 4)
    n_term = random.randint(count_key, (), 3, MAX_TERM + 1)
    amplitude = jnp.where(jnp.arange(MAX_TERM) < n_term, random.normal(amplitude_key, (MAX_TERM,)), 0.0)
    frequency = 10.0 ** random.uniform(frequency_key, (MAX_TERM,), minval=-1.0, maxval=1.0)
    return Sines(amplitude, frequency, random.uniform(phase_key, (MAX_TERM,), maxval=2 * jnp.pi))


def sine_sum(x: Float[Array, "..."], sines: Sines) -> Float[Array, "..."]:
    """Sum of sines."""
    total = jnp.zeros_like(x)
    for k in range(MAX_TERM):
        total = total + sines.amplitude[k] * sine(sines.frequency[k] * x + sines.phase[k])
    return total


def exponential_unit(x: Float[Array, "..."], alpha: float = 1.0) -> Float[Array, "..."]:
    """``x`` above zero, ``alpha (exp(x) - 1)`` below."""
    return jnp.maximum(x, 0.0) + alpha * (exp_below_one(jnp.minimum(x, 0.0)) - 1.0)


def sigmoid(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """``1 / (1 + exp(-x))``."""
    return 0.5 + 0.5 * jnp.tanh(0.5 * x)


def softplus(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """``log(1 + exp(x))``."""
    return jnp.maximum(x, 0.0) + jnp.log(1.0 + exp_below_one(-jnp.abs(x)))


def mish(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """``x tanh(softplus(x))``, by ``tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2)``."""
    power = jnp.exp(jnp.minimum(x, 20.0))
    product = power * (power + 2.0)
    return x * (product / (product + 2.0))


def softshrink(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Move ``x`` by 0.5 toward zero."""
    return jnp.sign(x) * jnp.maximum(jnp.abs(x) - 0.5, 0.0)


def hardshrink(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Set what lies within 0.5 of zero to zero."""
    return jnp.where(jnp.abs(x) > 0.5, x, 0.0)


def bent_identity(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """``(sqrt(x^2 + 1) - 1) / 2 + x``."""
    return (jnp.hypot(x, 1.0) - 1.0) / 2.0 + x  # x * x would overflow


def _plain(function: Function) -> Callable[[Array, Sines], Array]:
    return lambda x, sines: function(x)


ACTIVATIONS: Mapping[str, Callable[[Array, Sines], Array]] = MappingProxyType(
    {
        "relu": _plain(nn.relu),
        "elu": _plain(exponential_unit),
        "selu": _plain(lambda x: SELU_SCALE * exponential_unit(x, SELU_ALPHA)),
        "silu": _plain(lambda x: x * sigmoid(x)),
        "softsign": _plain(nn.soft_sign),
        "tanh": _plain(jnp.tanh),
        "sigmoid": _plain(sigmoid),
        "hardswish": _plain(nn.hard_swish),
        "mish": _plain(mish),
        "leaky_relu": _plain(nn.leaky_relu),
        "gelu": _plain(lambda x: nn.gelu(x, approximate=False)),
        "softplus": _plain(softplus),
        "hardsigmoid": _plain(nn.hard_sigmoid),
        "hardtanh": _plain(nn.hard_tanh),
        "celu": _plain(exponential_unit),
        "tanhshrink": _plain(lambda x: x - jnp.tanh(x)),
        "rrelu": _plain(lambda x: nn.leaky_relu(x, 11 / 48)),
        "logsigmoid": _plain(lambda x: -softplus(-x)),
        "softshrink": _plain(softshrink),
        "hardshrink": _plain(hardshrink),
        "identity": _plain(lambda x: x),
        "abs": _plain(jnp.abs),
        "sin": _plain(sine),
        "cos": _plain(lambda x: sine(x + jnp.pi / 2)),
        "sign": _plain(jnp.sign),
        "clip": _plain(lambda x: jnp.clip(x, -1.0, 1.0)),
        "signed_log": _plain(lambda x: jnp.sign(x) * jnp.log1p(jnp.abs(x))),
        "bent_identity": _plain(bent_identity),
        "sine_sum": sine_sum,
    }
)
