"""The table of all sites."""

from typing import Any

import jax
import pandas as pd
from jax import random
from numpyro import handlers
from numpyro.distributions import ExpandedDistribution, Independent, MaskedDistribution

from plurel_prob.models.database import Bucket, database
from plurel_prob.priors import Prior
from plurel_prob.programs.layout import LOG_SLOPE

# names of the axes of an event, behind those of the plates that a site lies in
EVENT_AXES = {
    "schema/graph": ("place", "child_place"),
    "schema/label": ("place",),
    "schema/window": ("day",),
    "schema/n_row": ("table",),
    "schema/as_cause": ("place",),
    "schema/as_effect": ("place",),
    "links/parent_row": ("row",),
    "features/graph": ("cause", "effect"),
    "features/as_cause": ("node",),
    "features/as_effect": ("node",),
    "features/column_node": ("column",),
    "features/transform_shape": ("shape",),
    "features/transform_style": ("style",),
    **{
        f"{name}_key": ("word",)
        for name in ("links/popularity", "features/mechanism", "features/missing", "features/noise", "features/time")
    },
    "features/value": ("page", "row of page"),
    LOG_SLOPE: ("table",),
    "features/column": ("page", "row of page"),
}


def site_table(prior: Prior, bucket: Bucket) -> pd.DataFrame:
    """Every site of the joint program, see :attr:`plurel_prob.JointModel.sites`; nothing is run."""
    rows: dict[str, tuple[Any, ...]] = {}

    def record(key: jax.Array) -> None:
        for name, site in handlers.trace(handlers.seed(database, key)).get_trace(prior, bucket).items():
            if site["type"] in ("sample", "deterministic"):
                is_sample = site["type"] == "sample"
                plates = [frame.name for frame in sorted(site["cond_indep_stack"], key=lambda frame: frame.dim)]
                law = _name(site["fn"]) if is_sample else ""
                axes = (*plates, *EVENT_AXES.get(name, ())) if is_sample else EVENT_AXES[name]
                rows[name] = (site["value"].shape, axes, law, is_sample)

    jax.eval_shape(record, random.key(0))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["shape", "axes", "law", "has_density"])


def _name(law: Any) -> str:
    """Name of a distribution without what wraps it."""
    while isinstance(law, MaskedDistribution | ExpandedDistribution | Independent):
        law = law.base_dist
    return type(law).__name__
