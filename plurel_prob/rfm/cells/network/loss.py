"""How wrong predictions are."""

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from plurel_prob.rfm.columns import BOOLEAN


def cell_loss(
    prediction: Float[Array, "*cell"], target: Float[Array, "*cell"], kind: Int[Array, "*cell"]
) -> Float[Array, "*cell"]:
    """Huber loss (of threshold 1) of numbers and times in units of their column, binary cross-entropy of booleans."""
    is_boolean = kind == BOOLEAN
    entropy = optax.sigmoid_binary_cross_entropy(prediction, target)
    return jnp.where(is_boolean, entropy, optax.huber_loss(prediction, target))
