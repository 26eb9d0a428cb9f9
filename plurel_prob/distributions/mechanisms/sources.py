"""Source generators: values of nodes without causes (PluRel, arXiv:2602.04029, stage 3).

To add one, write a function and a line in ``SOURCES``. A generator returns the numbers of one block of rows; its parameters
(shapes of beta laws, trends) are functions of ``law.key``, its random numbers of ``cells.key`` and the block.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import nn, random
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray

from plurel_prob.blocks import BLOCK, block_key
from plurel_prob.distributions.mechanisms.noise import beta_icdf

SHAPE_RANGE = (0.5, 5.0)  # of the parameters of beta laws
AR_WINDOW = 128  # innovations that a value of the autoregressive noise remembers
MAX_COMPONENT = 3  # of a mixture
N_PERIOD = 10  # periods of a cycle are tenths of the table
ENTITY_NOISE, ACTIVITY_NOISE = 1.0, 0.05  # scale of the autoregressive noise


class SourceLaw(NamedTuple):
    """What a node's generator depends on."""

    key: PRNGKeyArray
    bounds: Float[Array, "component 2"]  # of the values; components are those of ``mixed``, or categories of ``ts``

    @property
    def low(self) -> Float[Array, ""]:
        """Lower bound of the first component."""
        return self.bounds[0, 0]

    @property
    def high(self) -> Float[Array, ""]:
        """Upper bound of the first component."""
        return self.bounds[0, 1]

    def component(self, i: ArrayLike) -> "SourceLaw":
        """One component, as a law of its own."""
        return SourceLaw(random.fold_in(self.key, i), self.bounds[i][None])


class Cells(NamedTuple):
    """One block of a node's rows: where it lies, and its random numbers."""

    key: PRNGKeyArray
    block: Int[Array, ""]
    n_row: Int[Array, ""]
    is_entity: Bool[Array, ""]

    @property
    def row(self) -> Int[Array, " row"]:
        """Index of each row."""
        return self.block * BLOCK + jnp.arange(BLOCK)

    def fold(self, use: ArrayLike) -> "Cells":
        """The same cells with other random numbers."""
        return self._replace(key=random.fold_in(self.key, use))

    @property
    def block_key(self) -> PRNGKeyArray:
        """Key of the block's random numbers."""
        return block_key(self.key, self.block)


Generator = Callable[[SourceLaw, Cells], Float[Array, " row"]]


def uniform(law: SourceLaw, cells: Cells) -> Float[Array, " row"]:
    """Uniform on [low, high]."""
    return law.low + (law.high - law.low) * random.uniform(cells.block_key, (BLOCK,))


def gaussian(law: SourceLaw, cells: Cells) -> Float[Array, " row"]:
    """Normal with mean (low + high) / 2 and standard deviation (high - low) / 4, clipped to [low, high]."""
    normal = random.normal(cells.block_key, (BLOCK,))
    return jnp.clip((law.low + law.high) / 2 + (law.high - law.low) / 4 * normal, law.low, law.high)


def beta(law: SourceLaw, cells: Cells) -> Float[Array, " row"]:
    """Beta(a, b) on [low, high], a, b ~ U(0.5, 5)."""
    low, high = SHAPE_RANGE
    shape = random.uniform(law.key, (2,), minval=low, maxval=high)
    return law.low + (law.high - law.low) * beta_icdf(random.uniform(cells.block_key, (BLOCK,)), shape[0], shape[1])


COMPONENTS: tuple[Generator, ...] = (uniform, gaussian, beta)  # of a mixture


def mixed(law: SourceLaw, cells: Cells) -> Float[Array, " row"]:
    """Per row one of 2 or 3 components, equally likely: each uniform, gaussian or beta, with bounds of its own."""
    count_key, kind_key = random.split(law.key)
    kind = random.randint(kind_key, (MAX_COMPONENT,), 0, len(COMPONENTS))
    index = random.randint(cells.fold(MAX_COMPONENT).block_key, (BLOCK,), 0, random.randint(count_key, (), 2, MAX_COMPONENT + 1))
    values = [jax.lax.switch(kind[i], COMPONENTS, law.component(i), cells.fold(i)) for i in range(MAX_COMPONENT)]
    return jnp.take_along_axis(jnp.stack(values), index[None], axis=0)[0]


