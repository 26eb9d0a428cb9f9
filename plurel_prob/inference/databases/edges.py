r"""Coordinates of the weights of edges; see :mod:`.coordinates`.

A weight is a quantile of its law at the point of a standard normal number, unless its node sums its causes up. A sum is divided
by the norm of its weights :math:`w \in R^k`, so that only their direction counts, and the norm follows the prior given the
direction: one coordinate is of the norm, the others are of the direction,

.. math:: w / |w| = R \, \frac{(1 - |t|^2 / 4, \; t)}{1 + |t|^2 / 4}, \quad t \in R^{k-1},

the stereographic map of the sphere, where the rotation :math:`R` takes the first axis to the database's own direction: that is
:math:`t = 0`, and all others but the opposite one have coordinates. The only weight of a sum keeps its sign.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import log_ndtr, ndtr, ndtri
from jax.scipy.stats import norm
from jaxtyping import Array, Bool, Float, Int

from plurel_prob.distributions.weights import EDGE_WEIGHTS
from plurel_prob.inference.databases.coordinates import POINT, largest

TINY = 1e-12


class Edges(NamedTuple):
    """What is known about the edges whose weights are asked for; arrays end with padding."""

    family: Int[Array, " edge"]  # law of a weight, as an index into ``EDGE_WEIGHTS``
    own: Float[Array, " edge"]  # weights of the database itself
    of_sum: Int[Array, "sum cause"]  # edges of the nodes that sum their causes up; what lies outside is padding


class Chart(NamedTuple):
    """Coordinates of weights of one law.

    Attributes:
        weight: of a standard normal number.
        normal: the inverse.
        log_norm: of the weights of a sum, from a coordinate, their direction and their number; with the log of its derivative.
            None: logs of weights are standard normal numbers.
        place: the inverse, from the log of the norm.
    """

    weight: Callable[[Array], Array]
    normal: Callable[[Array], Array]
    log_norm: Callable[[Array, Array, Array], tuple[Array, Array]] | None
    place: Callable[[Array, Array, Array], Array] | None


def _moments(n: Array) -> tuple[Array, Array]:
    """Mean and standard deviation, roughly, of the log of the norm of ``n`` standard normal numbers."""
    return (jnp.log(n) - 1 / n) / 2, jnp.sqrt((n + 1) / 2) / n


def _log_norm(z: Array, direction: Array, n: Array) -> tuple[Array, Array]:
    mean, deviation = _moments(n)
    return mean + deviation * z, jnp.log(deviation)


def _place(log_norm: Array, direction: Array, n: Array) -> Array:
    mean, deviation = _moments(n)
    return (log_norm - mean) / deviation


LIMIT = float(EDGE_WEIGHTS["Uniform"].high)


def _log_norm_in_cube(z: Array, direction: Array, n: Array) -> tuple[Array, Array]:
    """The n-th power of the norm is uniform up to the cube's edge in this direction."""
    longest = jnp.log(LIMIT / jnp.maximum(largest(jnp.abs(direction)), TINY))
    return longest + log_ndtr(z) / n, norm.logpdf(z) - log_ndtr(z) - jnp.log(n)


def _place_in_cube(log_norm: Array, direction: Array, n: Array) -> Array:
    longest = jnp.log(LIMIT / jnp.maximum(largest(jnp.abs(direction)), TINY))
    return ndtri(jnp.clip(jnp.exp(n * (log_norm - longest)), POINT, 1 - POINT))


def _of_tails(z: Array) -> Array:
    """Quantiles of the Cauchy law, from the nearer tail, which has more digits."""
    return jnp.where(z < 0, -1.0, 1.0) / jnp.tan(jnp.pi * ndtr(-jnp.abs(z)))


def _to_tails(weight: Array) -> Array:
    return -jnp.where(weight < 0, -1.0, 1.0) * ndtri(jnp.arctan2(1.0, jnp.abs(weight)) / jnp.pi)


