"""The network of rows: from a context of labelled rows to predictions of others, in one pass."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Float32, Int, PRNGKeyArray

from plurel_prob.rfm.rows.network.batch import LEVELS, N_CLASS, Split
from plurel_prob.rfm.rows.network.closed import N_CHANNEL, N_STAT, Closed, Rows, fit, n_output_of, read
from plurel_prob.rfm.rows.network.experts import EXPERTS
from plurel_prob.rfm.rows.network.layers import Block, Pool, linear, matrix, normalise
from plurel_prob.rfm.rows.network.outputs import Outputs
from plurel_prob.rfm.rows.network.sizes import SIZES, Size

N_KIND = 3
GAP = 1e-3  # between quantiles before the network changes them


class Prepared(NamedTuple):
    """A batch after all that has no parameters: contexts in closed form, what is read of their rows and of queries."""

    closed: Closed
    context: Rows
    query: Rows
    query_y: Float[Array, "task query"]
    kind: Int[Array, " task"]


class State(NamedTuple):
    """A context that queries can be asked of."""

    closed: Closed
    kind: Int[Array, " task"]
    memory: tuple[tuple[Array, Array], ...]
    classes: Float[Array, "task class width"]


@eqx.filter_jit
def _fit(x: ArrayLike, y: ArrayLike, kind: ArrayLike, n_output: int, with_experts: bool) -> tuple[Closed, Rows]:
    return jax.vmap(lambda x, y, kind: fit(x, y, kind, n_output, with_experts))(x, y, kind)


_read = jax.jit(jax.vmap(read))


def prepare(batch: Split, *, with_experts: bool = True) -> Prepared:
    """Do all that has no parameters, outside of gradients; with or without the experts, as the network's size says."""
    closed, context = _fit(batch.context_x, batch.context_y, batch.kind, n_output_of(batch.kind), with_experts)
    return Prepared(closed, context, _read(closed, batch.query_x), jnp.asarray(batch.query_y), jnp.asarray(batch.kind))


