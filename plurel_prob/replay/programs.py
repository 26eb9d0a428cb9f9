"""Compiled programs that run on the sites of a database instead of drawing them."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array
from numpyro import handlers

from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.models.database import Bucket, database
from plurel_prob.priors import Prior
from plurel_prob.replay.layout import Site, site_layout
from plurel_prob.sampling.compilation import compile_program, kept


@kept(8)
def score_program(prior: Prior, bucket: Bucket) -> Callable[[dict[str, Array]], dict[str, Array]]:
    """Program from all sites to the log density of each: a number, or one a table."""
    layout = site_layout(prior, bucket)

    def score(sites: dict[str, Array]) -> dict[str, Array]:
        model = handlers.substitute(lambda: database(prior, bucket), data=sites)
        trace = handlers.trace(model).get_trace()
        return {name: _by_table(trace[name], site) for name, site in layout.items()}

    return compile_program(jax.jit(score), {name: jax.ShapeDtypeStruct(site.shape, site.dtype) for name, site in layout.items()})


def _by_table(message: dict[str, Any], site: Site) -> Array:
    """Log density of a site, added up over all axes but that of tables."""
    law, value = message["fn"], message["value"]
    if isinstance(law, CompactMechanisms):
        return law.table_log_prob(value)
    log_prob = law.log_prob(value)
    return log_prob.reshape(len(log_prob), -1).sum(-1) if "table" in site.axes else log_prob.sum()