CHARTS: Mapping[str, Chart] = {
    "Normal": Chart(lambda z: z, lambda weight: weight, _log_norm, _place),
    "LogNormal": Chart(jnp.exp, lambda weight: jnp.log(jnp.maximum(weight, TINY)), None, None),
    "Cauchy": Chart(_of_tails, _to_tails, _log_norm, _place),
    "Uniform": Chart(
        lambda z: LIMIT * (2 * ndtr(z) - 1),
        lambda weight: ndtri(jnp.clip((weight / LIMIT + 1) / 2, POINT, 1 - POINT)),
        _log_norm_in_cube,
        _place_in_cube,
    ),
}


def edge_weights(edges: Edges, z: Float[Array, " edge"]) -> tuple[Float[Array, " edge"], Float[Array, ""]]:
    """Weights from their coordinates, and their change of density."""
    plain = lax.select_n(edges.family, *(CHARTS[name].weight(z) for name in EDGE_WEIGHTS))
    weight, change = jax.vmap(_sum_weights)(*_by_sum(edges, z))
    return plain.at[edges.of_sum].set(weight, mode="drop"), change.sum()


def place_of_edge_weights(edges: Edges) -> Float[Array, " edge"]:
    """Coordinates of the database's own weights."""
    plain = lax.select_n(edges.family, *(CHARTS[name].normal(edges.own) for name in EDGE_WEIGHTS))
    z = jax.vmap(_sum_place)(*_by_sum(edges, edges.own)[:3])
    return plain.at[edges.of_sum].set(z, mode="drop")


def _by_sum(edges: Edges, z: Array) -> tuple[Array, Array, Array, Array]:
    """Which edges there are of each sum, their law, own weights and coordinates."""
    is_used = edges.of_sum < len(z)

    def of_sums(x: Array) -> Array:
        return jnp.where(is_used, x.at[edges.of_sum].get(mode="clip"), 0)

    return is_used, of_sums(edges.family)[:, 0], of_sums(edges.own), of_sums(z)


def _sum_weights(is_used: Bool[Array, " cause"], family: Array, own: Array, z: Array) -> tuple[Array, Array]:
    """Weights of a sum, and their change of density."""
    n = jnp.maximum(is_used.sum(), 1)
    square = (z[1:] ** 2).sum() / 4
    on_sphere = jnp.concatenate([(1 - square)[None], z[1:]]) / (1 + square)
    direction = rotate(own / jnp.maximum(jnp.linalg.norm(own), TINY), on_sphere)
    results = []
    for name, law in EDGE_WEIGHTS.items():
        log_norm = CHARTS[name].log_norm
        if log_norm is None:  # logs are turned so that one coordinate is of their mean, which a sum does not depend on
            results.append((jnp.where(is_used, jnp.exp(rotate(is_used / jnp.sqrt(n), z)), 0.0), jnp.array(0.0)))
            continue
        log_size, change = log_norm(z[0], direction, n)
        weight = jnp.exp(log_size) * direction
        change += n * log_size - (n - 1) * jnp.log1p(square)
        density = law.log_prob(weight) - norm.logpdf(z)
        results.append((weight, change + jnp.where(is_used, density, 0.0).sum()))
    weight, change = (lax.select_n(jnp.broadcast_to(family, x[0].shape), *x) for x in zip(*results, strict=True))
    return weight, jnp.where(is_used.any(), change, 0.0)


def _sum_place(is_used: Bool[Array, " cause"], family: Array, own: Array) -> Array:
    """Coordinates of a sum's own weights."""
    n, size = jnp.maximum(is_used.sum(), 1), jnp.maximum(jnp.linalg.norm(own), TINY)
    results: list[Any] = []
    for name in EDGE_WEIGHTS:
        place = CHARTS[name].place
        if place is None:
            log = jnp.where(is_used, CHARTS[name].normal(own), 0.0)
            results.append(rotate(is_used / jnp.sqrt(n), log))
        else:
            results.append(jnp.zeros_like(own).at[0].set(place(jnp.log(size), own / size, n)))
    return lax.select_n(jnp.broadcast_to(family, own.shape), *results)


def rotate(first: Float[Array, " cause"], x: Float[Array, " cause"]) -> Float[Array, " cause"]:
    """A symmetric orthogonal map that takes the first axis to the unit vector ``first``, and back."""
    sign = jnp.where(first[0] < 0, -1.0, 1.0)
    mirror = first.at[0].add(sign)
    return sign * (2 * mirror * (mirror * x).sum() / (mirror**2).sum() - x)
