"""Blocks of the network: attention along relations, and feed-forward."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import random
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray

from plurel_prob.rfm.cells.network.attention import Relations, TilePairs, attend, in_order
from plurel_prob.rfm.cells.network.layers import RMSNorm, SwiGLU, linear, matrix
from plurel_prob.rfm.cells.network.sizes import TransformerSize


class Attention(eqx.Module):
    """Multi-head attention with normalised queries and keys, and a gate on what was seen.

    Args:
        width: of a token.
        n_head: heads, which share the width.
        key: of the initial weights.
    """

    query: Float[Array, "width width"]
    key: Float[Array, "width width"]
    value: Float[Array, "width width"]
    gate: Float[Array, "width width"]
    out: Float[Array, "width width"]
    query_norm: RMSNorm
    key_norm: RMSNorm
    n_head: int = eqx.field(static=True)

    def __init__(self, width: int, n_head: int, *, key: PRNGKeyArray):
        self.query, self.key, self.value = (matrix(k, width, width) for k in random.split(key, 3))
        self.gate, self.out = jnp.zeros((width, width)), jnp.zeros((width, width))
        self.query_norm, self.key_norm = RMSNorm(width // n_head), RMSNorm(width // n_head)
        self.n_head = n_head

    def __call__(self, x: Float[Array, "context token width"], pairs: TilePairs) -> Float[Array, "context token width"]:
        """Attend, in the precision of ``x``."""
        tile, dim = pairs.is_seen.shape[-1], x.shape[-1] // self.n_head

        def heads(weight: Float[Array, "width width"]) -> Float[Array, "context tile head token dim"]:
            return linear(weight, x).reshape(len(x), -1, tile, self.n_head, dim).swapaxes(2, 3)

        query, key = self.query_norm(heads(self.query)), self.key_norm(heads(self.key))
        value = heads(self.value)
        with jax.named_scope("attend"):
            seen = jax.vmap(attend)(query, key, value, pairs).swapaxes(2, 3).reshape(x.shape)
        return linear(self.out, 2 * jax.nn.sigmoid(linear(self.gate, x)) * seen)


class RelationalBlock(eqx.Module):
    """Attention along columns, to features, and to neighbours, then a feed-forward network; each is added to its input."""

    column: Attention
    feature: Attention
    neighbour: Attention
    feed_forward: SwiGLU
    norm: tuple[RMSNorm, RMSNorm, RMSNorm, RMSNorm]

    def __init__(self, size: TransformerSize, *, key: PRNGKeyArray):
        column, feature, neighbour, feed_forward = random.split(key, 4)
        self.column = Attention(size.width, size.n_head, key=column)
        self.feature = Attention(size.width, size.n_head, key=feature)
        self.neighbour = Attention(size.width, size.n_head, key=neighbour)
        self.feed_forward = SwiGLU(size.width, size.hidden, key=feed_forward)
        self.norm = (RMSNorm(size.width), RMSNorm(size.width), RMSNorm(size.width), RMSNorm(size.width))

    def __call__(
        self, x: Float[Array, "context token width"], relations: Relations, dtype: DTypeLike
    ) -> Float[Array, "context token width"]:
        """Apply; sums stay in float32, what is added is computed in ``dtype``."""

        def normal(i: int) -> Float[Array, "context token width"]:
            return self.norm[i](x).astype(dtype)

        # scopes name the parts in profiles
        ordered, order, inverse = jax.vmap(in_order), relations.order, relations.inverse
        with jax.named_scope("column"):
            along = self.column(ordered(normal(0), order, inverse), relations.column)
            x = x + ordered(along, inverse, order).astype(jnp.float32)
        with jax.named_scope("feature"):
            x = x + self.feature(normal(1), relations.feature).astype(jnp.float32)
        with jax.named_scope("neighbour"):
            x = x + self.neighbour(normal(2), relations.neighbour).astype(jnp.float32)
        with jax.named_scope("feed_forward"):
            return x + self.feed_forward(normal(3)).astype(jnp.float32)
