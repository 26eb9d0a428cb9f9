"""The programs that give sites their densities, and say whether the prior can draw their values."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.stages import Compiled, Lowered
from jaxtyping import Array, Bool, Float
from numpyro import handlers
from numpyro.distributions import ExpandedDistribution, MaskedDistribution

from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.models.database import Bucket, Structure, structure, values
from plurel_prob.priors import Prior
from plurel_prob.programs.compilation import compile_program, kept
from plurel_prob.programs.layout import LOG_SLOPE, PARENT_ROW, VALUE, forms, structure_layout, values_layout
from plurel_prob.programs.structure import processor
from plurel_prob.programs.values import default_mesh

# any parent, and any number, has a density: looking at each costs time, and says nothing
UNBOUNDED = (PARENT_ROW, VALUE)


class Density(NamedTuple):
    """What the law of a site says about each element of its batch; of the values of nodes, about those of each table."""

    log_prob: Float[Array, "..."]  # 0 where the element is not used
    is_used: Bool[Array, "..."]  # whether the database has it
    is_possible: Bool[Array, "..."]  # whether its value, if it is used, has a positive density


Densities = dict[str, Density]


class ValuesDensities(NamedTuple):
    """Densities of the sites of values, and what columns change of those of node values."""

    of_sites: Densities
    log_slope: Float[Array, " table"] | None  # see :func:`plurel_prob.distributions.mechanisms.columns.log_slopes`


def densities(model: Callable[[], Any], sites: dict[str, Array]) -> tuple[Any, Densities, dict[str, Array]]:
    """Run a model on the values of all its sites; return what it returns, the density of each, and sites that are functions."""
    with handlers.trace() as trace:
        result = handlers.substitute(model, data=sites)()
    of_sites = {name: _density(name, site) for name, site in trace.items() if site["type"] == "sample"}
    return result, of_sites, {name: site["value"] for name, site in trace.items() if site["type"] == "deterministic"}


@kept(8)
def structure_densities(prior: Prior) -> Compiled:
    """Program from the sites of a structure to it and their :class:`Densities`, on the processor."""

    def lower() -> Lowered:
        return jax.jit(lambda sites: densities(lambda: structure(prior), sites)[:2]).lower(forms(structure_layout(prior)))

    device = processor()
    with jax.default_device(device):
        return compile_program(f"structure densities {prior.fingerprint}", lower, [device])


@kept(8)
def values_densities(prior: Prior, bucket: Bucket, form: Structure, *, with_slopes: bool = False) -> Compiled:
    """Program from a structure and the sites of values to their :class:`ValuesDensities`, with slopes of columns or without."""

    def lower() -> Lowered:
        program = jax.jit(partial(values_densities_of, prior, bucket, with_slopes=with_slopes))
        return program.lower(form, forms(values_layout(prior, bucket, form)))

    return compile_program(
        f"values densities {prior.fingerprint} {bucket} {form} {with_slopes}", lower, [*default_mesh().devices.flat]
    )


def values_densities_of(
    prior: Prior, bucket: Bucket, known: Structure, sites: dict[str, Array], *, with_slopes: bool
) -> ValuesDensities:
    """Densities of the sites of values for one structure."""
    _, of_sites, functions = densities(lambda: values(prior, known, bucket), sites)
    return ValuesDensities(of_sites, functions[LOG_SLOPE] if with_slopes else None)


def _density(name: str, site: dict[str, Any]) -> Density:
    law, value = site["fn"], site["value"]
    log_prob = law.table_log_prob(value) if isinstance(law, CompactMechanisms) else law.log_prob(value)
    is_possible = log_prob > -jnp.inf
    if name not in UNBOUNDED:
        is_possible = is_possible & law.support(value)
    is_used = jnp.broadcast_to(_is_used(law), is_possible.shape)
    return Density(log_prob, is_used, is_possible | ~is_used)


def _is_used(law: Any) -> Bool[Array, "..."]:
    """Which elements of a batch are not masked."""
    is_used = jnp.array(True)
    while isinstance(law, MaskedDistribution | ExpandedDistribution):
        if isinstance(law, MaskedDistribution):
            is_used = is_used & law._mask
        law = law.base_dist
    return is_used
