import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from numpyro import handlers
from scipy import stats

from plurel_prob.distributions import FAMILIES
from plurel_prob.models.graphs import random_graph
from plurel_prob.priors import GraphPrior

NAMES = ("as_cause", "as_effect")


@jax.jit
def values_and_densities(n_node):
    """Of the parameters of RandomCauchy; what they do not need, such as the graph, is not compiled."""
    model = handlers.seed(lambda: random_graph(GraphPrior(), n_node, max_node=6), random.key(0))
    fixed = handlers.substitute(model, {"family": jnp.array(list(FAMILIES).index("RandomCauchy"))})
    trace = handlers.trace(fixed).get_trace()
    return {name: (trace[name]["value"], trace[name]["fn"].log_prob(trace[name]["value"])) for name in NAMES}


@pytest.mark.parametrize("n_node", [3, 6])
def test_the_density_counts_parameters_of_the_nodes_there_are(n_node):
    for value, log_prob in values_and_densities(n_node).values():
        assert value.shape == (6,)
        np.testing.assert_allclose(log_prob, stats.cauchy.logpdf(np.asarray(value[:n_node])).sum(), rtol=1e-5)
