"""Type-lazy categories: a number cut at boundaries (PluRel, arXiv:2602.04029, stage 3)."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray


class Quantiser(NamedTuple):
    """Boundaries (unused ones infinite) and the label of every interval between them."""

    boundary: Float[Array, " boundary"]
    label: Int[Array, " category"]

    def __call__(self, value: Float[Array, " row"]) -> Float[Array, " row"]:
        """Label of the number of boundaries below each value, as a number."""
        below = (self.boundary < value[:, None]).sum(1)
        return self.label[below].astype(jnp.float32)


def draw_quantiser(
    key: PRNGKeyArray,
    pilot: Float[Array, " row"],
    n_pilot: Int[Array, ""],
    n_category: Int[Array, ""],
    is_permuted: Bool[Array, ""],
    is_reversed: Bool[Array, ""],
    max_category: int,
) -> Quantiser:
    """Draw ``n_category - 1`` boundaries from a column's pilot values (its first ``n_pilot`` rows), and its labels.

    Labels are a random permutation of the categories if ``is_permuted``, and then counted from the other end if
    ``is_reversed``.
    """
    boundary_key, label_key = random.split(key)
    chosen = pilot[random.randint(boundary_key, (max_category - 1,), 0, n_pilot)]
    category = jnp.arange(max_category)
    boundary = jnp.where(category[:-1] < n_category - 1, chosen, jnp.inf)
    order = jnp.where(category < n_category, random.uniform(label_key, (max_category,)), 2.0)
    label = jnp.where(is_permuted, jnp.argsort(jnp.argsort(order)), category)
    return Quantiser(boundary, jnp.where(is_reversed, n_category - 1 - label, label))
