"""The program that draws values, links and features, for structures that are known: on one device, or one database on each."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Device, random
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Compiled, Lowered
from jaxtyping import Array, PRNGKeyArray
from numpyro import handlers

from plurel_prob.blocks import BLOCK, HeldBlocks
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.models.database import Bucket, DatabaseDraw, Draw, Structure, Values, values
from plurel_prob.priors import Prior
from plurel_prob.programs.compilation import compile_program, kept
from plurel_prob.programs.given import GivenSites, given_values, nothing_given
from plurel_prob.programs.layout import form_of, values_layout
from plurel_prob.programs.structure import StructureDraw, sample_sites

AXIS = "database"  # of a mesh of devices


class Inputs(NamedTuple):
    """What values are drawn from. In programs, arrays have a leading axis over devices."""

    key: PRNGKeyArray
    structure: Structure
    held: HeldBlocks
    given: GivenSites
    intervention: Intervention


class ValuesDraw(NamedTuple):
    """Values, and the values of their sites."""

    values: Values
    sites: dict[str, Array]


def mesh_of(devices: Sequence[Device]) -> Mesh:
    """Return the mesh of devices that draw at the same time."""
    return Mesh(np.array(devices), (AXIS,))


def default_mesh() -> Mesh:
    """The device that JAX uses where nothing else is said."""
    return mesh_of([*jnp.zeros(()).devices()])


def inputs_form(prior: Prior, bucket: Bucket, form: Structure) -> Inputs:
    """Shapes and types of what the values of one database are drawn from."""
    held = HeldBlocks(form.schema.n_row, form.schema.n_row)
    pages = jax.ShapeDtypeStruct((bucket.n_page, BLOCK), jnp.float32)
    is_set = jax.ShapeDtypeStruct(form.graphs.is_categorical.shape, jnp.bool_)
    is_natural = jax.ShapeDtypeStruct((), jnp.bool_)
    intervention = Intervention(is_set, pages, pages, is_natural)  # type: ignore[arg-type]
    key = jax.eval_shape(lambda: random.key(0))
    return Inputs(key, form, held, form_of(nothing_given(values_layout(prior, bucket, form))), intervention)


def run_values(prior: Prior, bucket: Bucket, inputs: Inputs) -> ValuesDraw:
    """Run the program for one database."""
    with given_values(inputs.given), handlers.trace() as trace:
        model = handlers.seed(values, inputs.key)
        drawn = model(prior, inputs.structure, bucket, inputs.held, inputs.intervention)
    return ValuesDraw(drawn, sample_sites(trace))


def jitted_values(prior: Prior, bucket: Bucket, mesh: Mesh):  # type: ignore[no-untyped-def]  # jax.jit's result has no public type
    """The program, not yet compiled. Devices do not wait for each other."""

    def draw_one(inputs: Inputs) -> ValuesDraw:
        return jax.tree.map(lambda x: x[None], run_values(prior, bucket, jax.tree.map(lambda x: x[0], inputs)))

    over_devices = PartitionSpec(AXIS)
    return jax.jit(jax.shard_map(draw_one, mesh=mesh, in_specs=over_devices, out_specs=over_devices, check_vma=False))


@kept(32)
def values_program(prior: Prior, bucket: Bucket, mesh: Mesh, form: Structure) -> Compiled:
    """Program from :class:`Inputs`, one for each device, to :class:`ValuesDraw`, with a leading axis over devices."""
    sharding = NamedSharding(mesh, PartitionSpec(AXIS))

    def stacked(x: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((mesh.size, *x.shape), x.dtype, sharding=sharding)

    def lower() -> Lowered:
        return jitted_values(prior, bucket, mesh).lower(jax.tree.map(stacked, inputs_form(prior, bucket, form)))

    return compile_program(f"values {prior.fingerprint} {bucket} {form}", lower, [*mesh.devices.flat])


@kept(4)
def _nothing(prior: Prior, bucket: Bucket, mesh: Mesh, form: Structure) -> tuple[GivenSites, Intervention]:
    """Nothing given, no intervention: kept on the devices, since it has the size of a database. Its shapes are those that the
    program knows: a program that is loaded has not been traced.
    """
    [inputs], _ = values_program(prior, bucket, mesh, form).args_info
    is_set, pages, _, is_natural = inputs.intervention
    zeros = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), (inputs.given, is_set, pages, is_natural))
    given, is_set, pages, is_natural = jax.device_put(zeros, NamedSharding(mesh, PartitionSpec(AXIS)))
    return given, Intervention(is_set, pages, pages, is_natural)


def draw_values(
    prior: Prior,
    keys: Sequence[PRNGKeyArray],
    known: Sequence[StructureDraw],
    bucket: Bucket,
    mesh: Mesh,
    *,
    held: HeldBlocks | None = None,
    given: GivenSites | None = None,
    intervention: Intervention | None = None,
) -> ValuesDraw:
    """Draw values of databases, one for each device of a mesh, and leave them on the devices, with a leading axis.

    Args:
        prior: what is random, and how.
        keys: of the databases.
        known: their structures, on the host.
        bucket: sizes that hold them all.
        mesh: of the devices.
        held: the blocks of rows that are drawn, by default all; of one database.
        given: what is given of the sites of values; of one database.
        intervention: values of nodes that are set by hand; of one database.
    """
    form = form_of(known[0].structure)
    no_sites, no_values = _nothing(prior, bucket, mesh, form)
    structures = jax.tree.map(lambda *parts: np.stack(parts), *(drawn.structure for drawn in known))
    inputs = Inputs(
        jax.device_put(jnp.stack(keys), NamedSharding(mesh, PartitionSpec(AXIS))),
        structures,  # the program itself places what is on the host
        _all_held(structures) if held is None else _one(held),
        no_sites if given is None else _one(given),
        no_values if intervention is None else _one(intervention),
    )
    return values_program(prior, bucket, mesh, form)(inputs)


def draw_with(prior: Prior, key: PRNGKeyArray, known: StructureDraw, bucket: Bucket, **others: Any) -> Draw:
    """Draw the values of one database, and bring it to the host; arguments as for :func:`draw_values`."""
    drawn = jax.device_get(draw_values(prior, [key], [known], bucket, default_mesh(), **others))
    return join(known, jax.tree.map(lambda x: x[0], drawn), others.get("held"))


def join(known: StructureDraw, drawn: ValuesDraw, held: HeldBlocks | None = None) -> Draw:
    """One draw of both programs."""
    (tables, graphs), (links, features) = known.structure, drawn.values
    held = _all_held(known.structure) if held is None else held
    return Draw(DatabaseDraw(tables, links, graphs, features, held), known.sites | drawn.sites)


def _all_held(known: Structure) -> HeldBlocks:
    """All blocks of every table, on the host."""
    n: Any = -(-known.schema.n_row // BLOCK)
    return HeldBlocks(n, np.zeros_like(n))


def _one(tree: Any) -> Any:
    return jax.tree.map(lambda x: np.asarray(x)[None], tree)
