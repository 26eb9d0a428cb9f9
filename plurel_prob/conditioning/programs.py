"""Compiled programs that draw what is not given."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import random
from jaxtyping import PRNGKeyArray
from numpyro import handlers

from plurel_prob.compiled.compilation import compile_program, kept
from plurel_prob.compiled.programs import Sizes, run_program
from plurel_prob.conditioning.handler import Given, Verdict, given_values
from plurel_prob.models.database import Bucket, Draw, database, structure
from plurel_prob.models.schema import Schema
from plurel_prob.priors import Prior
from plurel_prob.replay.layout import Site, site_layout, structure_layout
from plurel_prob.replay.sites import VALUE

PARENT_ROW = "links/parent_row"

GivenSites = dict[str, Given]
Verdicts = dict[str, Verdict]


def free_sites(prior: Prior, bucket: Bucket) -> dict[str, Site]:
    """Sites that can be given: all but the values of nodes, which are set through columns."""
    return {name: site for name, site in site_layout(prior, bucket).items() if name != VALUE}


def given_form(layout: dict[str, Site]) -> GivenSites:
    """Shapes and types of what is given of sites."""
    return {
        name: Given(jax.ShapeDtypeStruct(site.shape, jnp.bool_), jax.ShapeDtypeStruct(site.shape, site.dtype))  # type: ignore[arg-type]
        for name, site in layout.items()
    }


@kept(8)
def structure_program(prior: Prior) -> Callable[[PRNGKeyArray, GivenSites], tuple[Schema, Sizes, Verdicts]]:
    """Program from a key and what is given to stage 1, the sizes that it decides, and verdicts."""

    def run(key: PRNGKeyArray, given: GivenSites) -> tuple[Schema, Sizes, Verdicts]:
        handler = given_values(given)
        with handler:
            schema, graphs = handlers.seed(structure, key)(prior)
        return schema, Sizes(schema.n_row, graphs.n_line, schema.is_entity), handler.verdicts

    return compile_program(jax.jit(run), random.key(0), given_form(structure_layout(prior)))


@kept(8)
def given_program(prior: Prior, bucket: Bucket) -> Callable[[PRNGKeyArray, GivenSites], tuple[Draw, Verdicts]]:
    """Program from a key and what is given to a draw, and verdicts about what :func:`structure_program` does not judge.

    Every parent of a table has a positive probability: of parent rows only the range, which the caller knows, is to be checked.
    """
    unchecked = {PARENT_ROW, *structure_layout(prior)}

    def run(key: PRNGKeyArray, given: GivenSites) -> tuple[Draw, Verdicts]:
        handler = given_values(given, unchecked)
        with handler:
            drawn = run_program(lambda: database(prior, bucket), key)
        return drawn, handler.verdicts

    return compile_program(jax.jit(run), random.key(0), given_form(free_sites(prior, bucket)))
