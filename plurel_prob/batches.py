"""Many at a time: laws that have a rule of their own for ``vmap``.

What XLA makes of a batch computes every branch for every item, and goes through loops in step with the longest. On processors
items are computed one after another instead, as if each were alone. An accelerator takes as long for hundreds of small items
as for one: there a law says how many of them are computed side by side.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool

CHUNK = {"cpu": 1}  # items that are computed side by side, by backend
CHUNK_OF_OTHERS = 1024


def chunk_size() -> int:
    """Items that are computed side by side."""
    return CHUNK.get(jax.default_backend(), CHUNK_OF_OTHERS)


def either(condition: Bool[Array, ""], on_true: Callable[[], Any], on_false: Callable[[], Any]) -> Any:
    """``on_true()`` or ``on_false()``; where a backend has chunks, both are computed and one is taken.

    ``lax.cond`` does the same under ``vmap``, but gives each item a copy of all that its branches read, shared or not.
    """
    if chunk_size() == 1:
        return lax.cond(condition, on_true, on_false)
    return jax.tree.map(partial(jnp.where, condition), on_true(), on_false())


def with_rule(plain: Callable[..., Array], side_by_side: Callable[..., Array]) -> Callable[..., Array]:
    """``plain``, which under ``vmap`` is computed one item after another, or by ``side_by_side`` where a backend has chunks.

    That is called with the number of items, then with the arguments, all with a leading axis, and returns the results so.
    """

    @custom_vmap
    def call(*arguments: Any) -> Array:
        return plain(*arguments)

    @call.def_vmap
    def rule(n: int, is_batched: list[Any], *arguments: Any) -> tuple[Array, bool]:
        def spread(flag: bool, x: Any) -> Any:
            return x if flag else jnp.broadcast_to(x, (n, *jnp.shape(x)))

        many = jax.tree.map(spread, tuple(is_batched), arguments)
        if chunk_size() == 1:
            return lax.map(lambda arguments: call(*arguments), many), True
        return side_by_side(n, *many), True

    return call


def joined(tree: Any) -> Any:
    """Arrays without a leading axis: its entries follow each other on the next."""
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), tree)


def map_chunks(call: Callable[[Any], Array], items: Any, is_needed: Bool[Array, " item"], result: Array) -> Array:
    """``result`` with ``call(item)`` for the items that are needed, a chunk of them at a time."""
    order, n, size = jnp.argsort(~is_needed, stable=True), is_needed.sum(dtype=jnp.int32), chunk_size()

    def step(i: Array, result: Array) -> Array:
        place = i * size + jnp.arange(size)
        item = order[jnp.minimum(place, len(order) - 1)]
        drawn = jax.vmap(call)(jax.tree.map(lambda x: x[item], items))
        return result.at[jnp.where(place < n, item, len(result))].set(drawn, mode="drop")

    return lax.fori_loop(0, (n + size - 1) // size, step, result)
