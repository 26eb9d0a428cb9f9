"""No product of the programs is rounded: by default accelerators would round its factors, and databases would be others there."""

from functools import partial

import jax
import pytest
from jax import lax

from plurel_prob.programs.densities import values_densities_of
from plurel_prob.programs.layout import forms, structure_form, values_layout
from plurel_prob.programs.values import inputs_form, run_values
from tests.models.tiny import BUCKET, tiny

PRODUCTS = ("dot_general", "conv_general_dilated")
HIGHEST = (lax.Precision.HIGHEST, lax.Precision.HIGHEST)


def products(jaxpr):
    """Precisions of all products of a program, those of its loops and branches, too."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in PRODUCTS:
            yield equation.params["precision"]
        for value in equation.params.values():
            for inner in value if isinstance(value, list | tuple) else [value]:
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from products(inner)


def test_products_are_found_wherever_they_are():
    def program(x):
        y = lax.fori_loop(0, 3, lambda i, x: lax.cond(i > 1, lambda: x @ x, lambda: x), x)
        return jax.vmap(lambda row: jax.numpy.matmul(y, row, precision=lax.Precision.HIGHEST))(y)

    assert [*products(jax.make_jaxpr(program)(jax.numpy.ones((2, 2))).jaxpr)] == [None, HIGHEST]


@pytest.mark.parametrize("name", ["plurel", "compact"])
def test_no_product_of_a_program_is_rounded(name):
    prior = tiny(name)
    form = structure_form(prior)
    drawing = jax.make_jaxpr(partial(run_values, prior, BUCKET))(inputs_form(prior, BUCKET, form))
    scoring = jax.make_jaxpr(partial(values_densities_of, prior, BUCKET, with_slopes=prior.features.has_density))(
        form, forms(values_layout(prior, BUCKET, form))
    )
    for made in (drawing, scoring):
        found = [*products(made.jaxpr)]
        assert len(found) > 2 and set(found) == {HIGHEST}