def time_series(law: SourceLaw, cells: Cells) -> Float[Array, " row"]:
    r"""``(trend + cycle + noise) / 3`` at row ``i`` of ``n``, clipped parts:

    .. math:: \text{trend} = \min(s (i/n)^\alpha + lo, hi), \quad \text{cycle} = s' \sin(\pi i / f), \quad
        \text{noise}_i = \sum_{k < 128} \rho^k \epsilon_{i-k},

    cycle and noise clipped to [lo, hi]; :math:`\alpha \sim U(0, 2)`, f a tenth, two tenths, ... or all of n,
    :math:`\rho \sim U(0, 0.9)`. The noise is an AR(1) process that starts at zero before row 0 and forgets after 128 rows
    (:math:`0.9^{128} < 2 \cdot 10^{-6}`), so a block needs the innovations of itself and the block before, and nothing else.
    In activity tables s and s' are random signs and innovations have scale 0.05; in entity tables s = s' = 0 and scale 1.
    """
    alpha_key, period_key, rho_key, sign_key = random.split(law.key, 4)
    sign = jnp.where(cells.is_entity, 0.0, random.rademacher(sign_key, (2,), jnp.float32))
    share = cells.row / cells.n_row
    trend = sign[0] * share ** random.uniform(alpha_key, maxval=2.0) + law.low
    tenths = random.randint(period_key, (), 1, N_PERIOD + 1)
    period = jnp.maximum((cells.n_row * tenths + N_PERIOD - 1) // N_PERIOD, 1)
    # the phase is reduced in integers: a sine of large numbers would lose digits
    cycle = sign[1] * jnp.sin(jnp.pi * (cells.row % (2 * period)) / period)
    scale = jnp.where(cells.is_entity, ENTITY_NOISE, ACTIVITY_NOISE)
    noise = scale * autoregressive_noise(cells, random.uniform(rho_key, maxval=0.9))
    parts = jnp.minimum(trend, law.high) + jnp.clip(cycle, law.low, law.high) + jnp.clip(noise, law.low, law.high)
    return parts / 3


def autoregressive_noise(cells: Cells, rho: Float[Array, ""]) -> Float[Array, " row"]:
    r""":math:`\sum_{k < 128} \rho^k \epsilon_{i-k}` with standard normal innovations, by doubling:
    :math:`\sum_{k < 2^m} \rho^k B^k = \prod_{j < m} (1 + \rho^{2^j} B^{2^j})` for the backshift B.
    """
    before = random.normal(block_key(cells.key, jnp.maximum(cells.block - 1, 0)), (BLOCK,))[-AR_WINDOW:]
    before = jnp.where(cells.block > 0, before, 0.0)
    total = jnp.concatenate([before, random.normal(cells.block_key, (BLOCK,))])
    for j in range(AR_WINDOW.bit_length() - 1):
        total = total + rho ** (2**j) * jnp.pad(total, (2**j, 0))[: len(total)]
    return total[AR_WINDOW:]


SOURCES: Mapping[str, Generator] = MappingProxyType(
    {
        "ts": time_series,
        "uniform": uniform,
        "gaussian": gaussian,
        "beta": beta,
        "mixed": mixed,
    }
)


def numerical_source(kind: Int[Array, ""], law: SourceLaw, cells: Cells) -> Float[Array, " row"]:
    """Numbers of the generator that ``kind`` points at."""
    return jax.lax.switch(kind, list(SOURCES.values()), law, cells)


def categorical_source(
    kind: Int[Array, ""], law: SourceLaw, cells: Cells, n_category: Int[Array, ""], max_category: int
) -> Float[Array, " row"]:
    """Categories: independent with Dirichlet(1) probabilities, or, for ``ts``, from a softmax over one time series a category,
    with bounds of its own.
    """

    def series() -> Array:
        each = jax.vmap(lambda k: time_series(law.component(k), cells.fold(k)))(jnp.arange(max_category))
        return nn.softmax(jnp.where(is_category, each, -jnp.inf), axis=0)

    def independent() -> Array:
        weight = jnp.where(is_category, random.exponential(law.key, (max_category, 1)), 0.0)
        return jnp.broadcast_to(weight / weight.sum(), (max_category, BLOCK))

    is_category = jnp.arange(max_category)[:, None] < n_category
    probs = jax.lax.cond(kind == list(SOURCES).index("ts"), series, independent)
    cumulative = jnp.cumsum(probs, axis=0)
    uniform = random.uniform(cells.fold(max_category).block_key, (BLOCK,))
    index = (cumulative <= uniform * cumulative[-1]).sum(0)
    return jnp.minimum(index, n_category - 1).astype(jnp.float32)
