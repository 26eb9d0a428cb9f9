"""Shapes of the joint program's sites, and what their axes stand for."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import random
from jaxtyping import PRNGKeyArray
from numpyro import handlers

from plurel_prob.models.database import Bucket, Structure, structure, values
from plurel_prob.models.schema import Schema
from plurel_prob.priors import Prior

N_ROW = {"schema/n_row", "schema/n_row_entity", "schema/n_row_activity"}  # by the law of rows; a graph decides between two
PARENT_ROW, VALUE, LOG_SLOPE = "links/parent_row", "features/value", "features/log_slope"


class Site(NamedTuple):
    """A sample site: the shape and type of its value, and the names of its leading axes (plates), such as ``table``."""

    shape: tuple[int, ...]
    dtype: np.dtype
    axes: tuple[str, ...]


Layout = dict[str, Site]


@lru_cache(maxsize=16)
def structure_layout(prior: Prior, observed: Schema | None = None) -> Layout:
    """Return the sample sites of a structure, in the order of the program, without running it.

    Args:
        prior: what is random, and how.
        observed: shapes of stage 1, if it is known rather than drawn.
    """
    return _layout_of(lambda observed: structure(prior, observed), observed)


@lru_cache(maxsize=16)
def structure_form(prior: Prior, observed: Schema | None = None) -> Structure:
    """Shapes and types of a structure's arrays; arguments as for :func:`structure_layout`."""

    def draw(observed: Schema | None) -> Structure:
        return handlers.seed(structure, random.key(0))(prior, observed)

    return jax.eval_shape(draw, observed)


@lru_cache(maxsize=16)
def values_layout(prior: Prior, bucket: Bucket, form: Structure) -> Layout:
    """Return the sample sites of values for structures of a form, in the order of the program, without running it."""
    return _layout_of(lambda known: values(prior, known, bucket), form)


def site_layout(prior: Prior, bucket: Bucket) -> Layout:
    """Return every sample site of the joint program, in its order, without running it."""
    return structure_layout(prior) | values_layout(prior, bucket, structure_form(prior))


def _layout_of(model: Callable[..., Any], *arguments: Any) -> Layout:
    sites: Layout = {}

    def record(key: PRNGKeyArray, *arguments: Any) -> None:
        trace = handlers.trace(handlers.seed(model, key)).get_trace(*arguments)
        for name, site in trace.items():
            if site["type"] == "sample":
                plates = sorted(site["cond_indep_stack"], key=lambda frame: frame.dim)
                sites[name] = Site(site["value"].shape, site["value"].dtype, tuple(frame.name for frame in plates))

    jax.eval_shape(record, random.key(0), *arguments)
    return sites


def form_of(tree: Any) -> Any:
    """Shapes and types of arrays."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)


def forms(layout: Layout) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and types of the values of sites, which programs are compiled for."""
    return {name: jax.ShapeDtypeStruct(site.shape, site.dtype) for name, site in layout.items()}
