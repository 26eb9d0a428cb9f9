"""A graph whose family is itself random."""

from collections.abc import Sequence

from jax import lax
from jaxtyping import Array, ArrayLike, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.elementwise import Elementwise, index_argument
from plurel_prob.distributions.graphs.law import BACKWARD, GraphLaw


class RandomGraph(Elementwise):
    """The law among ``laws`` that ``family`` points at; only that one is evaluated.

    Args:
        family: index into ``laws``; any batch shape.
        laws: graph laws that agree in ``max_node`` and whose batch shape is ``family``'s.
    """

    arg_constraints = {"family": constraints.nonnegative_integer}
    pytree_data_fields = ("family", "laws")

    def __init__(self, family: ArrayLike, laws: Sequence[GraphLaw], *, validate_args: bool | None = None):
        family = index_argument(family)
        for law in laws:
            if law.batch_shape != family.shape or law.event_shape != laws[0].event_shape:
                raise ValueError(
                    f"{type(law).__name__} has shapes {law.batch_shape}, {law.event_shape}; "
                    f"expected {family.shape}, {laws[0].event_shape}"
                )
        self.laws = tuple(laws)
        super().__init__(laws[0].event_shape, family=family, validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Matrices of marks, see :class:`GraphLaw`."""
        return constraints.independent(constraints.integer_interval(0, BACKWARD), 2)

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Draw from the chosen law."""
        return lax.switch(self.family, [lambda k, law=law: law.draw(k) for law in self.laws], key)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Log density under the chosen law."""
        return lax.switch(self.family, [lambda v, law=law: law.density(v) for law in self.laws], value)
