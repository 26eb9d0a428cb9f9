r"""Compact mechanisms of one table's columns as a NumPyro program, given the causal graph.

A column with causes, whose sum has unit variance a priori, less what the effects' expansion leaves out, follows

.. math:: m = \text{intercept} + |\text{pa}|^{-1/2} \sum_{e \in \text{pa}} f_e(u_e) + B\, n_F^{-1/2} \sum_j z_j a_j, \qquad
    f_e(u) = \sum_k \sqrt{\lambda_k} \psi_k(u) c_{ek},

with standard normal intercept, :math:`c` and :math:`a` (:mod:`.basis`; :math:`z` says what the parent tables have at the linked
rows), and shows

.. math:: y \sim N\bigl(g m, (g \sigma)^2\bigr),\; g = (1 + \sigma^2)^{-1/2} \text{ (normal scores)}, \qquad
    y \sim \text{Categorical}\bigl(\text{softmax}(2 \beta\, C m)\bigr) \text{ (one expansion a contrast)}.

The table's noise level, sharpness :math:`\beta` and foreign strength :math:`B` have the compact prior's laws, and a column's
noise scale a log-normal law around the level with the spread of the prior's factor. A number without causes has the law that
normal scores have, N(0, 1); a category Dirichlet(1) probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Float

from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.inference.features.basis import N_BASIS, contrasts, features
from plurel_prob.priors.features import CompactPrior
from plurel_prob.priors.fields import support_bounds

PRIOR = CompactPrior()
# standard deviation of the logarithm of the compact prior's noise factor, which is log-uniform
NOISE_SPREAD = float(np.log(np.divide(*support_bounds(PRIOR.noise_factor)[::-1])) / np.sqrt(12))


@dataclass(frozen=True)
class ColumnGraph:
    """What is fixed about a table's mechanisms.

    Attributes:
        n_category: of every column, 0 for a number.
        causes: indices of the causes of every column.
        order: the columns, causes first.
        n_foreign: features of the parent tables; they act on every column.
    """

    n_category: tuple[int, ...]
    causes: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]
    n_foreign: int

    def is_caused(self, column: int) -> bool:
        """Whether a column has regressors."""
        return bool(self.causes[column]) or self.n_foreign > 0

    def n_feature(self, column: int) -> int:
        """Features of a column as a cause."""
        return self.n_category[column] - 1 if self.n_category[column] else N_BASIS

    def block_sizes(self, column: int) -> list[int]:
        """Features that a column's mechanism has: an intercept, its causes, and the parent tables."""
        return [1, *(self.n_feature(cause) for cause in self.causes[column]), self.n_foreign]


def mechanisms(
    structure: ColumnGraph,
    foreign: Float[Array, "row foreign"],
    value: Float[Array, "row column"] | None = None,
    feature: Sequence[Float[Array, "row _"]] | None = None,
) -> None:
    """Draw the parameters, and the columns, causes first.

    Args:
        structure: graph and types.
        foreign: features of the parent tables at the linked rows.
        value: normal scores of numbers and indices of categories, to condition on.
        feature: of every column of ``value``, computed once.
    """
    caused = [column for column in structure.order if structure.is_caused(column)]
    is_number = [structure.n_category[column] == 0 for column in caused]
    of_table: dict[bool, Array] = {}  # whether of numbers
    if any(is_number):
        of_table[True] = numpyro.sample("noise_level", PRIOR.noise_level)
    if not all(is_number):
        of_table[False] = numpyro.sample("sharpness", PRIOR.sharpness)
    strength = numpyro.sample("foreign_strength", PRIOR.foreign_strength) if structure.n_foreign else None
    shown: dict[int, Array] = {}
    for column in structure.order:
        if structure.is_caused(column):
            regressors = Regressors(column, *effects(structure, column, shown, len(foreign)), foreign, strength)
            n_category = structure.n_category[column]
            law = category(regressors, of_table[False], n_category) if n_category else number(regressors, of_table[True])
        elif structure.n_category[column] == 0:
            law = dist.Normal(0.0, 1.0)
        else:
            law = dist.Categorical(numpyro.sample(f"probs_{column}", dist.Dirichlet(jnp.ones(structure.n_category[column]))))
        with numpyro.plate("row", len(foreign)):
            drawn = numpyro.sample(f"column_{column}", law, obs=None if value is None else observation(structure, column, value))
        shown[column] = features(drawn, structure.n_category[column]) if feature is None else feature[column]


def observation(structure: ColumnGraph, column: int, value: Float[Array, "row column"]) -> Array:
    """Values of a column, those of a category as integers."""
    return value[:, column].astype(jnp.int32) if structure.n_category[column] else value[:, column]


def effects(
    structure: ColumnGraph, column: int, shown: dict[int, Array], n_row: int
) -> tuple[Float[Array, "row feature"], Float[np.ndarray, " feature"]]:
    """An intercept and the features of a column's causes, and the prior scales of their coefficients, relative to the gain."""
    causes = structure.causes[column]
    scale = np.full(sum(structure.block_sizes(column)[:-1]), 1 / np.sqrt(max(len(causes), 1)), np.float32)
    scale[0] = 1.0
    return jnp.concatenate([jnp.ones((n_row, 1)), *(shown[cause] for cause in causes)], axis=1), scale


class Regressors(NamedTuple):
    """What a column depends on.

    Coefficients of effects are drawn in the units in which the data inform them; those of the parent tables in units of their
    prior scale, as a strength near zero leaves no data to inform them.
    """

    column: int
    design: Float[Array, "row feature"]
    scale: Float[np.ndarray, " feature"]
    foreign: Float[Array, "row foreign"]
    strength: Float[Array, ""] | None

    def location(self, gain: Array, n_contrast: int | None = None) -> Float[Array, "row *contrast"]:
        """Draw the coefficients; return the sum of the terms."""
        shape = () if n_contrast is None else (n_contrast,)
        spread = gain * jnp.broadcast_to(self.scale.reshape(-1, *(1 for _ in shape)), (len(self.scale), *shape))
        coefficient = numpyro.sample(f"coefficient_{self.column}", dist.Normal(0.0, spread).to_event(spread.ndim))
        loc = self.design @ coefficient
        if self.strength is None:
            return loc
        n_foreign = self.foreign.shape[1]
        standard = dist.Normal().expand((n_foreign, *shape)).to_event(spread.ndim)
        weight = gain * self.strength / np.sqrt(n_foreign) * numpyro.sample(f"foreign_standard_{self.column}", standard)
        return loc + self.foreign @ numpyro.deterministic(f"foreign_{self.column}", weight)


def number(regressors: Regressors, noise_level: Array) -> dist.Distribution:
    """Law of a number given its causes."""
    noise_scale = numpyro.sample(f"noise_scale_{regressors.column}", dist.LogNormal(jnp.log(noise_level), NOISE_SPREAD))
    gain = (1 + noise_scale**2) ** -0.5
    return dist.Normal(regressors.location(gain), gain * noise_scale)


def category(regressors: Regressors, sharpness: Array, n_category: int) -> dist.Distribution:
    """Law of a category given its causes."""
    loc = regressors.location(np.float32(np.sqrt(DIM)) * sharpness, n_category - 1)
    return dist.Categorical(logits=loc @ jnp.asarray(contrasts(n_category), jnp.float32).T)
