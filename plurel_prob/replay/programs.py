"""Compiled programs that run on the sites of a database instead of drawing them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import Array, PRNGKeyArray
from numpyro import handlers

from plurel_prob.blocks import BLOCK
from plurel_prob.compiled.compilation import compile_program, kept
from plurel_prob.compiled.programs import run_program
from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.models.database import Bucket, Draw, database
from plurel_prob.priors import Prior
from plurel_prob.replay.layout import Site, forms, site_layout
from plurel_prob.replay.sites import VALUE


def log_densities(prior: Prior, bucket: Bucket, sites: dict[str, Array]) -> dict[str, Array]:
    """Log density of each site: a number, or one a table."""
    model = handlers.substitute(lambda: database(prior, bucket), data=sites)
    trace = handlers.trace(model).get_trace()
    return {name: _by_table(trace[name], site) for name, site in site_layout(prior, bucket).items()}


@kept(8)
def score_program(prior: Prior, bucket: Bucket) -> Callable[[dict[str, Array]], dict[str, Array]]:
    """Program from all sites to their log densities, see :func:`log_densities`."""
    return compile_program(jax.jit(partial(log_densities, prior, bucket)), forms(site_layout(prior, bucket)))


@kept(8)
def replay_program(prior: Prior, bucket: Bucket) -> Callable[[PRNGKeyArray, dict[str, Array], Intervention], Draw]:
    """Program from a key, all sites but the values, and an intervention to a draw.

    Where values are sampled (compact mechanisms) they are drawn with the key: that of a database gives its own.
    """
    layout = {name: site for name, site in site_layout(prior, bucket).items() if name != VALUE}

    def replay(key: PRNGKeyArray, sites: dict[str, Array], intervention: Intervention) -> Draw:
        return run_program(handlers.substitute(lambda: database(prior, bucket, intervention), data=sites), key)

    return compile_program(jax.jit(replay), random.key(0), forms(layout), intervention_form(prior, bucket))


def intervention_form(prior: Prior, bucket: Bucket) -> Intervention:
    """Shapes and types of an intervention that keeps statistics."""
    pages = jax.ShapeDtypeStruct((bucket.n_page, BLOCK), jnp.float32)
    is_set = jax.ShapeDtypeStruct(site_layout(prior, bucket)["features/n_dim"].shape, jnp.bool_)
    return Intervention(is_set, pages, pages)  # type: ignore[arg-type]


def _by_table(message: dict[str, Any], site: Site) -> Array:
    """Log density of a site, added up over all axes but that of tables."""
    law, value = message["fn"], message["value"]
    if isinstance(law, CompactMechanisms):
        return law.table_log_prob(value)
    log_prob = law.log_prob(value)
    return log_prob.reshape(len(log_prob), -1).sum(-1) if "table" in site.axes else log_prob.sum()
