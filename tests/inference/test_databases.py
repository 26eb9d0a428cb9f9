"""Parameters of whole databases: the model's density, and that NUTS and variational inference find parameters."""

from copy import copy

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from jax import random
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal
from numpyro.infer.util import log_density

import plurel_prob
from plurel_prob.distributions.weights import EDGE_WEIGHTS
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.databases import given_database, infer_database
from plurel_prob.inference.databases.model import PARAMETERS, normal_of, weight_of
from plurel_prob.priors import override
from plurel_prob.scoring import log_density as score

SIZES = {
    "n_table": {"DiscreteUniform": [2, 2]},
    "n_column": {"TruncatedZipf": [1.0, 2, 3]},
    "n_row_entity": {"DiscreteUniform": [40, 60]},
    "n_row_activity": {"DiscreteUniform": [200, 300]},
}


@pytest.fixture(scope="module")
def drawn():
    return plurel_prob.sample(1, override(plurel_prob.get_prior("compact"), {"schema": SIZES}))


@pytest.fixture(scope="module")
def given(drawn):
    return given_database(drawn)


def own_parameters(given):
    """The database's parameters as values of the model's sites; padding in the middle."""
    sites, places, _ = given.arguments
    result = {}
    for name, axis in PARAMETERS.items():
        own, size = given.own(name), len(places[axis][0])
        if name == "edge_weight":
            family = np.asarray(sites["features/edge_weight_family"])[places[axis][0][: len(own)]]
            own, name = np.asarray(normal_of(jnp.asarray(own), jnp.asarray(family))), "edge_weight_normal"
        result[name] = jnp.concatenate([own, jnp.full(size - len(own), 0.0 if name == "edge_weight_normal" else 0.6)])
    return result


def test_weights_are_quantiles_of_normal_numbers():
    for family, law in enumerate(EDGE_WEIGHTS.values()):
        weight, kind = law.icdf(jnp.linspace(0.01, 0.99, 9)), jnp.full(9, family)
        np.testing.assert_allclose(weight_of(normal_of(weight, kind), kind), weight, rtol=2e-3, atol=1e-3)


def test_the_density_of_values_is_that_of_the_score(drawn, given):
    """At the database's own parameters, with what nodes see computed before: the joint program's density of its values."""
    parameters = own_parameters(given)

    @jax.jit
    def values_log_prob(parameters, arguments):
        total, trace = log_density(given.model, arguments, {}, parameters)
        latent = sum(s["fn"].log_prob(s["value"]).sum() for s in trace.values() if s["type"] == "sample" and not s["is_observed"])
        return total - latent

    found = float(values_log_prob(parameters, given.arguments))
    expected = score(drawn).parts.set_index("site").loc["value", "log_density"].sum()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=0.05)


@pytest.mark.slow
def test_nuts_finds_the_parameters(drawn, given):
    tree = infer_database(drawn, n_warmup=300, n_draw=300, n_chain=1)
    posterior, own = tree["posterior"], tree["constant_data"]
    assert set(PARAMETERS) == set(posterior.data_vars) and tree["sample_stats"]["diverging"].shape == (1, 300)
    assert posterior["noise_level"].dims == ("chain", "draw", "table")
    assert list(posterior["edge"].values) == given.labels["edge"]
    table = given.arguments[1]["node"][0][: len(given.labels["node"])]
    found = (posterior["noise_factor"].values * posterior["noise_level"].values[..., table]).mean((0, 1))
    # of 40 cells at least, noise is known to a part of one in nine: five standard deviations
    np.testing.assert_allclose(found, own["noise_factor"].values * own["noise_level"].values[table], rtol=5 / np.sqrt(2 * 40))


@pytest.mark.slow
def test_variational_inference_runs_on_the_model(given):
    guide = AutoNormal(given.model)
    svi = SVI(given.model, guide, numpyro.optim.Adam(0.02), Trace_ELBO())
    found = svi.run(random.key(0), 1500, *given.arguments, progress_bar=False)
    assert np.isfinite(found.losses[-100:]).all() and found.losses[-100:].mean() < found.losses[:100].mean()
    own = own_parameters(given)
    at_own = -float(log_density(given.model, given.arguments, {}, own)[0])
    # the bound lies above minus the evidence, and within some nats a parameter of the joint density at the truth
    assert found.losses[-100:].mean() < at_own + 10 * sum(map(len, own.values()))


def test_other_mechanisms_have_no_density(drawn):
    other = copy(drawn)
    other._origin = drawn.origin._replace(prior=plurel_prob.get_prior("plurel"))
    with pytest.raises(DatabaseError, match="needs compact mechanisms"):
        given_database(other)
