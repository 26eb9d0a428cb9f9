"""The program that draws structures: schemas and causal graphs."""

from collections.abc import Callable
from typing import NamedTuple

import jax
from jax import Device, random
from jaxtyping import Array, PRNGKeyArray
from numpyro import handlers

from plurel_prob.models.database import Structure, structure
from plurel_prob.models.schema import Schema
from plurel_prob.priors import Prior
from plurel_prob.programs.compilation import compile_program, kept
from plurel_prob.programs.given import GivenSites, given_form, given_values, nothing_given
from plurel_prob.programs.layout import structure_layout
from plurel_prob.programs.sizes import Sizes, sizes_of_structure


class StructureDraw(NamedTuple):
    """A structure, and the values of its sites."""

    structure: Structure
    sites: dict[str, Array]

    @property
    def sizes(self) -> Sizes:
        """What decides how much space the database takes."""
        return sizes_of_structure(self.structure)


def processor() -> Device:
    """The first processor; the first device where ``JAX_PLATFORMS`` leaves processors out."""
    try:
        return jax.devices("cpu")[0]
    except RuntimeError:
        return jax.devices()[0]


@kept(16)
def structure_program(
    prior: Prior, observed: Schema | None = None
) -> Callable[[PRNGKeyArray, GivenSites, Schema | None], StructureDraw]:
    """Program from a key, what is given of sites, and stage 1, if it is known (``observed`` has its shapes), to a structure."""

    def run(key: PRNGKeyArray, given: GivenSites, observed: Schema | None) -> StructureDraw:
        with given_values(given), handlers.trace() as trace:
            drawn = handlers.seed(structure, key)(prior, observed)
        return StructureDraw(drawn, sample_sites(trace))

    with jax.default_device(processor()):
        return compile_program(jax.jit(run), random.key(0), given_form(structure_layout(prior, observed)), observed)


def draw_structure(
    prior: Prior, key: PRNGKeyArray, given: GivenSites | None = None, observed: Schema | None = None
) -> StructureDraw:
    """Draw a structure on the processor, whose thousand small steps cost least there, and bring it to the host."""
    form = observed and jax.tree.map(lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype), observed)
    if given is None:
        given = nothing_given(structure_layout(prior, form))
    program, device = structure_program(prior, form), processor()
    with jax.default_device(device):
        return jax.device_get(program(jax.device_put(key, device), given, observed))


def sample_sites(trace: dict) -> dict[str, Array]:
    """Values of the sample sites of a trace."""
    return {name: site["value"] for name, site in trace.items() if site["type"] == "sample"}
