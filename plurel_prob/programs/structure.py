"""The program that draws structures: schemas and causal graphs."""

from typing import NamedTuple

import jax
import numpy as np
from jax import Device, random
from jax.stages import Compiled, Lowered
from jaxtyping import Array, PRNGKeyArray
from numpyro import handlers

from plurel_prob.models.database import Structure, structure
from plurel_prob.models.schema import Schema
from plurel_prob.priors import Prior
from plurel_prob.programs.compilation import compile_program, kept
from plurel_prob.programs.given import GivenSites, given_values, nothing_given
from plurel_prob.programs.layout import form_of, structure_layout
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
def structure_program(prior: Prior, observed: Schema | None = None) -> Compiled:
    """Program from a key, what is given of sites, and stage 1, if it is known (``observed`` has its shapes), to a structure,
    as :class:`StructureDraw`.
    """

    def run(key: PRNGKeyArray, given: GivenSites, observed: Schema | None) -> StructureDraw:
        with given_values(given), handlers.trace() as trace:
            drawn = handlers.seed(structure, key)(prior, observed)
        return StructureDraw(drawn, sample_sites(trace))

    def lower() -> Lowered:
        return jax.jit(run).lower(random.key(0), form_of(nothing_given(structure_layout(prior, observed))), observed)

    device = processor()
    with jax.default_device(device):
        return compile_program(f"structure {prior.fingerprint} {observed}", lower, [device])


@kept(16)
def _nothing_given(prior: Prior, observed: Schema | None) -> GivenSites:
    """Nothing, in the shapes that the program knows: a program that is loaded has not been traced."""
    (_, given, _), _ = structure_program(prior, observed).args_info
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), given)


def draw_structure(
    prior: Prior, key: PRNGKeyArray, given: GivenSites | None = None, observed: Schema | None = None
) -> StructureDraw:
    """Draw a structure on the processor, whose thousand small steps cost least there, and bring it to the host."""
    form = form_of(observed)
    given = _nothing_given(prior, form) if given is None else given
    program, device = structure_program(prior, form), processor()
    with jax.default_device(device):
        return jax.device_get(program(jax.device_put(key, device), given, observed))


def sample_sites(trace: dict) -> dict[str, Array]:
    """Values of the sample sites of a trace."""
    return {name: site["value"] for name, site in trace.items() if site["type"] == "sample"}
