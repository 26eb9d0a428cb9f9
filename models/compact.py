"""Stage 3 with compact mechanisms: cheap, with explicit noise and an exact density of values."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Bool, Float
from numpyro.handlers import mask

from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.distributions.mechanisms.compact_laws import CompactLaws
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention
from plurel_prob.models.palettes import of_table
from plurel_prob.priors.features import CompactPrior, RealisticPrior

MAX_OFFSET = 0.95  # of the two halves of the law of numbers without causes


def compact(
    prior: CompactPrior, tables: CausalTables, max_category: int, max_page: int, intervention: Intervention | None
) -> tuple[Array, Array]:
    """Draw the values of all nodes; a categorical node's value is its category."""
    law = CompactMechanisms(tables, compact_laws(prior, tables), max_page, max_category, prior.max_cause, intervention)
    value = numpyro.sample("value", law)
    return value, value


def compact_laws(prior: CompactPrior, tables: CausalTables) -> CompactLaws:
    """Draw what compact mechanisms choose.

    Every table has a level of noise, a sharpness of categories, a strength of what comes from parent tables, and palettes of a
    few effects and aggregations, from which its edges and nodes choose: a table resembles itself more than others. With a
    :class:`RealisticPrior`, some numbers follow from their causes alone, as sums or copies do, and those without causes drift.
    """
    max_table, max_node = tables.is_categorical.shape
    is_table = tables.n_node > 0
    with numpyro.plate("table", max_table, dim=-1), mask(mask=is_table):
        noise_level = numpyro.sample("noise_level", prior.noise_level)
        sharpness = numpyro.sample("sharpness", prior.sharpness)
        foreign_strength = numpyro.sample("foreign_strength", prior.foreign_strength)
    has_cause = tables.edge.any(-2) & is_table[:, None]
    aggregation = of_table("aggregation", prior.aggregation, prior.n_aggregation, has_cause, is_table, ("table", "node"))
    edge = tables.edge & is_table[:, None, None]
    effect = of_table("edge_effect", prior.effect, prior.n_effect, edge, is_table, ("table", "cause", "effect"))
    is_key = tables.parent_table >= 0
    foreign_effect = of_table("foreign_effect", prior.effect, prior.n_effect, is_key, is_table, ("table", "foreign_key"))
    is_number = has_cause & ~tables.is_categorical
    with numpyro.plate("table", max_table, dim=-2), numpyro.plate("node", max_node, dim=-1), mask(mask=is_number):
        noise_factor = numpyro.sample("noise_factor", prior.noise_factor)
    noise_scale = noise_level[:, None] * noise_factor
    chosen = aggregation, effect, foreign_effect, foreign_strength, noise_scale, sharpness
    if not isinstance(prior, RealisticPrior):
        return CompactLaws(*chosen, jnp.full(max_table, MAX_OFFSET), has_cause)
    with numpyro.plate("table", max_table, dim=-2), numpyro.plate("node", max_node, dim=-1), mask(mask=is_number):
        is_follower = is_number & (numpyro.sample("is_follower", dist.Bernoulli(prior.follow_prob)) == 1)
    is_source = (tables.n_dim > 0) & ~tables.is_categorical & ~has_cause
    sees_parents = (has_cause & ~is_follower) | is_source
    drift = _drift(prior, tables, is_source)
    return CompactLaws(*chosen, jnp.full(max_table, prior.max_offset), sees_parents, *drift, is_follower)


def _drift(
    prior: RealisticPrior, tables: CausalTables, is_source: Bool[Array, "table node"]
) -> tuple[Float[Array, "table node"], Bool[Array, "table node"]]:
    """Draw the drift of every number without causes, and whether each parent row has its own; what they cause drifts, too."""
    drift_share = numpyro.sample("drift_share", prior.drift_share)
    with numpyro.plate("table", len(is_source), dim=-2), numpyro.plate("node", is_source.shape[1], dim=-1):
        with mask(mask=is_source):
            has_drift = is_source & (numpyro.sample("has_drift", dist.Bernoulli(drift_share)) == 1)
        with mask(mask=has_drift):
            drift = numpyro.sample("drift", prior.drift)
        may_own = has_drift & (tables.n_parent > 0)[:, None]
        with mask(mask=may_own):
            is_own = numpyro.sample("is_own_drift", dist.Bernoulli(prior.own_drift_prob)) == 1
    return jnp.where(has_drift, drift, 0.0), may_own & is_own
