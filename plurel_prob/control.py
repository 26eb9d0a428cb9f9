"""Control flow that XLA leaves as it is: on CPUs it strips barriers, but it does not look through what depends on data."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

Tree = TypeVar("Tree")


def when(condition: Array, change: Callable[[Array, Tree], Tree], at: Array, state: Tree) -> Tree:
    """``change(at, state)`` if the condition holds, else the state: a loop of one round or none, since a conditional would
    copy the state.

    ``at``, an index, is carried through the loop: what depends on a constant alone XLA would compute before the loop, whether the
    loop has a round or not.
    """

    def change_once(carry: tuple[Array, Array, Tree]) -> tuple[Array, Array, Tree]:
        _, at, state = carry
        return jnp.array(False), at + 1, change(at, state)

    return lax.while_loop(lambda carry: carry[0], change_once, (jnp.asarray(condition), jnp.asarray(at), state))[2]


def computed_once(compute: Callable[[], Tree], at: Array) -> Tree:
    """``compute()``, as arrays in memory: XLA would compute it anew for every use that it fuses it into.

    ``at`` is any index, at least 0, that the compiler does not know.
    """
    return lax.cond(at >= 0, compute, lambda: zeros_like_result(compute))


def zeros_like_result(compute: Callable[[], Tree]) -> Tree:
    """Zeros of the shapes and types that ``compute`` returns, which is not computed."""
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(compute))
