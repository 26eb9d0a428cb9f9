"""Stage 1: what kinds of tables there are, and which have times."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Bool, Int
from numpyro.handlers import mask

from plurel_prob.distributions import TABLE_KINDS
from plurel_prob.priors.stages import GrowingSchemaPrior, SchemaPrior

LOOKUP, ENTITY, EVENT, BRIDGE, EXTENSION = range(len(TABLE_KINDS))


def kinds_of_tables(
    prior: SchemaPrior,
    is_table: Bool[Array, " table"],
    is_entity: Bool[Array, " table"],
    order: Int[Array, " table"],
    n_parent: Int[Array, " table"],
) -> tuple[Int[Array, " table"], Bool[Array, " table"]]:
    """The kind of every table, an index into ``TABLE_KINDS``, and whether its rows have times.

    With a :class:`GrowingSchemaPrior` they are drawn, given the number of a table's parents and whether it has children; the last
    table in topological order is an event, so that some table has times. With others, what has children is an entity, what has
    none an event.
    """
    if not isinstance(prior, GrowingSchemaPrior):
        return jnp.where(is_entity, ENTITY, EVENT), is_table & ~is_entity
    is_last = jnp.arange(len(order)) == order[is_table.sum() - 1]
    place = jnp.minimum(n_parent, 2)
    with numpyro.plate("table", len(order), dim=-1):
        special_prob = jnp.array([prior.lookup_prob, prior.extension_prob, prior.bridge_prob])[place]
        with mask(mask=is_table & ~is_last):
            is_special = (numpyro.sample("is_special", dist.Bernoulli(special_prob)) == 1) & ~is_last
        event_prob = jnp.where(is_entity, prior.inner_event_prob, prior.event_prob)
        with mask(mask=is_table & ~is_last & ~is_special & (n_parent > 0)):
            is_event = numpyro.sample("is_event", dist.Bernoulli(event_prob)) == 1
        kind = jnp.where((n_parent > 0) & (is_event | is_last), EVENT, ENTITY)
        kind = jnp.where(is_special, jnp.array([LOOKUP, EXTENSION, BRIDGE])[place], kind)
        may_have_time = is_table & (kind != EVENT) & (kind != LOOKUP)
        with mask(mask=may_have_time):
            has_time = numpyro.sample("has_time", dist.Bernoulli(prior.time_prob)) == 1
    return kind, is_table & jnp.where(may_have_time, has_time, kind == EVENT)
