"""The Relational Transformer (Ranjan et al., 2025, arXiv:2510.06377): from a context to a prediction of its target cell."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax, random
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plurel_prob.rfm.cells.network.attention import relations_of
from plurel_prob.rfm.cells.network.blocks import RelationalBlock
from plurel_prob.rfm.cells.network.layers import RMSNorm, linear, matrix
from plurel_prob.rfm.cells.network.sizes import TransformerSize
from plurel_prob.rfm.cells.network.tiles import TILE
from plurel_prob.rfm.columns import BOOLEAN, DATETIME, NUMBER, TEXT

VALUES = (NUMBER, BOOLEAN, DATETIME)  # kinds whose cells are one number


class ContextCells(NamedTuple):
    """The cells of contexts, the target first, and their tiles; see :class:`Batch` of contexts, :class:`Tiles`."""

    kind: Int[Array, "context token"]
    value: Float[Array, "context token"]
    text: Int[Array, "context token"]
    name: Int[Array, "context token"]
    column: Int[Array, "context token"]
    row: Int[Array, "context token"]
    parent: Int[Array, "context token slot"]
    log_odds: Float[Array, "context token"]
    is_masked: Bool[Array, "context token"]
    column_pairs: Int[Array, "context column_pair 2"]
    feature_pairs: Int[Array, "context feature_pair 2"]
    order: Int[Array, "context token"]


class RelationalTransformer(eqx.Module):
    """Predict the masked cells of a context.

    A cell is the sum of what it says (its value, or its text's embedding, through a linear map of its kind) and of the embedding
    of "<column> of <table>", each normalised; a masked cell says only its kind. Predictions start at the column's mean in the
    training split, which is 0 for a number and the log-odds of its rate for a boolean: the network says how a cell differs.

    Args:
        size: see :data:`SIZES`.
        text_dim: dimension of the embeddings of texts.
        key: of the initial weights.
    """

    value: Float[Array, "kind width"]
    value_bias: Float[Array, "kind width"]
    text: Float[Array, "text_dim width"]
    name: Float[Array, "text_dim width"]
    masked: Float[Array, "kind width"]
    value_norm: RMSNorm
    name_norm: RMSNorm
    blocks: RelationalBlock  # stacked along a leading axis
    out_norm: RMSNorm
    head: Float[Array, "kind width"]
    head_bias: Float[Array, " kind"]
    size: TransformerSize = eqx.field(static=True)

    def __init__(self, size: TransformerSize, text_dim: int, *, key: PRNGKeyArray):
        value, text, name, masked, blocks = random.split(key, 5)
        n_value, width = len(VALUES), size.width
        self.value = random.uniform(value, (n_value, width), minval=-1.0, maxval=1.0)
        self.value_bias = jnp.zeros((n_value, width))
        self.text, self.name = matrix(text, text_dim, width), matrix(name, text_dim, width)
        self.masked = random.normal(masked, (n_value, width))
        self.value_norm, self.name_norm, self.out_norm = RMSNorm(width), RMSNorm(width), RMSNorm(width)
        self.blocks = eqx.filter_vmap(lambda k: RelationalBlock(size, key=k))(random.split(blocks, size.n_block))
        self.head, self.head_bias = jnp.zeros((n_value, width)), jnp.zeros(n_value)
        self.size = size

    def embed(self, cells: ContextCells, texts: Float[Array, "text text_dim"]) -> Float[Array, "context token width"]:
        """Embed cells; of those that are masked, their kind and column only."""
        kind = jnp.clip(cells.kind, 0, len(VALUES) - 1)
        number = cells.value[..., None] * self.value[kind] + self.value_bias[kind]
        said = jnp.where((cells.kind == TEXT)[..., None], linear(self.text, texts[cells.text]), number)
        said = jnp.where(cells.is_masked[..., None], self.masked[kind], self.value_norm(said))
        return said + self.name_norm(linear(self.name, texts[cells.name]))

    def __call__(
        self, cells: ContextCells, texts: Float[Array, "text text_dim"], *, dtype: DTypeLike = jnp.float32, tile: int = TILE
    ) -> Float[Array, "context token"]:
        """Predict every cell: its normalised value, or the logit of its being true. It tells something where a cell is masked.

        Args:
            cells: of some contexts.
            texts: embedding of every text of the vocabulary.
            dtype: precision of products; sums of blocks, norms and the prediction are in float32.
            tile: tokens of a tile of ``cells``.
        """
        relations = jax.vmap(partial(relations_of, tile=tile))(
            cells.column, cells.row, cells.parent, cells.column_pairs, cells.feature_pairs, cells.order
        )
        arrays, static = eqx.partition(self.blocks, eqx.is_array)

        def apply(
            x: Float[Array, "context token width"], block: RelationalBlock
        ) -> tuple[Float[Array, "context token width"], None]:
            return eqx.combine(block, static)(x, relations, dtype), None

        x, _ = lax.scan(apply, self.embed(cells, texts), arrays)
        every = linear(self.head.T, self.out_norm(x)) + self.head_bias  # of each kind
        kind = jnp.clip(cells.kind, 0, len(VALUES) - 1)
        return jnp.take_along_axis(every, kind[..., None].astype(jnp.int32), -1)[..., 0] + cells.log_odds


def n_parameter(model: RelationalTransformer) -> int:
    """Count the parameters."""
    return sum(x.size for x in jax.tree.leaves(eqx.filter(model, eqx.is_array)))