class RowNetwork(eqx.Module):
    """Predict rows from a context of labelled rows.

    The cells of a row are pooled; rows of the context and queries attend to the context, whose rows know their labels. What the
    experts say is read, mixed and corrected; untrained, it is averaged by leave-one-out error, and nothing corrected.

    Args:
        size: see :data:`SIZES`, or the name of one.
        key: of the initial weights.
    """

    pool: Pool
    said: Float[Array, "said width"]
    label: Float[Array, "label width"]
    named: Float[Array, "class width"]
    blocks: list[Block]
    mixture: Float[Array, "width expert"]
    shift: Float[Array, "width output"]
    match: Float[Array, "width width"]
    size: Size = eqx.field(static=True)

    def __init__(self, size: Size | str = "base", *, key: PRNGKeyArray):
        size = SIZES[size] if isinstance(size, str) else size
        pool, said, label, named, *blocks = random.split(key, 4 + size.n_block)
        self.pool = Pool(size, N_STAT, N_CHANNEL, key=pool)
        self.said, self.label = matrix(said, len(EXPERTS) + N_KIND + 1, size.width), matrix(label, 2, size.width)
        self.named = random.normal(named, (N_CLASS, size.width)) * 0.3
        self.blocks = [Block(size, key=k) for k in blocks]
        self.mixture = jnp.zeros((size.width, len(EXPERTS)))
        self.shift = jnp.zeros((size.width, 2 + len(LEVELS)))
        self.match = jnp.zeros((size.width, size.width))
        self.size = size

    def encode(
        self,
        context_x: Float32[np.ndarray, "task context feature"],
        context_y: Float32[np.ndarray, "task context"],
        kind: Int[np.ndarray, " task"],
    ) -> State:
        """Read contexts; rows whose label is NaN are padding. Shapes are rounded up, so that few programs are compiled."""
        n_row, n_feature = context_x.shape[1:]
        more = _rounded(n_row, 64) - n_row
        context_x = _padded(context_x, more, _rounded(n_feature, 32) - n_feature)
        context_y = np.pad(context_y, ((0, 0), (0, more)), constant_values=np.nan)
        closed, rows = _fit(context_x, context_y, kind, n_output_of(kind), self.size.experts)
        return _remember(self, closed, rows, jnp.asarray(kind))

    def decode(self, state: State, query_x: Float32[np.ndarray, "task query feature"]) -> Outputs:
        """Predict queries, of which any chunks give the same."""
        n_row, n_feature = query_x.shape[1:]
        query_x = _padded(query_x, _rounded(n_row, 64) - n_row, _rounded(n_feature, 32) - n_feature)
        return Outputs(*(part[:, :n_row] for part in _decode(self, state, query_x)))

    def __call__(self, prepared: Prepared) -> Outputs:
        """Predict the queries of a batch."""
        state = self.remember(prepared.closed, prepared.context, prepared.kind)
        return self.predict(state, prepared.query)

    def remember(self, closed: Closed, rows: Rows, kind: Int[Array, " task"]) -> State:
        """Read the rows of contexts."""
        weight, code = closed.labels.weight, closed.labels.code
        row = self._rows(closed, rows, kind)
        told = linear(self.label, jnp.stack([jnp.clip(code, -5.0, 5.0), jnp.ones_like(code)], -1))
        held = weight[..., None] * 0.0
        n_output = closed.labels.target.shape[-1]
        if n_output > 1:
            held = (closed.labels.target * closed.labels.scale[:, None, None] + closed.labels.mean[:, None] > 0.5) * weight[
                ..., None
            ]
            told = told + jnp.where((kind == 2)[:, None, None], linear(self.named, held), 0.0)
        memory: list[tuple[Array, Array]] = []
        row = row + told
        for i, block in enumerate(self.blocks):
            row = self.blocks[i - 1](row, memory[-1], weight) if memory else row
            memory.append(block.remember(row))
        classes = jnp.einsum("tco,tcw->tow", held, normalise(row)) / (held.sum(1)[..., None] + 1.0)
        return State(closed, kind, tuple(memory), classes)

    def predict(self, state: State, rows: Rows) -> Outputs:
        """Predict rows that do not know their labels."""
        row = self._rows(state.closed, rows, state.kind)
        for block, memory in zip(self.blocks, state.memory, strict=True):
            row = block(row, memory, state.closed.labels.weight)
        row = normalise(row)
        shift = linear(self.shift, row)
        match = jnp.einsum("trw,tow->tro", linear(self.match, row), state.classes)
        mixture = jax.nn.softmax(linear(self.mixture, row) + state.closed.shares[:, None])
        logit = jnp.einsum("tre,treo->tro", mixture, rows.logit)
        number = (mixture * rows.number).sum(-1)
        scale = state.closed.labels.scale[:, None]
        gaps = jnp.maximum(jnp.diff(rows.residual, axis=-1), GAP * scale[..., None])
        gaps = gaps * jnp.exp(jnp.clip(shift[..., 3:], -4.0, 4.0))
        steps = jnp.concatenate([jnp.zeros_like(gaps[..., :1]), jnp.cumsum(gaps, -1)], -1)
        middle = len(LEVELS) // 2
        centre = number + rows.residual[..., middle] + shift[..., 1] * scale
        quantiles = centre[..., None] + steps - steps[..., middle, None]
        return Outputs(logit[..., 0] + shift[..., 0], quantiles, jax.nn.log_softmax(logit) + match)

    def _rows(self, closed: Closed, rows: Rows, kind: Int[Array, " task"]) -> Float[Array, "task row width"]:
        pooled = self.pool(self.pool.weights(closed.worth, closed.grid.is_used), rows.cells)
        about = jnp.concatenate([jax.nn.one_hot(kind, N_KIND), jnp.log(closed.labels.weight.sum(1, keepdims=True) + 1) - 5], -1)
        about = jnp.broadcast_to(about[:, None], (*pooled.shape[:2], about.shape[-1]))
        return pooled + linear(self.said, jnp.concatenate([rows.said, about], -1))


def _rounded(n: int, least: int) -> int:
    """The next of least, 2 least, 3 least, 4 least, 6 least, 8 least, 12 least, ..."""
    step = least
    while n > 4 * step:
        step *= 2
    return -(-n // step) * step


def _padded(x: Float32[np.ndarray, "task row feature"], n_row: int, n_feature: int) -> Float32[np.ndarray, "task more wider"]:
    return np.pad(x, ((0, 0), (0, n_row), (0, n_feature)), constant_values=np.nan)


@eqx.filter_jit
def _remember(network: RowNetwork, closed: Closed, rows: Rows, kind: Int[Array, " task"]) -> State:
    return network.remember(closed, rows, kind)


@eqx.filter_jit
def _decode(network: RowNetwork, state: State, query_x: ArrayLike) -> Outputs:
    return network.predict(state, jax.vmap(read)(state.closed, jnp.asarray(query_x)))


def n_parameter(network: RowNetwork) -> int:
    """Count the parameters."""
    return sum(x.size for x in jax.tree.leaves(eqx.filter(network, eqx.is_array)))
