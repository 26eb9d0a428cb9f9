"""A base for laws that are written for one element and mapped over a batch."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jaxtyping import Array, ArrayLike, Int, Key, PRNGKeyArray, Shaped, UInt32

Keys = Key[Array, " element"] | UInt32[Array, "element 2"]  # also as words, which ``Predictive`` hands out


def index_argument(value: ArrayLike) -> Int[Array, "..."]:
    """``value`` as the 32-bit integers that sizes and indices are on the device."""
    return jnp.asarray(value, jnp.int32)


class Elementwise(dist.Distribution):
    """A distribution whose ``draw`` and ``density`` are written for one element of the batch.

    Every parameter named in ``arg_constraints`` has the batch shape in front of its own event dimensions; ``__init__``
    broadcasts them. Elements are mapped one after another rather than vectorised, so a ``lax.switch`` or a loop with a
    dynamic bound inside an element evaluates only what that element needs. Element ``i`` of the flattened batch is drawn
    with ``fold_in(key, i)``: a longer leading batch axis leaves earlier elements as they are.
    """

    def __init__(self, event_shape: tuple[int, ...] = (), *, validate_args: bool | None = None, **parameters: ArrayLike):
        arrays = {name: jnp.asarray(value) for name, value in parameters.items()}
        event_dim = {name: self.arg_constraints[name].event_dim for name in arrays}
        batch_shape = jnp.broadcast_shapes(*(x.shape[: x.ndim - event_dim[name]] for name, x in arrays.items()))
        for name, x in arrays.items():
            setattr(self, name, jnp.broadcast_to(x, batch_shape + x.shape[x.ndim - event_dim[name] :]))
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    @classmethod
    def gather_pytree_data_fields(cls) -> tuple[str, ...]:
        """Names of parameters, sorted: NumPyro keeps them in a set, whose order differs from process to process. Loops carry
        parameters in this order, and a program is found again in the persistent cache only if nothing in it differs.
        """
        return tuple(sorted(super().gather_pytree_data_fields()))

    def draw(self, key: PRNGKeyArray) -> Array:
        """Draw one element; the parameters have no batch dimensions here."""
        raise NotImplementedError

    def density(self, value: Array) -> Array:
        """Return the log density of one element; the parameters have no batch dimensions here."""
        raise NotImplementedError

    def _elements(self, batch_shape: tuple[int, ...]) -> "Elementwise":
        """This distribution with its batch axes broadcast to ``batch_shape`` and flattened into one."""
        n_batch = len(self.batch_shape)

        def flatten(x: Array) -> Array:
            event_shape = x.shape[n_batch:]
            return jnp.broadcast_to(x, batch_shape + event_shape).reshape((-1, *event_shape))

        return jax.tree.map(flatten, self)

    def _sample_batch(self, key: PRNGKeyArray) -> Array:
        if not self.batch_shape:
            return self.draw(key)
        elements = self._elements(self.batch_shape)
        keys = jax.vmap(random.fold_in, (None, 0))(key, jnp.arange(math.prod(self.batch_shape)))
        return elements.draw_elements(keys).reshape(self.batch_shape + self.event_shape)

    def draw_elements(self, keys: Keys) -> Shaped[Array, "element ..."]:
        """Draw each element of a flat batch with a key of its own."""
        return lax.map(lambda pair: pair[0].draw(pair[1]), (self, keys))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Shaped[Array, "..."]:
        """Draw values of shape ``sample_shape + batch_shape + event_shape``."""
        if not sample_shape:
            return self._sample_batch(key)
        keys = jax.vmap(random.fold_in, (None, 0))(key, jnp.arange(math.prod(sample_shape)))
        drawn = jax.vmap(self._sample_batch)(keys)
        return drawn.reshape(sample_shape + self.batch_shape + self.event_shape)

    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Return log densities of shape ``value.shape`` without the event dimensions (broadcast with the batch)."""
        if self._validate_args:
            self._validate_sample(value)
        value = jnp.asarray(value)
        outer_shape = value.shape[: value.ndim - len(self.event_shape)]
        batch_shape = jnp.broadcast_shapes(outer_shape, self.batch_shape)
        if not batch_shape:
            return self.density(value)
        values = jnp.broadcast_to(value, batch_shape + self.event_shape).reshape((-1, *self.event_shape))
        elements = self._elements(batch_shape)
        return lax.map(lambda pair: pair[0].density(pair[1]), (elements, values)).reshape(batch_shape)
