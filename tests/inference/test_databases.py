"""Parameters of whole databases: the model's density, and that NUTS and variational inference find parameters."""

from copy import copy
from functools import partial

import jax
import numpy as np
import numpyro
import pytest
from jax import random
from numpyro.handlers import substitute, trace
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal
from numpyro.infer.util import log_density

import plurel_prob
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.databases import given_database, infer_database
from plurel_prob.inference.databases.chains import MAX_DEPTH
from plurel_prob.inference.databases.model import COORDINATES, PARAMETERS, own_coordinates, parameters_of
from plurel_prob.priors import override
from plurel_prob.replay.sites import VALUE
from plurel_prob.scoring import log_density as score
from tests.models.tiny import SEED, tiny

SIZES = {
    "n_table": {"DiscreteUniform": [2, 2]},
    "n_column": {"TruncatedZipf": [1.0, 2, 3]},
    "n_row_entity": {"DiscreteUniform": [40, 60]},
    "n_row_activity": {"DiscreteUniform": [200, 300]},
}


@pytest.fixture(scope="module")
def drawn():
    return plurel_prob.sample(SEED, tiny("compact"))


@pytest.fixture(scope="module")
def of_some_rows():
    """Of rows enough to find parameters by, and few tables."""
    return plurel_prob.sample(1, override(plurel_prob.get_prior("compact"), {"schema": SIZES}))


@pytest.fixture(scope="module")
def given(drawn):
    return given_database(drawn)


def own_sites(given, drawn):
    """Coordinates of the database's parameters."""
    return jax.jit(partial(own_coordinates, drawn.prior.features))(given.arguments[2])


def test_own_coordinates_give_the_own_parameters(drawn, given):
    sites = own_sites(given, drawn)
    assert set(sites) == set(COORDINATES)
    found, _ = jax.jit(partial(parameters_of, drawn.prior.features))(given.arguments[2], sites)
    for name in PARAMETERS:
        own = given.own(name)
        np.testing.assert_allclose(found[name][: len(own)], own, rtol=1e-3, atol=1e-5)


def test_sums_are_the_aggregations_of_the_program(given):
    """Edges that are said to be of a sum lead to nodes that sum their causes up, and all of those do."""
    law, _, known = given.arguments
    n_edge = len(given.labels["edge"])
    table, _, effect = (index[:n_edge] for index in known.places["edge"])
    is_sum = np.flatnonzero(np.asarray(law.laws.aggregation)[table, effect] == list(AGGREGATIONS).index("sum"))
    of_sum = np.asarray(known.edges.of_sum)
    np.testing.assert_array_equal(np.sort(of_sum[of_sum < n_edge]), is_sum)


def test_the_density_of_values_is_that_of_the_score(drawn, given):
    """At the database's own parameters, with what nodes see computed before: the joint program's density of its values."""

    @jax.jit
    def values_log_prob(sites, arguments):
        site = trace(substitute(given.model, data=sites)).get_trace(*arguments)[VALUE]
        return site["fn"].log_prob(site["value"])

    found = float(values_log_prob(own_sites(given, drawn), given.arguments))
    expected = score(drawn).parts.set_index("site").loc["value", "log_density"].sum()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=0.05)


@pytest.mark.slow
def test_nuts_finds_the_parameters(of_some_rows):
    given, tree = given_database(of_some_rows), infer_database(of_some_rows, n_warmup=300, n_draw=300, n_chain=1)
    posterior, own = tree["posterior"], tree["constant_data"]
    assert set(PARAMETERS) == set(posterior.data_vars) and tree["sample_stats"]["diverging"].shape == (1, 300)
    assert posterior["noise_level"].dims == ("chain", "draw", "table")
    assert list(posterior["edge"].values) == given.labels["edge"]
    assert (tree["sample_stats"]["n_steps"].values < 2**MAX_DEPTH - 1).mean() > 0.9  # chains move: few trajectories are cut off
    table = given.arguments[2].places["node"][0][: len(given.labels["node"])]
    found = (posterior["noise_factor"].values * posterior["noise_level"].values[..., table]).mean((0, 1))
    # of 40 cells at least, noise is known to a part of one in nine: five standard deviations
    np.testing.assert_allclose(found, own["noise_factor"].values * own["noise_level"].values[table], rtol=5 / np.sqrt(2 * 40))


@pytest.mark.slow
def test_variational_inference_runs_on_the_model(of_some_rows):
    given = given_database(of_some_rows)
    guide = AutoNormal(given.model)
    svi = SVI(given.model, guide, numpyro.optim.Adam(0.02), Trace_ELBO())
    found = svi.run(random.key(0), 1500, *given.arguments, progress_bar=False)
    assert np.isfinite(found.losses[-100:]).all() and found.losses[-100:].mean() < found.losses[:100].mean()
    own = own_sites(given, of_some_rows)
    at_own = -float(log_density(given.model, given.arguments, {}, own)[0])
    # the bound lies above minus the evidence, and within some nats a parameter of the joint density at the truth
    assert found.losses[-100:].mean() < at_own + 10 * sum(map(len, own.values()))


def test_other_mechanisms_have_no_density(drawn):
    other = copy(drawn)
    other._origin = drawn.origin._replace(prior=plurel_prob.get_prior("plurel"))
    with pytest.raises(DatabaseError, match="needs compact mechanisms"):
        given_database(other)
