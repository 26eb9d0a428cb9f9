r"""Monotone warps to numbers as databases have them: whole, on grids, mostly zero; and to labels.

A warp is a function of the column's standardised value :math:`z`, or of its place :math:`u` in (0, 1) as a normal law has it, and
of two uniform numbers that give its shape. Most numbers of real databases are whole, with few values (five databases in RelBench
format: three quarters of numerical columns have nothing but integers, half of them at most 70 values).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from plurel_prob.distributions.mechanisms.pilots import Pilot, TransformInputs, log_uniform, standardise, unit

LARGEST = 1e7  # whole numbers up to here are exact in 32 bits
LABELS = ("flag", "label", "name", "code")
N_LABEL = {"label": (3, 60), "name": (60, 10_000)}  # numbers of labels, least and most, by transform


def _more_labels(low: int, high: int) -> np.ndarray:
    """Where in (0, 1) there is a label more, if the number of labels is log-uniform."""
    return (np.log(np.arange(low + 1, high + 1) / low) / np.log((high + 1) / low)).astype(np.float32)


MORE_LABELS = {name: _more_labels(*bounds) for name, bounds in N_LABEL.items()}


def count(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Log-normal, rounded down: median log-uniform on [0.7, 300], deviation of the log on [0.3, 1.5]. Zero below one."""
    size = log_uniform(0.7, 300.0, cells.shape[0]) * jnp.exp(
        log_uniform(0.3, 1.5, cells.shape[1]) * _bounded(value, pilot, cells)
    )
    return jnp.floor(jnp.minimum(size, LARGEST))


def mostly_zero(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Zero with a probability that is uniform on [0.1, 0.9], else 1 and more: geometric, with a mean log-uniform on [2, 100]."""
    share = 0.1 + 0.8 * cells.shape[0]
    rest = jnp.maximum(unit(value, pilot, cells) - share, 0.0) / (1 - share)
    above = jnp.floor(-jnp.log1p(-rest) * log_uniform(2.0, 100.0, cells.shape[1]))
    return jnp.where(rest > 0, 1 + above, 0.0)


def grade(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """A whole number from 1 to k, k log-uniform on [4, 60], by a power of u that is log-uniform on [1, 6]."""
    k = jnp.floor(log_uniform(4.0, 61.0, cells.shape[0]))
    place = unit(value, pilot, cells) ** log_uniform(1.0, 6.0, cells.shape[1])
    return jnp.minimum(1 + jnp.floor(k * place), k)


def amount(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Log-normal, in steps of a power of ten that leave two or three digits at the median, which is log-uniform on
    [0.1, 3000]; the deviation of the log is log-uniform on [0.4, 2].
    """
    exponent = 4.5 * cells.shape[0] - 1
    step = 10.0 ** (jnp.floor(exponent) - 2)
    size = 10.0**exponent * jnp.exp(log_uniform(0.4, 2.0, cells.shape[1]) * _bounded(value, pilot, cells))
    return jnp.minimum(jnp.round(size / step), LARGEST) * step


def measure(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Normal, rounded, not below zero: mean log-uniform on [5, 2000], deviation over mean log-uniform on [0.03, 0.5]."""
    relative = 1 + log_uniform(0.03, 0.5, cells.shape[1]) * _bounded(value, pilot, cells)
    return jnp.round(log_uniform(5.0, 2000.0, cells.shape[0]) * jnp.maximum(relative, 0.0))


def percentage(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """From 0 to 100 in steps of 1 or a tenth, by a power of u that is log-uniform on [0.3, 3]."""
    step = jnp.where(cells.shape[0] < 0.5, 1.0, 0.1)
    return jnp.round(100 * unit(value, pilot, cells) ** log_uniform(0.3, 3.0, cells.shape[1]) / step) * step


def year(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """A year up to one of 1990 to 2025, of 3 to 80 before it; late ones more often: the square root of a place is uniform."""
    last, span = 1990 + jnp.floor(36 * cells.shape[0]), jnp.floor(log_uniform(3.0, 81.0, cells.shape[1]))
    return last - span + jnp.minimum(1 + jnp.floor(span * jnp.sqrt(unit(value, pilot, cells))), span)


def label(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Index of one of 3 to 60 labels, log-uniform, by :func:`zipf` with an exponent that is uniform on [0, 4]."""
    return zipf(unit(value, pilot, cells), n_label("label", cells.shape[0]), 4.0 * cells.shape[1])


def flag(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """0, or 1 with a probability that is uniform on [0.05, 0.6]."""
    return jnp.where(unit(value, pilot, cells) > 0.4 + 0.55 * cells.shape[0], 1.0, 0.0)


def name(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """Index of one of 60 to 10,000 labels, log-uniform, by :func:`zipf` with an exponent that is uniform on [0, 1]."""
    standard = standardise(value, pilot, cells)
    return zipf(ndtr(standard), n_label("name", cells.shape[0]), cells.shape[1])


def code(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    """A label of its own for every row, whatever the number."""
    return cells.row.astype(jnp.float32)


def zipf(place: Float[Array, " row"], n: Array, exponent: Array) -> Float[Array, " row"]:
    r"""Quantiles of a law of n labels, from 0, the commonest: label :math:`k - 1` has the probability
    :math:`\int_k^{k+1} x^{-a} dx`, normalised: a Zipf law but for the integral.
    """
    rest = jnp.where(jnp.abs(1 - exponent) < 1e-6, 1e-6, 1 - exponent)  # the law is continuous in it: 0 is no case of its own
    # (1 + place ((n + 1)^rest - 1))^(1 / rest), in a form that is exact in 32 bits for exponents close to 1, too
    x = jnp.exp(jnp.log1p(place * jnp.expm1(rest * jnp.log(n + 1.0))) / rest)
    return jnp.clip(jnp.floor(x) - 1, 0, n - 1)


def n_label(name: str, shape: Array | np.ndarray | np.float32) -> Any:
    """Number of labels by the first shape of ``label`` and ``name``; comparisons only, so the same everywhere."""
    return N_LABEL[name][0] + (MORE_LABELS[name] <= shape).sum()


def _bounded(value: Float[Array, " row"], pilot: Pilot, cells: TransformInputs) -> Array:
    return jnp.clip(standardise(value, pilot, cells), -4.0, 4.0)


WHOLE = ("count", "mostly_zero", "grade", "measure", "year")  # integers
DISCRETE: Mapping[str, Callable[[Array, Pilot, TransformInputs], Array]] = MappingProxyType(
    {
        "count": count,
        "mostly_zero": mostly_zero,
        "grade": grade,
        "amount": amount,
        "measure": measure,
        "percentage": percentage,
        "year": year,
        "label": label,
        "flag": flag,
        "name": name,
        "code": code,
    }
)
