"""Stage 3 with PluRel's mechanisms: projection, aggregation, reconstruction."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array
from numpyro.handlers import mask

from plurel_prob.distributions import RandomKey
from plurel_prob.distributions.mechanisms.choices import NodeLaws
from plurel_prob.distributions.mechanisms.networks import NetworkRecipe
from plurel_prob.distributions.mechanisms.plurel import PluRelMechanisms
from plurel_prob.distributions.mechanisms.sources import MAX_COMPONENT, SOURCES
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.priors.features import PluRelPrior
from plurel_prob.priors.fields import upper_bound


def plurel(
    prior: PluRelPrior, tables: CausalTables, max_category: int, max_page: int, intervention: Intervention | None
) -> tuple[Array, Array]:
    """Compute the values of all nodes, and the categories that columns show.

    Values are a deterministic function of latents: what the mechanisms choose, the key of their weights and the key of their
    noise.
    """
    network = prior.network
    recipe = NetworkRecipe(
        network.n_layer,
        network.activation,
        network.initialisation,
        network.mask_density,
        network.log_gain,
        max_layer=upper_bound(network.n_layer),
    )
    mechanisms = PluRelMechanisms(tables, node_laws(prior, tables, max_category), recipe, max_category, intervention)
    values = mechanisms.values(max_page)
    return numpyro.deterministic("value", values.value), values.place


def node_laws(prior: PluRelPrior, tables: CausalTables, max_category: int) -> NodeLaws:
    """Draw what PluRel's mechanisms choose.

    A table has a mode (type-eager or type-lazy) and a key of its noise; a node with causes an aggregation and the shapes of its
    Beta noise; a node without a generator and bounds, two sorted uniform numbers times a power of ten, for each component of
    a mixture and each category of a series; a categorical column of a type-lazy table whether its labels are permuted, and
    whether they are reversed.
    """
    max_table, max_node = tables.is_categorical.shape
    max_column = tables.column_node.shape[1]
    is_table = tables.n_node > 0
    with numpyro.plate("table", max_table, dim=-1), mask(mask=is_table):
        is_lazy = numpyro.sample("is_lazy", dist.Bernoulli(prior.lazy_prob)) == 1
        permute_prob = numpyro.sample("permute_prob", prior.permute_prob)
        reverse_prob = numpyro.sample("reverse_prob", prior.reverse_prob)
        noise_key = numpyro.sample("noise_key", RandomKey((max_table,)))

    is_node = jnp.arange(max_node) < tables.n_node[:, None]
    has_cause = tables.edge.any(-2)
    with numpyro.plate("table", max_table, dim=-2), numpyro.plate("node", max_node, dim=-1):
        with mask(mask=is_node & has_cause):
            aggregation = numpyro.sample("aggregation", prior.aggregation)
            noise_a = numpyro.sample("noise_a", prior.noise_shape)
            noise_b = numpyro.sample("noise_b", prior.noise_shape)
        with mask(mask=is_node & ~has_cause):
            source = numpyro.sample("source", prior.source)
    is_index = tables.is_categorical & ~is_lazy[:, None]
    kind = [list(SOURCES).index(name) for name in ("mixed", "ts")]
    n_component = jnp.where(is_index & (source == kind[1]), tables.n_category, 1)
    n_component = jnp.where(~is_index & (source == kind[0]), MAX_COMPONENT, n_component)
    max_component = max(MAX_COMPONENT, max_category)
    is_component = jnp.arange(max_component) < jnp.where(is_node & ~has_cause, n_component, 0)[..., None]
    with (
        numpyro.plate("table", max_table, dim=-3),
        numpyro.plate("node", max_node, dim=-2),
        numpyro.plate("component", max_component, dim=-1),
        mask(mask=is_component),
    ):
        exponent = numpyro.sample("source_exponent", prior.source_exponent)
        bounds = [numpyro.sample(f"source_bound_{i}", dist.Uniform(0.0, 1.0)) for i in range(2)]
    scale = jnp.power(10.0, exponent.astype(jnp.float32))
    source_bounds = jnp.stack([jnp.minimum(*bounds), jnp.maximum(*bounds)], axis=-1) * scale[..., None]

    is_column = jnp.arange(max_column) < tables.n_column[:, None]
    with (
        numpyro.plate("table", max_table, dim=-2),
        numpyro.plate("column", max_column, dim=-1),
        mask(mask=is_column & is_lazy[:, None] & tables.column_is_categorical),
    ):
        is_permuted = numpyro.sample("is_permuted", dist.Bernoulli(permute_prob[:, None])) == 1
        is_reversed = numpyro.sample("is_reversed", dist.Bernoulli(reverse_prob[:, None])) == 1
    noise_shape = jnp.stack([noise_a, noise_b], axis=-1)
    return NodeLaws(is_lazy, aggregation, noise_shape, source, source_bounds, is_permuted, is_reversed, noise_key)
