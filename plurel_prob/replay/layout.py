"""Shapes of the joint program's sites, and what their axes stand for."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import random
from jaxtyping import PRNGKeyArray
from numpyro import handlers

from plurel_prob.models.database import Bucket, database, structure
from plurel_prob.priors import Prior


class Site(NamedTuple):
    """A sample site: the shape and type of its value, and the names of its leading axes (plates), such as ``table``."""

    shape: tuple[int, ...]
    dtype: np.dtype
    axes: tuple[str, ...]


@lru_cache(maxsize=16)
def site_layout(prior: Prior, bucket: Bucket) -> dict[str, Site]:
    """Return every sample site of the program, in its order, without running it."""
    return _layout_of(lambda: database(prior, bucket))


@lru_cache(maxsize=16)
def structure_layout(prior: Prior) -> dict[str, Site]:
    """Return those sites whose size does not depend on rows and that decide the sizes of all others."""
    return _layout_of(lambda: structure(prior))


def _layout_of(model: Callable[[], Any]) -> dict[str, Site]:
    sites: dict[str, Site] = {}

    def record(key: PRNGKeyArray) -> None:
        trace = handlers.trace(handlers.seed(model, key)).get_trace()
        for name, site in trace.items():
            if site["type"] == "sample":
                plates = sorted(site["cond_indep_stack"], key=lambda frame: frame.dim)
                sites[name] = Site(site["value"].shape, site["value"].dtype, tuple(frame.name for frame in plates))

    jax.eval_shape(record, random.key(0))
    return sites


def forms(layout: dict[str, Site]) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and types of the values of sites, which programs are compiled for."""
    return {name: jax.ShapeDtypeStruct(site.shape, site.dtype) for name, site in layout.items()}
