"""Regressions with a penalty on the squares of coefficients, and their leave-one-out predictions."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

BLOCK = 64  # rows that are inverted without halving

Fit = tuple[Float[Array, "coefficient output"], Float[Array, "context output"]]


def dot(a: Array, b: Array) -> Array:
    """Multiply at highest precision."""
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def inverse(positive: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The inverse of a positive definite matrix, from that of its Cholesky root, by halves: products are faster than solves."""
    root = _inverse(jnp.linalg.cholesky(positive))
    return dot(root.T, root)


@jax.custom_vjp
def as_inverse(positive: Float[Array, "n n"], found: Float[Array, "n n"]) -> Float[Array, "n n"]:
    r"""An inverse that was found before, as a function of its matrix: its gradient is :math:`-A^{-1} G A^{-1}`."""
    return found


def _forward(positive: Float[Array, "n n"], found: Float[Array, "n n"]) -> tuple[Float[Array, "n n"], Float[Array, "n n"]]:
    return found, found


def _backward(found: Float[Array, "n n"], gradient: Float[Array, "n n"]) -> tuple[Float[Array, "n n"], None]:
    return -dot(found, dot(gradient, found)), None


as_inverse.defvjp(_forward, _backward)


def kernel_ridge(
    kernel: Float[Array, "context context"],
    y: Float[Array, "context output"],
    weight: Float[Array, " context"],
    penalties: tuple[float, ...],
) -> Fit:
    r"""Dual coefficients :math:`\alpha = (K + \lambda I)^{-1} y`.

    Without row i, :math:`\hat y_i = y_i - \alpha_i / (K + \lambda I)^{-1}_{ii}`.

    Rows of padding, of weight 0, have labels and kernels of 0.
    """

    def penalised(penalty: Float[Array, ""]) -> Float[Array, "context context"]:
        return kernel + jnp.diag(jnp.where(weight > 0, penalty, 1.0))

    def fit(found: Float[Array, "context context"]) -> Fit:
        dual = dot(found, y)
        return dual, y - dual / jnp.diag(found)[:, None]

    return _best(penalised, fit, y, weight, penalties)


def ridge(
    x: Float[Array, "context coefficient"],
    y: Float[Array, "context output"],
    weight: Float[Array, " context"],
    penalties: tuple[float, ...],
) -> Fit:
    r"""Coefficients :math:`\beta = (X'X + \lambda I)^{-1} X'y`; without row i, the residual is divided by :math:`1 - h_{ii}`."""
    gram, along = dot(x.T, x), dot(x.T, y)

    def penalised(penalty: Float[Array, ""]) -> Float[Array, "coefficient coefficient"]:
        return gram + penalty * jnp.eye(len(gram))

    def fit(found: Float[Array, "coefficient coefficient"]) -> Fit:
        coefficient = dot(found, along)
        leverage = (dot(x, found) * x).sum(1)[:, None]
        return coefficient, y - (y - dot(x, coefficient)) / jnp.maximum(1 - leverage, 1e-3)

    return _best(penalised, fit, y, weight, penalties)


def _inverse(root: Float[Array, "n n"]) -> Float[Array, "n n"]:
    n = len(root)
    if n <= BLOCK:
        return solve_triangular(root, jnp.eye(n), lower=True)
    first, last = _inverse(root[: n // 2, : n // 2]), _inverse(root[n // 2 :, n // 2 :])
    below = -dot(last, dot(root[n // 2 :, : n // 2], first))
    return jnp.concatenate([jnp.pad(first, ((0, 0), (0, n - n // 2))), jnp.concatenate([below, last], 1)])


def _best(
    penalised: Callable[[Array], Array],
    fit: Callable[[Array], Fit],
    y: Float[Array, "context output"],
    weight: Float[Array, " context"],
    penalties: tuple[float, ...],
) -> Fit:
    """The fit of least leave-one-out error; gradients are of that fit alone."""

    def tried(penalty: Float[Array, ""]) -> tuple[Float[Array, "n n"], Float[Array, ""]]:
        found = inverse(lax.stop_gradient(penalised(penalty)))
        return found, ((y - lax.stop_gradient(fit(found)[1])) ** 2 * weight[:, None]).sum()

    values = jnp.array(penalties)
    found, error = lax.map(tried, values)
    best = jnp.argmin(error)
    fitted, left_out = fit(as_inverse(penalised(values[best]), found[best]))
    return fitted, left_out * weight[:, None]
