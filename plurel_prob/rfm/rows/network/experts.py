r"""Predictions in closed form: ridge and kernel ridge regressions in which a feature counts as much as it is reliable.

With weights :math:`w_f` (the reliability of a feature, normalised) and :math:`\phi` a thermometer of the rank, kernels are

=========  ================================================================================
ridge      :math:`1 + \sum_f w_f (z_f z'_f + \bar r_f \bar r'_f + m_f m'_f)`: lines in z-score, rank and missingness
additive   :math:`1 + \sum_f w_f \phi(r_f) \cdot \phi(r'_f)`: a sum of splines of single features
product    :math:`1 + e^{-d^2 / 2 \ell}`, :math:`d^2` the distance of the additive kernel: :math:`\prod_f e^{-w_f |r_f - r'_f|}`
=========  ================================================================================

Penalties (and the length :math:`\ell`) are those of least leave-one-out error; predictions of context rows leave their label out:
:math:`\hat y_i = y_i - \alpha_i / (K + \lambda I)^{-1}_{ii}`.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from plurel_prob.rfm.rows.network.places import Places

EXPERTS = ("ridge", "additive", "product")
N_STEP = 16  # of a thermometer
FLOOR = 2e-3  # reliability that every feature has at least
PENALTIES = {"ridge": (0.1, 1.0, 10.0), "additive": (0.02, 0.1, 0.5), "product": (0.1, 0.4, 1.6)}


class Design(NamedTuple):
    """Weighted features of rows: inner products are the kernels of :class:`Experts`."""

    line: Float[Array, "row lines"]
    step: Float[Array, "row steps"]


class Experts(NamedTuple):
    """Fitted experts: the design of the context, and dual coefficients.

    Attributes:
        design: of the context's rows, all zero for padding.
        length: of the product kernel: the mean squared distance of two rows.
        dual: coefficients of rows.
    """

    design: Design
    length: Float[Array, ""]
    dual: Float[Array, "expert context output"]


def weights_of(reliability: Float[Array, " feature"], is_used: Float[Array, " feature"]) -> Float[Array, " feature"]:
    """Weights of features that sum to 1."""
    weight = (reliability + FLOOR) * is_used
    return weight / jnp.maximum(weight.sum(), FLOOR)


def design_of(places: Places, weight: Float[Array, " feature"]) -> Design:
    """Features that experts are linear in."""
    n_row, root = len(places.z), jnp.sqrt(weight)
    middle = 2 * places.rank - 1
    line = jnp.concatenate([places.z, middle, places.missing], 1) * jnp.tile(root, 3)
    steps = jnp.clip(places.rank[..., None] * N_STEP - jnp.arange(N_STEP), 0.0, 1.0) - 0.5
    held = jnp.concatenate([steps / N_STEP**0.5, places.missing[..., None]], -1) * root[:, None]
    return Design(line, held.reshape(n_row, -1))


def experts_of(
    design: Design, y: Float[Array, "context output"], is_context: Float[Array, " context"]
) -> tuple[Experts, Float[Array, "expert context output"]]:
    """Fit the experts to centred labels (0 for padding); and their leave-one-out predictions."""
    design = Design(*(part * is_context[:, None] for part in design))
    both = is_context[:, None] * is_context
    n = jnp.maximum(is_context.sum(), 2.0)
    length = jnp.maximum((_distance(design.step, design.step) * both).sum() / (n * (n - 1)), 1e-6)
    experts = Experts(design, length, jnp.zeros((len(EXPERTS), *y.shape)))
    found = []
    for name, kernel in zip(EXPERTS, _kernels(experts, design), strict=True):
        found.append(_ridge(kernel * both, y, is_context, jnp.array(PENALTIES[name])))
    dual, left_out = (jnp.stack(part) for part in zip(*found, strict=True))
    return experts._replace(dual=dual), left_out


def predict(experts: Experts, design: Design) -> Float[Array, "expert row output"]:
    """Predictions of queries."""
    return jnp.stack([_dot(kernel, dual) for kernel, dual in zip(_kernels(experts, design), experts.dual, strict=True)])


def _dot(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def _distance(a: Float[Array, "row steps"], b: Float[Array, "other steps"]) -> Float[Array, "row other"]:
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * _dot(a, b.T)
    return jnp.maximum(squared, 0.0)


def _kernels(experts: Experts, design: Design) -> tuple[Float[Array, "row context"], ...]:
    """Kernels between rows and the context, in the order of ``EXPERTS``."""
    context = experts.design
    gram = _dot(design.step, context.step.T)
    squared = (design.step**2).sum(1)[:, None] + (context.step**2).sum(1) - 2 * gram
    near = jnp.exp(-jnp.maximum(squared, 0.0) / experts.length)
    return 1 + _dot(design.line, context.line.T), 1 + gram, 1 + near


def _ridge(
    kernel: Float[Array, "context context"],
    y: Float[Array, "context output"],
    is_context: Float[Array, " context"],
    penalties: Float[Array, " penalty"],
) -> tuple[Float[Array, "context output"], Float[Array, "context output"]]:
    """Dual coefficients and leave-one-out predictions, under the penalty of least leave-one-out error."""

    def solve(penalty: Float[Array, ""]) -> tuple[Float[Array, "context output"], Float[Array, "context output"]]:
        root = jnp.linalg.cholesky(kernel + jnp.diag(jnp.where(is_context > 0, penalty, 1.0)))
        inverse = solve_triangular(root, jnp.eye(len(y)), lower=True)
        dual = _dot(inverse.T, _dot(inverse, y))
        return dual, y - dual / (inverse**2).sum(0)[:, None]

    dual, left_out = lax.map(solve, penalties)
    error = ((y - left_out) ** 2 * is_context[:, None]).sum((1, 2))
    best = jnp.argmin(error)
    return dual[best], left_out[best] * is_context[:, None]
