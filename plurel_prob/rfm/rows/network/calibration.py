"""Logits from regressions on 0 and 1."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

N_NEWTON = 12


def logit_line(
    prediction: Float[Array, " context"], is_true: Float[Array, " context"], weight: Float[Array, " context"]
) -> Float[Array, "2"]:
    """Intercept and slope of the logit along leave-one-out predictions, by Newton's method.

    Targets are pulled inside 0 and 1 as by one more label of either kind (Platt, 1999), so that the slope stays finite.
    """
    n_true = (is_true * weight).sum()
    n_false = weight.sum() - n_true
    target = jnp.where(is_true > 0, (n_true + 1) / (n_true + 2), 1 / (n_false + 2))
    rate = (n_true + 1) / (n_true + n_false + 2)
    start = jnp.stack([jnp.log(rate / (1 - rate)), jnp.ones(())])

    def step(line: Float[Array, "2"], basis: Float[Array, "context 2"]) -> Float[Array, "2"]:
        p = jax.nn.sigmoid(basis @ line)
        gradient = basis.T @ ((p - target) * weight) + jnp.array([0.0, 1e-2]) * line
        curve = jnp.maximum(p * (1 - p), 1e-3) * weight
        (a, b), (_, d) = (basis * curve[:, None]).T @ basis + jnp.diag(jnp.array([1e-3, 1e-2]))
        move = jnp.array([d * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]]) / (a * d - b * b)
        return line - jnp.clip(move, -1.0, 1.0)

    basis = jnp.stack([jnp.ones_like(prediction), prediction], 1)
    found = lax.fori_loop(0, N_NEWTON - 1, lambda _, line: step(line, lax.stop_gradient(basis)), start)
    line = step(found, basis)  # the last step alone has a gradient: that of the line to which steps converge
    return jnp.stack([line[0], jnp.maximum(line[1], 0.0)])
