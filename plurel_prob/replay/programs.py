"""Compiled programs that run on the sites of a database instead of drawing them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array
from numpyro import handlers

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.models.database import Bucket, database
from plurel_prob.priors import Prior
from plurel_prob.replay.layout import Site, site_layout
from plurel_prob.sampling.compilation import compile_program


def _forms(sites: dict[str, Site]) -> dict[str, jax.ShapeDtypeStruct]:
    return {name: jax.ShapeDtypeStruct(site.shape, site.dtype) for name, site in sites.items()}


def _intervention_form(layout: dict[str, Site], bucket: Bucket) -> Intervention:
    pages: Any = jax.ShapeDtypeStruct((bucket.n_page, BLOCK), jnp.float32)
    is_set: Any = jax.ShapeDtypeStruct(layout["features/n_dim"].shape, jnp.bool_)
    return Intervention(is_set, pages, pages)


@lru_cache(maxsize=8)
def score_program(prior: Prior, bucket: Bucket) -> Callable[[dict[str, Array], Intervention], dict[str, Array]]:
    """Program from all sites, and the values that were set by hand, to the log density of each site: a number, or one a table."""
    layout = site_layout(prior, bucket)

    def score(sites: dict[str, Array], intervention: Intervention) -> dict[str, Array]:
        model = handlers.substitute(lambda: database(prior, bucket, intervention), data=sites)
        trace = handlers.trace(model).get_trace()
        return {name: _by_table(site) for name, site in trace.items() if site["type"] == "sample"}

    return compile_program(jax.jit(score), _forms(layout), _intervention_form(layout, bucket))


def _by_table(site: dict) -> Array:
    """Log density of a site, added up over all axes but that of tables."""
    if isinstance(site["fn"], CompactMechanisms):
        return site["fn"].table_log_prob(site["value"])
    log_prob = site["fn"].log_prob(site["value"])
    plates = sorted(site["cond_indep_stack"], key=lambda frame: frame.dim)
    if plates and plates[0].name == "table":
        return log_prob.reshape(plates[0].size, -1).sum(-1)
    return log_prob.sum()
