"""Ordered choices without replacement."""

import jax.numpy as jnp
from jax import lax, random
from jax.scipy.special import gammaln
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.elementwise import Elementwise, index_argument


class Arrangement(Elementwise):
    r"""Uniform ordered choice of ``k`` of ``n`` items: :math:`p = (n-k)!/n!`. A permutation where ``k = n``.

    The event has shape ``(max_item,)``: entries ``0 .. k-1`` are distinct items of ``0 .. n-1``, the rest is -1.

    Args:
        n_item: number of items ``n``, at most ``max_item``; any batch shape.
        n_chosen: number of chosen items ``k <= n``; broadcasts with ``n_item``.
        max_item: static length of the event.
    """

    arg_constraints = {"n_item": constraints.nonnegative_integer, "n_chosen": constraints.nonnegative_integer}
    pytree_aux_fields = ("max_item",)

    def __init__(self, n_item: ArrayLike, n_chosen: ArrayLike, max_item: int, *, validate_args: bool | None = None):
        self.max_item = max_item
        super().__init__(
            (max_item,), n_item=index_argument(n_item), n_chosen=index_argument(n_chosen), validate_args=validate_args
        )

    @property
    def support(self) -> constraints.Constraint:
        """Item indices, or -1 beyond the chosen."""
        return constraints.independent(constraints.integer_interval(-1, self.max_item - 1), 1)

    def draw(self, key: PRNGKeyArray) -> Int[Array, " item"]:
        """Shuffle the first ``k`` places (Fisher and Yates): integer draws only."""

        def swap(place: Array, items: Array) -> Array:
            other = random.randint(random.fold_in(key, place), (), place, self.n_item)
            return items.at[place].set(items[other]).at[other].set(items[place])

        items = lax.fori_loop(0, self.n_chosen, swap, jnp.arange(self.max_item))
        return jnp.where(self._is_chosen, items, -1)

    def density(self, value: Int[Array, " item"]) -> Float[Array, ""]:
        """Return ``log (n-k)! - log n!`` for an arrangement, minus infinity otherwise."""
        count = (value[:, None] == jnp.arange(self.max_item)).sum(0)
        places_right = jnp.where(self._is_chosen, (value >= 0) & (value < self.n_item), value == -1)
        is_arrangement = (count <= 1).all() & places_right.all()
        log_prob = gammaln(self.n_item - self.n_chosen + 1.0) - gammaln(self.n_item + 1.0)
        return jnp.where(is_arrangement, log_prob, -jnp.inf)

    @property
    def _is_chosen(self) -> Bool[Array, " item"]:
        return jnp.arange(self.max_item) < self.n_chosen
