"""The program that draws values of many databases on each device: nothing is given, nothing is set by hand."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Compiled, Lowered
from jaxtyping import PRNGKeyArray
from numpyro import handlers

from plurel_prob.batches import chunk_size
from plurel_prob.models.database import Bucket, Structure, values
from plurel_prob.priors import Prior
from plurel_prob.programs.compilation import compile_program, kept
from plurel_prob.programs.layout import form_of
from plurel_prob.programs.structure import StructureDraw, sample_sites
from plurel_prob.programs.values import AXIS, ValuesDraw


class Seeded(NamedTuple):
    """What the values of a database are drawn from."""

    key: PRNGKeyArray
    structure: Structure


@kept(8)
def many_program(prior: Prior, bucket: Bucket, mesh: Mesh, form: Structure, n: int) -> Compiled:
    """Program from :class:`Seeded`, ``n`` for each device, to :class:`ValuesDraw`, with a leading axis over databases.

    A processor draws them one after another; an accelerator by ``vmap``, for which laws have rules of their own.
    """

    def draw(of: Seeded) -> ValuesDraw:
        with handlers.trace() as trace:
            drawn = handlers.seed(values, of.key)(prior, of.structure, bucket)
        return ValuesDraw(drawn, sample_sites(trace))

    def draw_local(of: Seeded) -> ValuesDraw:
        return lax.map(draw, of) if chunk_size() == 1 else jax.vmap(draw)(of)

    def stacked(x: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((mesh.size * n, *x.shape), x.dtype, sharding=NamedSharding(mesh, over_devices))

    def lower() -> Lowered:
        program = jax.shard_map(draw_local, mesh=mesh, in_specs=over_devices, out_specs=over_devices, check_vma=False)
        inputs = Seeded(jax.eval_shape(lambda: random.key(0)), form)
        return jax.jit(program).lower(jax.tree.map(stacked, inputs))

    over_devices = PartitionSpec(AXIS)
    return compile_program(f"values of {n} {prior.fingerprint} {bucket} {form}", lower, [*mesh.devices.flat])


def draw_many(
    prior: Prior, keys: Sequence[PRNGKeyArray], known: Sequence[StructureDraw], bucket: Bucket, mesh: Mesh
) -> ValuesDraw:
    """Draw values of databases, as many on each device of a mesh, and leave them there, with a leading axis.

    Args:
        prior: what is random, and how.
        keys: of the databases, a multiple of the devices.
        known: their structures, on the host.
        bucket: sizes that hold them all.
        mesh: of the devices.
    """
    structures = jax.tree.map(lambda *parts: np.stack(parts), *(drawn.structure for drawn in known))
    inputs = Seeded(jax.device_put(jnp.stack(keys), NamedSharding(mesh, PartitionSpec(AXIS))), structures)
    return many_program(prior, bucket, mesh, form_of(known[0].structure), len(keys) // mesh.size)(inputs)
