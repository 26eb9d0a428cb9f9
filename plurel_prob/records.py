"""Records of numbers as rows of 32-bit words: XLA moves one row faster than the dozen arrays it stands for."""

import math
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, UInt32

Tree = TypeVar("Tree")


def pack(record: Any) -> UInt32[Array, " word"]:
    """Return the words of a record: a tree of arrays of 32-bit numbers."""
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(record)]
    return jnp.concatenate([lax.bitcast_convert_type(leaf, jnp.uint32).reshape(-1) for leaf in leaves])


def unpack(words: UInt32[Array, " word"], form: Tree) -> Tree:
    """Return the record that :func:`pack` made words of; ``form`` has its shapes and types (``jax.eval_shape``)."""
    leaves: list[Any] = jax.tree.leaves(form)
    first, result = 0, []
    for leaf in leaves:
        last = first + math.prod(leaf.shape)
        result.append(lax.bitcast_convert_type(words[first:last], leaf.dtype).reshape(leaf.shape))
        first = last
    return jax.tree.unflatten(jax.tree.structure(form), result)


def row_of(array: Array, index: Array) -> Array:
    """``array[index]`` for an index from 0 to the last, without the checks of other indices."""
    return lax.dynamic_index_in_dim(array, index, keepdims=False, allow_negative_indices=False)
