"""Decoders: from the latent space back to a node's values (PluRel, arXiv:2602.04029, stage 3)."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from plurel_prob.distributions.mechanisms.networks import (
    LATENT,
    MatrixChoice,
    Network,
    NetworkRecipe,
    choose_embedding,
    choose_network,
    draw_matrix,
)
from plurel_prob.distributions.mechanisms.noise import beta_quantiles
from plurel_prob.precision import multiply
from plurel_prob.records import row_of


class Decoder(NamedTuple):
    """What a decoder chooses, a table of categories and a network, and the quantiles of the noise before it."""

    embedding: MatrixChoice
    network: Network
    quantiles: Float[Array, " quantile"]

    def weights(self, is_index: Bool[Array, ""], n_category: Int[Array, ""], max_category: int) -> "DecoderWeights":
        """Draw the weights."""
        network = self.network
        last = network.n_layer - 1

        def draw(layer: Array, matrix: Array) -> Array:
            return matrix.at[layer].set(network.layer(layer).weight())

        def scores() -> Array:
            embedding = draw_matrix(self.embedding, max_category, n_category, LATENT)
            return multiply(network.layer(last).weight(), embedding.T)

        def number() -> Array:
            return network.layer(last).weight(n_out=1)[:, :max_category]

        hidden = lax.fori_loop(0, last, draw, jnp.zeros((len(network.layers), LATENT, LATENT)))
        return DecoderWeights(network, hidden, lax.cond(is_index, scores, number))


class DecoderWeights(NamedTuple):
    """A decoder.

    The last matrix is kept as what a node makes of it: for a number its one column; for a category its product with the
    transposed table of categories, whose columns give the categories' scores.
    """

    network: Network
    hidden: Float[Array, "layer in out"]
    output: Float[Array, "in category"]

    def apply(
        self, latent: Float[Array, "row latent"], is_index: Bool[Array, ""], n_category: Int[Array, ""]
    ) -> Float[Array, " row"]:
        """Decode rows: a network 32 -> 1, or (``is_index``) 32 -> 32 and the category whose vector has the largest inner
        product with the output, as a number.
        """

        def apply_layer(layer: Array, x: Array) -> Array:
            return self.network.layer(layer).activate(multiply(x, row_of(self.hidden, layer)))

        x = lax.fori_loop(0, self.network.n_layer - 1, apply_layer, latent)

        def category() -> Array:
            is_category = jnp.arange(self.output.shape[-1]) < n_category
            return jnp.argmax(jnp.where(is_category, multiply(x, self.output), -jnp.inf), axis=1).astype(jnp.float32)

        return lax.cond(is_index, category, lambda: multiply(x, self.output[:, 0]))


def choose_decoder(key: PRNGKeyArray, noise_shape: Float[Array, " 2"], recipe: NetworkRecipe) -> Decoder:
    """Draw what a decoder chooses."""
    embedding_key, network_key = random.split(key)
    return Decoder(choose_embedding(embedding_key, recipe), choose_network(network_key, recipe), beta_quantiles(*noise_shape))
