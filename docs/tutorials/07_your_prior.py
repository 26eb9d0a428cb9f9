"""
A prior of your own, and a program of your own
==============================================

A prior says what is random about a database, and how. Change its fields in a TOML file; or take the laws, and write a
program yourself.
"""

import tempfile
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro import handlers
from numpyro.infer import MCMC, NUTS

import plurel_prob
from plurel_prob.distributions import HSBM

# %%
# In TOML
# -------
#
# A file names a distribution of NumPyro or of this package for each field that it changes. Nothing in it is executed. This
# prior has small, sparse schemas, for causal discovery: few tables, few columns, at most two causes.

path = Path(tempfile.mkdtemp()) / "small.toml"
path.write_text(
    """
base = "compact"

[schema]
n_table = { DiscreteUniform = [3, 3] }
n_column = { DiscreteUniform = [3, 6] }
n_row_entity = { DiscreteUniform = [200, 400] }
n_row_activity = { DiscreteUniform = [400, 800] }
categorical_prob = 0.0

[features]
max_cause = 2
missing_rate = { Uniform = [0.0, 0.01] }

[features.graph]
family = { GraphFamily = ["ErdosRenyi"] }
edge_prob = { Uniform = [0.1, 0.2] }
"""
)
prior = plurel_prob.get_prior(path)
print(prior.name, prior.fingerprint)

# %%
# A mistake is an error that names the field.

path.with_name("wrong.toml").write_text('base = "compact"\n[schema]\nn_tabel = { DiscreteUniform = [3, 3] }\n')
try:
    plurel_prob.get_prior(path.with_name("wrong.toml"))
except plurel_prob.PriorError as error:
    print(str(error).rpartition("/")[2])

# %%
# In Python
# ---------
#
# Laws are NumPyro distributions, so that they can be parts of models of your own. Here is a shop: products in three groups,
# purchases in three groups, a block model that says which are bought when, and a price that depends on the product's quality.
# Nothing is special about it; it is an ordinary NumPyro model.


def shop(n_product=40, n_purchase=800):
    """Purchases of products by customers."""
    quality = numpyro.sample("quality", dist.Normal(0, 1).expand([n_product]).to_event(1))
    matching = numpyro.sample("matching", dist.LogUniform(0.05, 1.0))
    affinity = jnp.where(jnp.eye(3, dtype=bool), 1.0, matching)[None]
    clusters = jnp.array([3])
    product = numpyro.sample("product", HSBM(affinity, clusters, clusters, n_product, n_purchase, max_child=n_purchase))
    slope = numpyro.sample("slope", dist.Normal(0, 2))
    with numpyro.plate("purchase", n_purchase):
        numpyro.sample("price", dist.Normal(slope * quality[product], 0.5))


trace = handlers.trace(handlers.seed(shop, 0)).get_trace()
print("drawn slope:", float(trace["slope"]["value"]), "and off-block affinity:", float(trace["matching"]["value"]))

# %%
# The block model has an exact density, so that inference works: given the purchases and their prices, NUTS finds the slope and
# the affinity.

data = {name: trace[name]["value"] for name in ("product", "price", "quality")}
mcmc = MCMC(NUTS(handlers.condition(shop, data)), num_warmup=300, num_samples=500, progress_bar=False)
mcmc.run(random.key(1))
draws = mcmc.get_samples()
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
for axis, name in zip(axes, ("slope", "matching"), strict=True):
    axis.hist(draws[name], bins=30)
    axis.axvline(float(trace[name]["value"]), color="black")
    axis.set_xlabel(f"{name}: posterior, and the truth")
plt.show()

# %%
# New laws and mechanisms inside the package are one function and one line in a registry; the contributing guide says where.
