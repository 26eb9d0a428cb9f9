"""Small random networks without biases: the encoders and decoders of PluRel's mechanisms (arXiv:2602.04029, stage 3).

A network is a function of its key. What it chooses (:func:`choose_network`) can be drawn for many networks at once; a matrix
(:func:`draw_matrix`) is drawn when it is needed.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt32

from plurel_prob.distributions.mechanisms.activations import ACTIVATIONS, MAX_TERM, Sines, draw_sines
from plurel_prob.distributions.mechanisms.initialisations import INITIALISATIONS, Size, initial_weights, zero_half
from plurel_prob.records import pack, row_of, unpack
from plurel_prob.threefry import fast_bits

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


class MatrixChoice(NamedTuple):
    """What a weight matrix chooses: its initialisation, the density of its mask (1: no mask), and a key."""

    initialisation: Int[Array, ""]
    density: Float[Array, ""]
    key: UInt32[Array, " 2"]


class Layer(NamedTuple):
    """What a layer chooses: a matrix; and an activation and a gain, which are of use in all layers but the last."""

    matrix: MatrixChoice
    activation: Int[Array, ""]
    gain: Float[Array, ""]
    sines: Sines

    def activate(self, x: Float[Array, "row 32"]) -> Float[Array, "row 32"]:
        """Apply the activation and the gain."""

        def apply(name: str, x: Array) -> Array:
            return jnp.clip(self.gain * ACTIVATIONS[name](x, self.sines), -MAX_HIDDEN, MAX_HIDDEN)

        return lax.switch(self.activation, [partial(apply, name) for name in ACTIVATIONS], x)

    def weight(self, n_in: Size = LATENT, n_out: Size = LATENT) -> Float[Array, "in out"]:
        """Draw the matrix."""
        return draw_matrix(self.matrix, LATENT, n_in, n_out)


class Network(NamedTuple):
    """What a network chooses: ``n_layer`` layers with matrices ``n_in`` x 32, 32 x 32, ..., 32 x ``n_out``, each with choices of
    its own (:class:`Layer`), packed.
    """

    n_layer: Int[Array, ""]
    layers: UInt32[Array, "layer word"]

    def layer(self, index: int | Array) -> Layer:
        """What a layer chooses."""
        return unpack(row_of(self.layers, jnp.asarray(index)), LAYER)


def _number(dtype: Any, *shape: int) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)


MATRIX = MatrixChoice(_number(jnp.int32), _number(jnp.float32), _number(jnp.uint32, 2))
LAYER = Layer(MATRIX, _number(jnp.int32), _number(jnp.float32), Sines(*[_number(jnp.float32, MAX_TERM)] * 3))


def choose_network(key: PRNGKeyArray, recipe: NetworkRecipe) -> Network:
    """Draw what a network chooses."""
    count_key, layer_key = random.split(key)
    layer_keys = jax.vmap(lambda layer: random.fold_in(layer_key, layer))(jnp.arange(recipe.max_layer))
    return Network(recipe.n_layer.sample(count_key), jax.vmap(lambda key: pack(choose_layer(key, recipe)))(layer_keys))


def choose_layer(key: PRNGKeyArray, recipe: NetworkRecipe) -> Layer:
    """Draw what a layer chooses."""
    matrix_key, activation_key, gain_key, sine_key = random.split(key, 4)
    gain = jnp.exp(recipe.log_gain.sample(gain_key))
    activation = recipe.activation.sample(activation_key)
    return Layer(choose_matrix(matrix_key, recipe), activation, gain, draw_sines(sine_key))


def choose_matrix(key: PRNGKeyArray, recipe: NetworkRecipe) -> MatrixChoice:
    """Draw what a matrix chooses."""
    kind_key, density_key, word_key = random.split(key, 3)
    kind, density = recipe.initialisation.sample(kind_key), recipe.mask_density.sample(density_key)
    return MatrixChoice(kind, density, random.key_data(word_key))


def choose_embedding(key: PRNGKeyArray, recipe: NetworkRecipe) -> MatrixChoice:
    """Draw what the table of a vector a category chooses: a matrix without a mask."""
    return choose_matrix(key, recipe)._replace(density=jnp.ones(()))


@partial(jax.jit, static_argnames="max_in")  # a function of its own in a program that draws matrices in many places
def draw_matrix(choice: MatrixChoice, max_in: int, n_in: Size, n_out: Size) -> Float[Array, "in 32"]:
    """Draw a matrix: an initialisation, then a Bernoulli mask, compensated by 1 / density; zero in the padding.

    One 32-bit word a weight: the upper half is the point at which the initialisation's distribution function is
    inverted (so weights take 65,536 quantiles), the lower half decides on the mask.
    """
    words = fast_bits(choice.key, (max_in, LATENT))
    weight = initial_weights(choice.initialisation, _half(words >> 16), n_in, n_out)
    row, column = jnp.arange(max_in)[:, None], jnp.arange(LATENT)
    is_kept = (_half(words & 0xFFFF) < choice.density) & (row < n_in) & (column < n_out)
    weight = jnp.where(is_kept, weight / choice.density, 0.0)
    is_sparse = choice.initialisation == list(INITIALISATIONS).index("sparse")
    return lax.cond(is_sparse, lambda: zero_half(choice.key, weight, n_in), lambda: weight)


def _half(words: Array) -> Array:
    """The 16 low bits as a number in (0, 1)."""
    return (words.astype(jnp.float32) + 0.5) / 65536
