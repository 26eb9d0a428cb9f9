r"""Predictions in closed form: a ridge and a kernel ridge regression in which a feature counts as much as it is reliable.

With :math:`R_f` the reliability of a feature, :math:`w_f \propto a_f R_f`, :math:`v_f \propto b_f R_f^2`, of sum 1, where
:math:`a_f, b_f` are factors that the network gives (1 before it is trained), the kernels are

=======  ================================================================================================
ridge    :math:`1 + \sum_f w_f (z_f z'_f + \bar r_f \bar r'_f + m_f m'_f)`: lines in z-score, rank and missingness
product  :math:`1 + e^{-d^2 / \ell}`, :math:`d^2 = \sum_f v_f |\phi(r_f) - \phi(r'_f)|^2`
=======  ================================================================================================

where :math:`\phi` is a thermometer of the rank (:math:`d^2` is about :math:`\sum_f v_f |r_f - r'_f|`) and :math:`\ell` the
mean of :math:`d^2`. Penalties are those of least leave-one-out error; predictions of context rows leave their label out.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from plurel_prob.rfm.rows.network.places import Places
from plurel_prob.rfm.rows.network.solve import dot, kernel_ridge, ridge

EXPERTS = ("ridge", "product")
N_STEP = 16  # of a thermometer
FLOOR = 2e-3  # reliability that every feature has at least
LINE_PENALTIES, PRODUCT_PENALTIES = (0.1, 1.0, 10.0), (0.15, 0.8)
SHARPNESS = 20.0  # of the experts' shares: 5 % more error leave 1 / e of the share


class Weights(NamedTuple):
    """Logarithms of factors of the weights of features, in the ridge and in the kernel; 0 changes nothing."""

    line: Float[Array, "*task feature"]
    step: Float[Array, "*task feature"]


class Design(NamedTuple):
    """Weighted features of rows."""

    line: Float[Array, "row lines"]
    step: Float[Array, "row steps"]


class Experts(NamedTuple):
    """Fitted experts.

    Attributes:
        line: coefficients of the ridge.
        context: steps of the context's rows, all zero for padding.
        length: the mean squared distance of two rows.
        dual: coefficients of rows.
    """

    line: Float[Array, "lines output"]
    context: Float[Array, "context steps"]
    length: Float[Array, ""]
    dual: Float[Array, "context output"]


def design_of(
    places: Places, reliability: Float[Array, " feature"], is_used: Bool[Array, " feature"], weights: Weights
) -> Design:
    """Features that experts are linear in."""
    worth = (reliability + FLOOR) * is_used
    both = worth * jnp.exp(weights.line), worth**2 * jnp.exp(weights.step)
    line, step = (jnp.sqrt(w / jnp.maximum(w.sum(), 1e-12) + 1e-12) for w in both)  # no root of 0: its slope is infinite
    lines = jnp.concatenate([places.z, 2 * places.rank - 1, places.missing], 1) * jnp.tile(line, 3)
    steps = jnp.clip(places.rank[..., None] * N_STEP - jnp.arange(N_STEP), 0.0, 1.0) - 0.5
    steps = jnp.concatenate([steps / N_STEP**0.5, places.missing[..., None]], -1) * step[:, None]
    return Design(jnp.pad(lines, ((0, 0), (0, 1)), constant_values=1.0), steps.reshape(len(steps), -1))


def experts_of(
    design: Design, y: Float[Array, "context output"], weight: Float[Array, " context"]
) -> tuple[Experts, Float[Array, "expert context output"]]:
    """Fit the experts to centred labels (0 for padding); and their leave-one-out predictions."""
    line, step = (part * weight[:, None] for part in design)
    coefficient, by_line = ridge(line, y, weight, LINE_PENALTIES)
    both, n = weight[:, None] * weight, jnp.maximum(weight.sum(), 2.0)
    distance = _own_distance(step)
    length = jnp.maximum((distance * both).sum() / (n * (n - 1)), 1e-6)
    dual, by_product = kernel_ridge((1 + jnp.exp(-distance / length)) * both, y, weight, PRODUCT_PENALTIES)
    return Experts(coefficient, step, length, dual), jnp.stack([by_line, by_product])


def shares_of(
    left_out: Float[Array, "expert context output"], y: Float[Array, "context output"], weight: Float[Array, " context"]
) -> Float[Array, " expert"]:
    """Logarithms of the experts' shares in the untrained prediction: the smaller the leave-one-out error, the larger."""
    error = ((left_out - y) ** 2 * weight[:, None]).sum((1, 2)) + 1e-6
    return jax.nn.log_softmax(-SHARPNESS * error / error.min())


def predict(experts: Experts, design: Design) -> Float[Array, "expert row output"]:
    """Predictions of queries."""
    kernel = 1 + jnp.exp(-_distance(design.step, experts.context) / experts.length)
    return jnp.stack([dot(design.line, experts.line), dot(kernel, experts.dual)])


def _distance(a: Float[Array, "row steps"], b: Float[Array, "other steps"]) -> Float[Array, "row other"]:
    return jnp.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * dot(a, b.T), 0.0)


@jax.custom_vjp
def _own_distance(a: Float[Array, "row steps"]) -> Float[Array, "row row"]:
    """Distances of rows from each other; the gradient takes one product, not two."""
    return _distance(a, a)


def _forward(a: Float[Array, "row steps"]) -> tuple[Float[Array, "row row"], tuple[Array, Array]]:
    distance = _own_distance(a)
    return distance, (a, distance)


def _backward(kept: tuple[Array, Array], gradient: Float[Array, "row row"]) -> tuple[Float[Array, "row steps"]]:
    a, distance = kept
    both = jnp.where(distance > 0, gradient + gradient.T, 0.0)
    return (2 * (both.sum(1)[:, None] * a - dot(both, a)),)


_own_distance.defvjp(_forward, _backward)
