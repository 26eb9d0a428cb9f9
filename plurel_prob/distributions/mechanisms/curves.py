r"""Encoders as tables: a curve from a node's values into the latent space, tabulated once and looked up at every row.

A categorical encoder has one vector a category. A numerical encoder is a curve :math:`R \to R^{32}`: its network is evaluated at
64 quantiles of the node's pilot rows, and the mechanism is the linear interpolant between them, constant beyond the
smallest and the largest. The interpolant *is* the law: its cost does not grow with layers times rows.

A row's *place* is where it lies on the grid: a category is its index; a number between grid points ``i`` and ``i + 1`` is ``i``
plus a fraction. Every encoder of the node's effects looks up the same places.
"""

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.networks import LATENT, NetworkRecipe, draw_network, embedding_table

GRID = 64  # points of a curve


def sort_pilot(value: Float[Array, " row"], n_pilot: Int[Array, ""]) -> Float[Array, " row"]:
    """Sort the first ``n_pilot`` values; the rest repeats the largest."""
    is_pilot = jnp.arange(BLOCK) < n_pilot
    return jnp.sort(jnp.where(is_pilot, value, jnp.max(jnp.where(is_pilot, value, -jnp.inf))))


def quantile_grid(ordered: Float[Array, " row"], n_pilot: Int[Array, ""]) -> Float[Array, " grid"]:
    """Evenly spaced order statistics of sorted pilot values, from the smallest to the largest."""
    return ordered[(jnp.arange(GRID) * (n_pilot - 1)) // (GRID - 1)]


def place_on(grid: Float[Array, " grid"], value: Float[Array, " row"]) -> Float[Array, " row"]:
    """Places of numbers on a grid, from 0 to ``GRID - 1``."""
    left = jnp.clip((grid <= value[:, None]).sum(1, dtype=jnp.int32) - 1, 0, GRID - 2)
    width = grid[left + 1] - grid[left]
    fraction = jnp.where(width > 0, (value - grid[left]) / jnp.where(width > 0, width, 1.0), 0.0)
    return left + jnp.clip(fraction, 0.0, 1.0)


def look_up(table: Float[Array, "grid latent"], place: Float[Array, " row"]) -> Float[Array, "row latent"]:
    """Interpolate a table at places."""
    left = jnp.clip(place.astype(jnp.int32), 0, GRID - 1)
    step = jnp.concatenate([table[1:] - table[:-1], jnp.zeros((1, table.shape[1]))])
    return table[left] + (place - left)[:, None] * step[left]


def encoder_table(
    key: PRNGKeyArray,
    recipe: NetworkRecipe,
    is_index: Bool[Array, ""],
    n_category: Int[Array, ""],
    grid: Float[Array, " grid"],
    max_category: int,
) -> Float[Array, "grid latent"]:
    """Tabulate a random encoder: of numbers, a network 1 -> 32 at the grid's points; of categories (``is_index``), an
    embedding followed by a network 32 -> 32, at every category.
    """
    table_key, network_key = random.split(key)

    def embedded() -> Array:
        table = embedding_table(table_key, recipe, n_category, max_category)
        return jnp.pad(table, ((0, GRID - max_category), (0, 0)))

    points = lax.cond(is_index, embedded, lambda: jnp.zeros((GRID, LATENT)).at[:, 0].set(grid))
    return draw_network(network_key, recipe, jnp.where(is_index, LATENT, 1), LATENT)(points)
