"""What PluRel's mechanisms choose: sites of the program (:class:`NodeLaws`), and, as functions of keys, what networks choose.

Choices of many networks are drawn at once; one by one they would cost more than what is done with them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, Bool, Float, Int, UInt32

from plurel_prob.distributions.mechanisms.curves import Encoder, choose_encoder
from plurel_prob.distributions.mechanisms.decoders import Decoder, choose_decoder
from plurel_prob.distributions.mechanisms.networks import NetworkRecipe
from plurel_prob.distributions.mechanisms.pairs import Pairs
from plurel_prob.distributions.mechanisms.structure import CausalTables
from plurel_prob.records import pack, row_of, unpack
from plurel_prob.threefry import unrolled

N_ENCODER, N_DECODER = 64, 32  # networks whose choices are drawn at a time

# What a mechanism's key is used for; weights of different use never share random numbers.
CAUSE, OUTPUT, FOREIGN, SOURCE, LABEL = range(5)


class NodeLaws(NamedTuple):
    """The discrete and continuous choices of PluRel's mechanisms."""

    is_lazy: Bool[Array, " table"]
    aggregation: Int[Array, "table node"]
    noise_shape: Float[Array, "table node 2"]
    source: Int[Array, "table node"]
    source_bounds: Float[Array, "table node component 2"]
    is_permuted: Bool[Array, "table column"]
    is_reversed: Bool[Array, "table column"]
    noise_key: UInt32[Array, "table 2"]


def choose_encoders(
    tables: CausalTables, table: Array, pairs: Pairs, first: Int[Array, ""], recipe: NetworkRecipe
) -> UInt32[Array, "encoder word"]:
    """Draw what the encoders of ``N_ENCODER`` pairs choose, packed."""

    def choose(pair: Array) -> Array:
        use = jnp.where(pair < pairs.n_foreign, FOREIGN, CAUSE)
        key = random.fold_in(unrolled(tables.key(table, use)), pairs.target[pair])
        return pack(choose_encoder(random.fold_in(key, pairs.origin[pair]), recipe))

    return jax.vmap(choose)(first + jnp.arange(N_ENCODER))


def choose_decoders(
    tables: CausalTables, table: Array, noise_shape: Float[Array, "node 2"], first: Int[Array, ""], recipe: NetworkRecipe
) -> UInt32[Array, "decoder word"]:
    """Draw what the decoders of ``N_DECODER`` nodes choose, packed."""

    def choose(node: Array) -> Array:
        key = random.fold_in(unrolled(tables.key(table, OUTPUT)), node)
        return pack(choose_decoder(key, noise_shape[node], recipe))

    return jax.vmap(choose)(first + jnp.arange(N_DECODER))


def encoder_at(encoders: UInt32[Array, "encoder word"], pair: Array, recipe: NetworkRecipe) -> Encoder:
    """What a pair's encoder chooses."""
    form = jax.eval_shape(lambda: choose_encoder(random.key(0), recipe))
    return unpack(row_of(encoders, pair % N_ENCODER), form)


def decoder_at(decoders: UInt32[Array, "decoder word"], node: Array, recipe: NetworkRecipe) -> Decoder:
    """What a node's decoder chooses."""
    form = jax.eval_shape(lambda: choose_decoder(random.key(0), jnp.ones(2), recipe))
    return unpack(row_of(decoders, node % N_DECODER), form)
