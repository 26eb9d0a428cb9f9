r"""Encoders as tables: a curve from a node's values into the latent space, tabulated once and looked up at every row.

A categorical encoder has one vector a category. A numerical encoder is a curve :math:`R \to R^{32}`: its network is evaluated at
64 quantiles of the node's pilot rows, and the mechanism is the linear interpolant between them, constant beyond the
smallest and the largest. The interpolant *is* the law: its cost does not grow with layers times rows.

A row's *place* is where it lies on the grid: a category is its index; a number between grid points ``i`` and ``i + 1`` is ``i``
plus a fraction. Every encoder of the node's effects looks up the same places.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plurel_prob.distributions.mechanisms.networks import (
    LATENT,
    MatrixChoice,
    Network,
    NetworkRecipe,
    choose_embedding,
    choose_network,
    draw_matrix,
)
from plurel_prob.precision import multiply

GRID = 64  # points of a curve


def quantile_grid(ordered: Float[Array, " row"], n_pilot: Int[Array, ""]) -> Float[Array, " grid"]:
    """Evenly spaced order statistics of sorted pilot values, from the smallest to the largest."""
    return ordered[(jnp.arange(GRID) * (n_pilot - 1)) // (GRID - 1)]


def place_on(grid: Float[Array, " grid"], value: Float[Array, " row"]) -> Float[Array, " row"]:
    """Places of numbers on a grid, from 0 to ``GRID - 1``."""
    left, here, there = jnp.zeros_like(value), jnp.full_like(value, grid[0]), jnp.full_like(value, grid[1])
    for i in range(1, GRID - 1):  # choosing among all intervals is faster than bisection, and than looking up their ends
        is_beyond = grid[i] <= value
        left = jnp.where(is_beyond, float(i), left)
        here, there = jnp.where(is_beyond, grid[i], here), jnp.where(is_beyond, grid[i + 1], there)
    width = there - here
    fraction = jnp.where(width > 0, (value - here) / jnp.where(width > 0, width, 1.0), 0.0)
    return left + jnp.clip(fraction, 0.0, 1.0)


def look_up(tables: Float[Array, "table grid latent"], index: Int[Array, ""], place: Float[Array, " row"]) -> Array:
    """Interpolate one of many tables at places; shape (row, latent)."""

    def at(left: Array) -> Array:
        return tables.at[index, left].get(mode="promise_in_bounds", wrap_negative_indices=False)

    left = place.astype(jnp.int32)
    here, there = at(left), at(jnp.minimum(left + 1, GRID - 1))
    return here + (place - left)[:, None] * (there - here)


class Encoder(NamedTuple):
    """What an encoder chooses: an embedding of categories and a network."""

    embedding: MatrixChoice
    network: Network

    def tabulate(
        self, is_index: Bool[Array, ""], n_category: Int[Array, ""], grid: Float[Array, " grid"], max_category: int
    ) -> Float[Array, "grid latent"]:
        """Tabulate the encoder: of numbers, a network 1 -> 32 at the grid's points; of categories (``is_index``), an
        embedding followed by a network 32 -> 32, at every category.
        """
        first = self.network.layer(0).matrix

        def number() -> Array:
            return grid[:, None] * draw_matrix(first, 1, 1, LATENT)

        def category() -> Array:
            vector = draw_matrix(self.embedding, max_category, n_category, LATENT)
            vector = multiply(vector, draw_matrix(first, LATENT, LATENT, LATENT))
            return jnp.pad(vector, ((0, GRID - max_category), (0, 0)))

        def apply_layer(layer: Array, x: Array) -> Array:
            return multiply(self.network.layer(layer - 1).activate(x), self.network.layer(layer).weight())

        return lax.fori_loop(1, self.network.n_layer, apply_layer, lax.cond(is_index, category, number))


def choose_encoder(key: PRNGKeyArray, recipe: NetworkRecipe) -> Encoder:
    """Draw what an encoder chooses."""
    embedding_key, network_key = random.split(key)
    return Encoder(choose_embedding(embedding_key, recipe), choose_network(network_key, recipe))
