import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from numpyro import handlers
from scipy import stats

from plurel_prob.distributions import FAMILIES
from plurel_prob.models.graphs import random_graph
from plurel_prob.priors import GraphPrior


@pytest.mark.parametrize("n_node", [3, 6])
def test_the_density_counts_parameters_of_the_nodes_there_are(n_node):
    model = handlers.seed(lambda: random_graph(GraphPrior(), jnp.array(n_node), max_node=6), random.key(0))
    fixed = handlers.substitute(model, {"family": jnp.array(list(FAMILIES).index("RandomCauchy"))})
    trace = handlers.trace(fixed).get_trace()
    for name in ("as_cause", "as_effect"):
        site = trace[name]
        assert site["value"].shape == (6,)
        expected = stats.cauchy.logpdf(np.asarray(site["value"][:n_node])).sum()
        np.testing.assert_allclose(site["fn"].log_prob(site["value"]), expected, rtol=1e-5)
