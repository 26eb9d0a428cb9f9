import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS, aggregate_all

AGGREGATE = {"sum": np.sum, "max": np.max, "product": np.prod, "logsumexp": np.logaddexp.reduce}
TERMS = np.random.default_rng(0).normal(size=(6, 50)) * np.array([1, 1, 3, 3, 30, 300])[:, None]


@pytest.mark.parametrize("name", AGGREGATIONS)
@pytest.mark.parametrize("n_term", [0, 1, 6])
def test_terms_are_combined_with_a_start(name, n_term):
    terms = jnp.asarray(TERMS, jnp.float32)
    start = jnp.full(50, 0.5)
    found = jax.jit(lambda n: AGGREGATIONS[name].reduce(lambda i: terms[i], n, start))(n_term)
    expected = AGGREGATE[name](np.vstack([np.full((1, 50), 0.5), TERMS[:n_term]]), axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_term", [0, 1, 6])
def test_all_aggregations_start_from_their_neutral_terms(n_term):
    """A sum divides each term by its number of siblings; no terms leave the neutral ones, minus infinity under a maximum."""
    terms, n_sibling = jnp.asarray(TERMS, jnp.float32), 1 + np.arange(6)
    found = jax.jit(lambda n: aggregate_all(lambda i: (terms[i], jnp.asarray(n_sibling)[i]), n, (50,)))(n_term)
    for row, (name, law) in zip(found, AGGREGATIONS.items(), strict=True):
        used = TERMS[:n_term] / (n_sibling[:n_term, None] if name == "sum" else 1)
        expected = AGGREGATE[name](used, axis=0) if n_term else np.full(50, law.neutral)
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-4)
