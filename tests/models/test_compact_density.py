"""The density of compact mechanisms: without an order, as with it; its gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from numpyro import handlers

from plurel_prob import database
from plurel_prob.distributions.mechanisms import compact_laws as compact_laws_of
from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.distributions.mechanisms.effects import EFFECTS
from plurel_prob.models.compact import compact_laws
from plurel_prob.priors import override
from plurel_prob.sampling import draw
from tests.models.sequential import table_log_prob
from tests.models.tiny import BUCKET, tables_of, tiny

NAMES = ["linear", "small_mlp", "fourier_features", "quadratic"]
SMOOTH = {"features": {"effect": {"Effect": NAMES}}}
MAX_CATEGORY = 10
SCALARS = ("noise_scale", "sharpness", "foreign_strength")


def stand_in(key, x, n_in):
    """In place of an effect that the prior leaves out."""
    return x


def law_and_values(prior, sites):
    """The law of a draw's values, and the values."""
    model = handlers.seed(handlers.substitute(lambda: database(prior, BUCKET), data=sites), random.key(0))
    site = handlers.trace(model).get_trace()["features/value"]
    return site["fn"], site["value"]


@pytest.fixture(scope="module")
def one():
    """The log density of a draw as a function of values and parameters; with its gradients, compiled; these; the structure.
    Effects are continuous.
    """
    prior = override(tiny("compact"), SMOOTH)
    drawn = draw(prior, 3, BUCKET)
    tables, laws = tables_of(drawn, lambda tables: compact_laws(prior.features, tables))

    def log_prob(value, parameters, tables, laws):
        tables = tables._replace(edge_weight=parameters["edge_weight"])
        laws = laws._replace(**{name: parameters[name] for name in SCALARS})
        law = CompactMechanisms(tables, laws, BUCKET.n_page, MAX_CATEGORY, prior.features.max_cause)
        return law.table_log_prob(value).sum()  # which takes NaN

    parameters = {"edge_weight": tables.edge_weight} | {name: getattr(laws, name) for name in SCALARS}
    value = jnp.asarray(drawn.stages.features.value)
    smooth = {name: effect if name in NAMES else stand_in for name, effect in EFFECTS.items()}
    with pytest.MonkeyPatch.context() as patch:  # effects that the prior leaves out are not compiled
        patch.setattr(compact_laws_of, "EFFECTS", smooth)
        program = jax.jit(jax.value_and_grad(log_prob, (0, 1))).lower(value, parameters, tables, laws).compile()

    def density(value, parameters):
        return log_prob(value, parameters, tables, laws)

    def both(value, parameters):
        return program(value, parameters, tables, laws)

    return density, both, value, parameters, tables


@pytest.mark.parametrize("n_draw", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_without_an_order_as_with_it(n_draw):
    prior = tiny("compact")

    @jax.jit
    def both(sites):
        law, value = law_and_values(prior, sites)
        return law.table_log_prob(value), table_log_prob(law, value)

    for seed in range(n_draw):
        found, expected = both(draw(prior, seed, BUCKET).sites)
        # sums of up to 30,000 cells in another order, in 32 bits: of 200 draws the largest difference is 0.002, or 1.6e-6
        np.testing.assert_allclose(found, expected, rtol=5e-6, atol=0.005, err_msg=f"seed {seed}")


def test_the_gradient_is_the_slope(one):
    """Along random directions, against differences of the density."""
    _, both, value, parameters, _ = one
    _, gradient = both(value, parameters)
    rng = np.random.default_rng(0)
    for part in parameters:
        direction = rng.choice([-1.0, 1.0], parameters[part].shape).astype(np.float32)

        def at(step, part=part, direction=direction):
            return float(both(value, parameters | {part: parameters[part] * (1 + step * direction)})[0])

        slope = (8 * (at(0.01) - at(-0.01)) - (at(0.02) - at(-0.02))) / 0.12
        np.testing.assert_allclose((gradient[1][part] * parameters[part] * direction).sum(), slope, rtol=0.01, atol=1.0)
    is_number = (value % 1 != 0).any(axis=1, keepdims=True)
    direction = 1e-3 * np.where(is_number, rng.normal(size=value.shape), 0.0).astype(np.float32)
    slope = (float(both(value + direction, parameters)[0]) - float(both(value - direction, parameters)[0])) / 2
    np.testing.assert_allclose((gradient[0] * direction).sum(), slope, rtol=0.01, atol=0.01)


def test_the_gradient_of_noise_in_closed_form(one):
    r"""Along the log of all noise, a number with location m and noise s has the slope :math:`(x - m)^2 / s^2 - 1`."""
    _, both, value, parameters, tables = one

    def slope(log_scale):
        noise = parameters["noise_scale"] * np.exp(log_scale)
        _, (_, gradient) = both(value, parameters | {"noise_scale": noise})
        return float((gradient["noise_scale"] * noise).sum())

    n_cell = int(((tables.edge.any(1) & ~tables.is_categorical) * tables.n_dim * tables.n_row[:, None]).sum())
    # at the noise that values were drawn with: chi-squared variables less their means; fails once in a million draws
    assert abs(slope(0.0)) < 5 * np.sqrt(2 * n_cell)
    # with much noise every distance vanishes, and each cell adds -1
    np.testing.assert_allclose(slope(12.0), -n_cell, rtol=1e-3)


# quickly: chains of tests/inference/test_databases.py run side by side
@pytest.mark.slow
def test_gradients_of_many(one):
    """Under vmap, as one after another."""
    density, _, value, parameters, _ = one
    factor = jnp.array([0.5, 1.0, 2.0])
    slope = jax.grad(lambda factor: density(value, {name: factor * x for name, x in parameters.items()}))
    np.testing.assert_allclose(jax.jit(jax.vmap(slope))(factor), [*map(jax.jit(slope), factor)], rtol=1e-4)


def test_what_is_no_cell_is_not_looked_at(one):
    """NaN beyond the last row and in unused pages changes neither the density nor its gradient."""
    _, both, value, parameters, tables = one
    is_cell = np.zeros(value.shape, bool)
    for table in jnp.arange(tables.n_table):
        for position in jnp.arange(tables.held.n[table]):
            first, n_line = int(tables.page(table, position, 0)), int(tables.pages.n_line[table])
            is_cell[first : first + n_line] = np.asarray(tables.exists(table, position))
    plain, holes = both(value, parameters), both(jnp.where(is_cell, value, jnp.nan), parameters)
    jax.tree.map(np.testing.assert_array_equal, plain, holes)
    assert np.isfinite(plain[0]) and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(plain[1]))
    assert not np.asarray(plain[1][0])[~is_cell].any() and np.asarray(plain[1][0])[is_cell].any()
