r"""Leave-one-out kernel smoothers of the label along the rank of a feature, and how well they predict it.

In bin :math:`b` of a feature with sums :math:`s` and counts :math:`n` of a context's labels (centred), a smoother is

.. math:: \hat y_b = \sum_{b'} k_{bb'} s_{b'} / (\lambda + \sum_{b'} k_{bb'} n_{b'}), \quad k_{bb'} = e^{-(b - b')^2 / 2h^2},

a row of the context leaving its own label out. Rows whose value is missing have a bin of their own.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from plurel_prob.rfm.rows.network.places import N_BIN, Places

BANDWIDTHS = (0.05, 0.2)  # of ranks
SHRINKAGE = 3.0  # labels at the mean that every smoother begins with


class Smoothers(NamedTuple):
    """Kernel sums of labels and of rows in every bin, the last bin being that of missing values."""

    total: Float[Array, "bandwidth feature bin"]
    mass: Float[Array, "bandwidth feature bin"]


def kernels() -> Float[np.ndarray, "bandwidth bin bin"]:
    """Weights of bins, for each bandwidth; a missing value is near to none but missing ones."""
    centre = (np.arange(N_BIN) + 0.5) / N_BIN
    kernel = np.zeros((len(BANDWIDTHS), N_BIN + 1, N_BIN + 1), np.float32)
    kernel[:, N_BIN, N_BIN] = 1.0
    for i, bandwidth in enumerate(BANDWIDTHS):
        kernel[i, :N_BIN, :N_BIN] = np.exp(-0.5 * ((centre[:, None] - centre) / bandwidth) ** 2)
    return kernel


def bins_of(places: Places) -> Int[Array, "row feature"]:
    """Bins of values."""
    within = jnp.minimum((places.rank * N_BIN).astype(jnp.int32), N_BIN - 1)
    return jnp.where(places.missing > 0, N_BIN, within)


def smoothers_of(places: Places, y: Float[Array, " context"], weight: Float[Array, " context"]) -> Smoothers:
    """Sum labels over bins; ``y`` is centred, and 0 in rows of weight 0."""
    held = jax.nn.one_hot(bins_of(places), N_BIN + 1, axis=1)  # context bin feature
    sums = jnp.einsum("cs,cbf->sfb", jnp.stack([y * weight, weight], 1), held)
    return Smoothers(*jnp.einsum("hab,sfb->shfa", kernels(), sums))


def smooth(
    smoothers: Smoothers, places: Places, own: Float[Array, " row"], y: Float[Array, " row"]
) -> Float[Array, "bandwidth row feature"]:
    """Smoothed labels of rows; a row of weight ``own`` leaves its label ``y`` out (the kernel is 1 at distance 0)."""
    bins = bins_of(places)
    total, count = (jax.vmap(lambda t: jnp.take_along_axis(t.T, bins, 0))(table) for table in smoothers)
    left, mass = total - (own * y)[:, None], count - own[:, None]
    return left / (jnp.maximum(mass, 0.0) + SHRINKAGE)


def reliability_of(
    smoothed: Float[Array, "bandwidth context feature"], y: Float[Array, " context"], weight: Float[Array, " context"]
) -> Float[Array, " feature"]:
    """The share of the labels' variance that the better leave-one-out smoother explains, at least 0."""
    n = jnp.maximum(weight.sum(), 2.0)
    error = ((y[:, None] - smoothed) ** 2 * weight[:, None]).sum(1)
    alone = (y**2 * weight).sum() * (n / (n - 1)) ** 2  # of the mean of the other labels
    return jnp.maximum(1.0 - error.min(0) / jnp.maximum(alone, 1e-12), 0.0)
