"""The network of rows: from a context of labelled rows to predictions of others, in one pass."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Float32, Int, PRNGKeyArray

from plurel_prob.rfm.rows.network.batch import LEVELS, N_CLASS, RowBatch
from plurel_prob.rfm.rows.network.closed import (
    N_CHANNEL,
    N_STAT,
    Advice,
    Known,
    RowCells,
    Said,
    advise,
    ask,
    know,
    n_output_of,
    read,
)
from plurel_prob.rfm.rows.network.compiled import compiled
from plurel_prob.rfm.rows.network.experts import EXPERTS, Weights
from plurel_prob.rfm.rows.network.layers import ContextBlock, Pool, Weigh, linear, matrix, normalise
from plurel_prob.rfm.rows.network.outputs import Outputs
from plurel_prob.rfm.rows.network.sizes import SIZES, RowNetworkSize

N_KIND = 3
GAP = 1e-3  # between quantiles before the network changes them


class PreparedBatch(NamedTuple):
    """A batch after all that has no parameters: what is known of contexts, the cells of their rows and of queries."""

    known: Known
    context: RowCells
    query: RowCells
    query_y: Float[Array, "task query"]
    kind: Int[Array, " task"]


class EncodedContext(NamedTuple):
    """A context that queries can be asked of."""

    known: Known
    kind: Int[Array, " task"]
    weights: Weights | None
    advice: Advice
    memory: tuple[tuple[Array, Array], ...]
    classes: Float[Array, "task class width"]


@compiled
def _know(x: ArrayLike, y: ArrayLike, kind: ArrayLike, n_output: int) -> tuple[Known, RowCells]:
    return jax.vmap(lambda x, y, kind: know(x, y, kind, n_output))(x, y, kind)


_read = compiled(jax.vmap(read))


def prepare(batch: RowBatch) -> PreparedBatch:
    """Do all that has no parameters, outside of gradients."""
    known, context = _know(batch.context_x, batch.context_y, batch.kind, n_output_of(batch.kind))
    return PreparedBatch(
        known, context, _read(known, jnp.asarray(batch.query_x)), jnp.asarray(batch.query_y), jnp.asarray(batch.kind)
    )


class RowNetwork(eqx.Module):
    """Predict rows from a context of labelled rows.

    Experts in closed form predict rows; the network tells them what each feature is worth. The cells of a row are pooled, rows of
    the context and queries attend to the context, whose rows know their labels, and what the experts say is mixed and corrected.
    Untrained, features are worth what they predict alone, experts are averaged by leave-one-out error, and nothing is corrected.

    Args:
        size: see :data:`SIZES`, or the name of one.
        key: of the initial weights.
    """

    weigh: Weigh
    pool: Pool
    said: Float[Array, "said width"]
    label: Float[Array, "label width"]
    named: Float[Array, "class width"]
    blocks: list[ContextBlock]
    mixture: Float[Array, "width expert"]
    shift: Float[Array, "width output"]
    match: Float[Array, "width width"]
    size: RowNetworkSize = eqx.field(static=True)

    def __init__(self, size: RowNetworkSize | str = "base", *, key: PRNGKeyArray):
        size = SIZES[size] if isinstance(size, str) else size
        pool, said, label, named, weigh, *blocks = random.split(key, 5 + size.n_block)
        self.weigh = Weigh(N_STAT, N_KIND + 1, key=weigh)
        self.pool = Pool(size, N_STAT, N_CHANNEL, key=pool)
        self.said, self.label = matrix(said, len(EXPERTS) + N_KIND + 1, size.width), matrix(label, 2, size.width)
        self.named = random.normal(named, (N_CLASS, size.width)) * 0.3
        self.blocks = [ContextBlock(size, key=k) for k in blocks]
        self.mixture = jnp.zeros((size.width, len(EXPERTS)))
        self.shift = jnp.zeros((size.width, 2 + len(LEVELS)))
        self.match = jnp.zeros((size.width, size.width))
        self.size = size

    def encode(
        self,
        context_x: Float32[np.ndarray, "task context feature"],
        context_y: Float32[np.ndarray, "task context"],
        kind: Int[np.ndarray, " task"],
    ) -> EncodedContext:
        """Read contexts; rows whose label is NaN are padding. Shapes are rounded up, so that few programs are compiled."""
        n_row, n_feature = context_x.shape[1:]
        more = _rounded(n_row, 64) - n_row
        context_x = _padded(context_x, more, _rounded(n_feature, 32) - n_feature)
        context_y = np.pad(context_y, ((0, 0), (0, more)), constant_values=np.nan)
        known, cells = _know(context_x, context_y, kind, n_output_of(kind))
        return _remember(self, known, cells, jnp.asarray(kind))

    def decode(self, state: EncodedContext, query_x: Float32[np.ndarray, "task query feature"]) -> Outputs:
        """Predict queries, of which any chunks give the same."""
        n_row, n_feature = query_x.shape[1:]
        query_x = _padded(query_x, _rounded(n_row, 64) - n_row, _rounded(n_feature, 32) - n_feature)
        return Outputs(*(part[:, :n_row] for part in _decode(self, state, query_x)))

    def __call__(self, prepared: PreparedBatch) -> Outputs:
        """Predict the queries of a batch."""
        state = self.remember(prepared.known, prepared.context, prepared.kind)
        return self.predict(state, prepared.query)

    def remember(self, known: Known, cells: RowCells, kind: Int[Array, " task"]) -> EncodedContext:
        """Read the rows of contexts."""
        labels, weights = known.labels, None
        if self.size.experts:
            weights = Weights(*jnp.moveaxis(self.weigh(known.worth, self._about(known, kind)), -1, 0))
        advice, said = jax.vmap(advise)(known, cells, weights)
        weight, code = labels.weight, labels.code
        row = self._rows(known, cells, said, kind)
        told = linear(self.label, jnp.stack([jnp.clip(code, -5.0, 5.0), jnp.ones_like(code)], -1))
        held = weight[..., None] * 0.0
        n_output = labels.target.shape[-1]
        if n_output > 1:
            held = (labels.target * labels.scale[:, None, None] + labels.mean[:, None] > 0.5) * weight[..., None]
            told = told + jnp.where((kind == 2)[:, None, None], linear(self.named, held), 0.0)
        memory: list[tuple[Array, Array]] = []
        row = row + told
        for i, block in enumerate(self.blocks):
            row = self.blocks[i - 1](row, memory[-1], weight) if memory else row
            memory.append(block.remember(row))
        classes = jnp.einsum("tco,tcw->tow", held, normalise(row)) / (held.sum(1)[..., None] + 1.0)
        return EncodedContext(known, kind, weights, advice, tuple(memory), classes)

    def predict(self, state: EncodedContext, cells: RowCells) -> Outputs:
        """Predict rows that do not know their labels."""
        labels = state.known.labels
        said = jax.vmap(ask)(state.known, state.advice, cells, state.weights)
        row = self._rows(state.known, cells, said, state.kind)
        for block, memory in zip(self.blocks, state.memory, strict=True):
            row = block(row, memory, labels.weight)
        row = normalise(row)
        shift = linear(self.shift, row)
        match = jnp.einsum("tqw,tow->tqo", linear(self.match, row), state.classes)
        mixture = jax.nn.softmax(linear(self.mixture, row) + state.advice.shares[:, None])
        logit = jnp.einsum("tqe,tqeo->tqo", mixture, said.logit)
        number = (mixture * said.number).sum(-1)
        scale = labels.scale[:, None]
        gaps = jnp.maximum(jnp.diff(said.residual, axis=-1), GAP * scale[..., None])
        gaps = gaps * jnp.exp(jnp.clip(shift[..., 3:], -4.0, 4.0))
        steps = jnp.concatenate([jnp.zeros_like(gaps[..., :1]), jnp.cumsum(gaps, -1)], -1)
        middle = len(LEVELS) // 2
        centre = number + said.residual[..., middle] + shift[..., 1] * scale
        quantiles = centre[..., None] + steps - steps[..., middle, None]
        return Outputs(logit[..., 0] + shift[..., 0], quantiles, jax.nn.log_softmax(logit) + match)

    def _about(self, known: Known, kind: Int[Array, " task"]) -> Float[Array, "task about"]:
        n = known.labels.weight.sum(1, keepdims=True)
        return jnp.concatenate([jax.nn.one_hot(kind, N_KIND), jnp.log(n + 1) - 5], -1)

    def _rows(self, known: Known, cells: RowCells, said: Said, kind: Int[Array, " task"]) -> Float[Array, "task row width"]:
        pooled = self.pool(self.pool.weights(known.worth, known.grid.is_used), cells.channels)
        about = self._about(known, kind)
        about = jnp.broadcast_to(about[:, None], (*pooled.shape[:2], about.shape[-1]))
        return pooled + linear(self.said, jnp.concatenate([said.said, about], -1))


def _rounded(n: int, least: int) -> int:
    """The next of least, 2 least, 3 least, 4 least, 6 least, 8 least, 12 least, ..."""
    step = least
    while n > 4 * step:
        step *= 2
    return -(-n // step) * step


def _padded(x: Float32[np.ndarray, "task row feature"], n_row: int, n_feature: int) -> Float32[np.ndarray, "task more wider"]:
    return np.pad(x, ((0, 0), (0, n_row), (0, n_feature)), constant_values=np.nan)


@compiled
def _remember(network: RowNetwork, known: Known, cells: RowCells, kind: Int[Array, " task"]) -> EncodedContext:
    return network.remember(known, cells, kind)


@compiled
def _decode(network: RowNetwork, state: EncodedContext, query_x: ArrayLike) -> Outputs:
    return network.predict(state, jax.vmap(read)(state.known, jnp.asarray(query_x)))


def n_parameter(network: RowNetwork) -> int:
    """Count the parameters."""
    return sum(x.size for x in jax.tree.leaves(eqx.filter(network, eqx.is_array)))
