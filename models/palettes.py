"""Choices that resemble each other within a table."""

import jax.numpy as jnp
import numpyro
from jaxtyping import Array, Bool, Int
from numpyro.distributions import DiscreteUniform, Distribution
from numpyro.handlers import mask


def of_table(
    name: str,
    law: Distribution,
    n_color: int,
    is_used: Bool[Array, "table *of"],
    is_table: Bool[Array, " table"],
    plates: tuple[str, ...],
) -> Int[Array, "table *of"]:
    """Draw a choice for every element of a table: from the table's palette of ``n_color`` draws from ``law``, or, if that is
    0, from ``law`` itself.

    Args:
        name: of the site; the palette's ends in ``_palette``.
        law: of a choice.
        n_color: size of a palette.
        is_used: which elements there are.
        is_table: which tables there are.
        plates: names of the axes of ``is_used``.
    """
    if n_color:
        with (
            numpyro.plate("table", len(is_table), dim=-2),
            numpyro.plate("color", n_color, dim=-1),
            mask(mask=is_table[:, None]),
        ):
            palette = numpyro.sample(f"{name}_palette", law)
        law = DiscreteUniform(0, n_color - 1)
    dims = range(-len(plates), 0)
    axes = [numpyro.plate(axis, size, dim=dim) for axis, size, dim in zip(plates, is_used.shape, dims, strict=True)]
    with mask(mask=is_used):
        drawn = _within(axes, name, law)
    if not n_color:
        return drawn
    return jnp.take_along_axis(palette, drawn.reshape(len(palette), -1), axis=1).reshape(drawn.shape)


def _within(axes: list[numpyro.plate], name: str, law: Distribution) -> Array:
    """Draw a site within plates."""
    if not axes:
        return numpyro.sample(name, law)
    with axes[0]:
        return _within(axes[1:], name, law)
