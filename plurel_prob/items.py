"""Sums over items, of which each reads a few places of large arrays: in a loop over the items there are, differentiable.

JAX does not differentiate in reverse a loop whose number of rounds depends on data, and the gradient of a read from a large array
is as large an array. Both are avoided by saying where an item's inputs lie: the gradient of a sum is another loop, in which
each item adds the gradient of its own inputs at their places.
"""

from abc import ABC, abstractmethod
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Int

Arrays = dict[str, Array]


class Items(ABC):
    """A kind of item; hashable. ``context`` is a tree of arrays that nothing is differentiated in."""

    @abstractmethod
    def count(self, context: Any) -> Int[Array, ""]:
        """Number of items."""

    @abstractmethod
    def places(self, context: Any, i: Array) -> dict[str, tuple[Array, ...]]:
        """Indices of the inputs of item ``i`` in the arrays of the same name."""

    @abstractmethod
    def law(self, context: Any, i: Array, inputs: Arrays) -> Array:
        """What item ``i`` adds, given its inputs."""

    @abstractmethod
    def target(self, context: Any, i: Array) -> Array:
        """Index of the result that item ``i`` adds to."""

    @abstractmethod
    def start(self, context: Any) -> Array:
        """Zeros of the shape of the result."""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def sum_items(items: Items, context: Any, arrays: Arrays) -> Array:
    """Sum of all items' laws, each added to the result at its target. Items do not depend on each other.

    The gradient is with respect to ``arrays``, in reverse mode only. Its memory is that of one item, beside the arrays'.
    """

    def add(i: Array, result: Array) -> Array:
        return result.at[items.target(context, i)].add(items.law(context, i, _inputs(items, context, i, arrays)))

    return lax.fori_loop(0, items.count(context), add, items.start(context))


def _inputs(items: Items, context: Any, i: Array, arrays: Arrays) -> Arrays:
    places = items.places(context, i)
    return {name: array[places[name]] for name, array in arrays.items()}


def _forward(items: Items, context: Any, arrays: Any) -> tuple[Array, Any]:
    """Return the sum, and the arrays by whether anything is differentiated in them."""
    context, plain = jax.tree.map(lambda leaf: leaf.value, (context, arrays), is_leaf=lambda leaf: hasattr(leaf, "perturbed"))
    moving = {name: plain[name] for name, leaf in arrays.items() if leaf.perturbed}
    fixed = {name: plain[name] for name in plain if name not in moving}
    return sum_items(items, context, plain), (context, moving, fixed)


def _backward(items: Items, kept: Any, cotangent: Any) -> tuple[None, Arrays | None]:
    context, moving, fixed = kept
    if isinstance(cotangent, SymbolicZero):
        return None, None

    def add(i: Array, gradient: Arrays) -> Arrays:
        constant = _inputs(items, context, i, fixed)
        _, pull = jax.vjp(lambda inputs: items.law(context, i, constant | inputs), _inputs(items, context, i, moving))
        (of_inputs,), places = pull(cotangent[items.target(context, i)]), items.places(context, i)
        return {name: gradient[name].at[places[name]].add(of_inputs[name]) for name in gradient}

    gradient = lax.fori_loop(0, items.count(context), add, jax.tree.map(jnp.zeros_like, moving))
    return None, gradient | {name: None for name in fixed}


sum_items.defvjp(_forward, _backward, symbolic_zeros=True)
