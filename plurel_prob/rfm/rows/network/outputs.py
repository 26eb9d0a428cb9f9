"""Predictions of rows, and the means and the losses of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from plurel_prob.rfm.rows.network.batch import BINARY, CLASSES, LEVELS, NUMBER


class Outputs(NamedTuple):
    """Predictions.

    Attributes:
        logit: of 1, for binary tasks.
        quantiles: at ``LEVELS``, in units of the labels given, for numbers; they do not cross.
        classes: logits of classes (one column where no task has classes).
    """

    logit: Float[Array, "task row"]
    quantiles: Float[Array, "task row level"]
    classes: Float[Array, "task row class"]


def mean_of(quantiles: Float[Array, "*row level"]) -> Float[Array, "*row"]:
    """Mean of a number from its quantiles: each stands for a twentieth of the law, the outer two for half as much again."""
    weight = np.full(len(LEVELS), 1.0 / (len(LEVELS) + 1), np.float32)
    weight[[0, -1]] *= 1.5
    return quantiles @ weight


def row_loss(outputs: Outputs, y: Float[Array, "task query"], kind: Int[Array, " task"]) -> Float[Array, " task"]:
    """Mean loss of each task over its queries; a label of NaN is padding.

    Cross-entropy for flags and classes; for numbers the pinball loss, summed over levels and divided by 5 (of a standard normal
    prediction of a standard normal label it is about 1).
    """
    is_real = jnp.isfinite(y)
    label = jnp.where(is_real, y, 0.0)
    flag = jax.nn.softplus(outputs.logit) - label * outputs.logit
    picked = jnp.take_along_axis(outputs.classes, _class(label, outputs.classes)[..., None], -1)[..., 0]
    named = jax.nn.logsumexp(outputs.classes, -1) - picked
    over = label[..., None] - outputs.quantiles
    pinball = jnp.maximum(LEVELS * over, (LEVELS - 1) * over).sum(-1) / 5
    loss = jnp.select([kind[:, None] == k for k in (BINARY, NUMBER, CLASSES)], [flag, pinball, named])
    return (loss * is_real).sum(1) / jnp.maximum(is_real.sum(1), 1)


def _class(label: Float[Array, "task row"], classes: Float[Array, "task row class"]) -> Int[Array, "task row"]:
    return jnp.clip(label.astype(jnp.int32), 0, classes.shape[-1] - 1)
