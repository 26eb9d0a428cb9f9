"""Values that are set by hand, as programs take them."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.models.database import Bucket
from plurel_prob.priors import Prior
from plurel_prob.replay.layout import site_layout
from plurel_prob.replay.sites import pages_of, tables_of

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import


def recorded_intervention(latents: DataTree, prior: Prior, bucket: Bucket) -> Intervention:
    """Values that latents record as set by hand (``is_set``); of most databases none.

    Statistics of nodes are those of the latents' values.
    """
    is_set = np.zeros(site_layout(prior, bucket)["features/n_dim"].shape, bool)
    value = pages_of(latents, "value", bucket.n_page, 0.0)
    given = np.full((bucket.n_page, BLOCK), np.nan, np.float32)
    if any("is_set" in group for group in tables_of(latents)):
        given = np.where(pages_of(latents, "is_set", bucket.n_page, 0.0) == 1, value, np.nan)
        for table, group in enumerate(tables_of(latents)):
            if "is_set" in group:
                lines = group["is_set"].to_numpy()[0, 0].any(-1)
                is_set[table, group["line_node"].to_numpy()[0, 0][lines]] = True
    return Intervention(jnp.asarray(is_set), jnp.asarray(given), jnp.asarray(value))
