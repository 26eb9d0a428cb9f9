"""Small random networks without biases: the encoders and decoders of PluRel's mechanisms (arXiv:2602.04029, stage 3)."""

from typing import NamedTuple

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray

from plurel_prob.distributions.mechanisms.activations import ACTIVATIONS
from plurel_prob.distributions.mechanisms.initialisations import INITIALISATIONS, Size

LATENT = 32  # dimensions of the latent space, width of every layer
MAX_HIDDEN = 1e6  # bound of a hidden layer's output


class NetworkRecipe(NamedTuple):
    """What is random about a network."""

    n_layer: dist.Distribution
    activation: dist.Distribution
    initialisation: dist.Distribution
    mask_density: dist.Distribution
    log_gain: dist.Distribution
    max_layer: int  # static bound of ``n_layer``


class Network(NamedTuple):
    """Weight matrices and activations; those beyond ``n_layer`` are zero. Padded inputs and outputs have zero weights."""

    n_layer: Int[Array, ""]
    weight: Float[Array, "layer in out"]
    activation: Int[Array, " layer"]  # after each layer but the last
    gain: Float[Array, " layer"]
    activation_key: PRNGKeyArray

    def __call__(self, x: Float[Array, "row in"]) -> Float[Array, "row out"]:
        """Apply the network to every row."""

        def apply_layer(layer: Array, x: Array) -> Array:
            x = jnp.matmul(x, self.weight[layer], precision=lax.Precision.HIGHEST)
            return lax.cond(layer < self.n_layer - 1, self._hidden, lambda _, x: x, layer, x)

        return lax.fori_loop(0, self.n_layer, apply_layer, x)

    def _hidden(self, layer: Array, x: Array) -> Array:
        key = random.fold_in(self.activation_key, layer)
        x = lax.switch(self.activation[layer], list(ACTIVATIONS.values()), x, key)
        return jnp.clip(self.gain[layer] * x, -MAX_HIDDEN, MAX_HIDDEN)


def draw_network(key: PRNGKeyArray, recipe: NetworkRecipe, n_in: Size, n_out: Size) -> Network:
    """Draw a network of ``n_layer`` matrices, ``n_in`` x 32, 32 x 32, ..., 32 x ``n_out``, every one with an initialisation and
    a mask of its own, and every hidden layer with an activation and a gain of its own.
    """
    count_key, weight_key, activation_key, gain_key, frozen_key = random.split(key, 5)
    n_layer = recipe.n_layer.sample(count_key)

    def draw_layer(layer: Array, weight: Array) -> Array:
        rows = jnp.where(layer == 0, n_in, LATENT)
        columns = jnp.where(layer == n_layer - 1, n_out, LATENT)
        return weight.at[layer].set(masked_matrix(random.fold_in(weight_key, layer), recipe, rows, columns))

    weight = lax.fori_loop(0, n_layer, draw_layer, jnp.zeros((recipe.max_layer, LATENT, LATENT)))
    activation = recipe.activation.sample(activation_key, (recipe.max_layer,))
    return Network(n_layer, weight, activation, jnp.exp(recipe.log_gain.sample(gain_key, (recipe.max_layer,))), frozen_key)


def masked_matrix(key: PRNGKeyArray, recipe: NetworkRecipe, n_in: Size, n_out: Size) -> Float[Array, "in out"]:
    """Draw a matrix: an initialisation, then a Bernoulli mask of a random density, compensated by 1 / density.

    One 32-bit word a weight: the upper half is the point at which the initialisation's distribution function is
    inverted (so weights take 65,536 quantiles), the lower half decides on the mask.
    """
    kind_key, density_key, word_key, tie_key = random.split(key, 4)
    density = recipe.mask_density.sample(density_key)
    words = random.bits(word_key, (LATENT, LATENT), jnp.uint32)
    weight = initialise(tie_key, recipe.initialisation.sample(kind_key), _half(words >> 16), n_in, n_out)
    return jnp.where(_half(words & 0xFFFF) < density, weight / density, 0.0)


def embedding_table(key: PRNGKeyArray, recipe: NetworkRecipe, n_category: Size, max_category: int) -> Float[Array, "category 32"]:
    """Draw one vector a category; an initialised matrix without a mask."""
    kind_key, word_key, tie_key = random.split(key, 3)
    words = random.bits(word_key, (max_category, LATENT), jnp.uint32)
    return initialise(tie_key, recipe.initialisation.sample(kind_key), _half(words >> 16), n_category, LATENT)


def initialise(key: PRNGKeyArray, kind: Array, uniform: Float[Array, "in out"], n_in: Size, n_out: Size) -> Array:
    """Return weights of the kind of ``INITIALISATIONS`` at the given points; zero in the padding."""
    weight = lax.switch(kind, list(INITIALISATIONS.values()), key, uniform, jnp.asarray(n_in), jnp.asarray(n_out))
    row, column = jnp.arange(uniform.shape[0])[:, None], jnp.arange(uniform.shape[1])
    return jnp.where((row < n_in) & (column < n_out), weight, 0.0)


def _half(words: Array) -> Array:
    """The 16 low bits as a number in (0, 1)."""
    return (words.astype(jnp.float32) + 0.5) / 65536
