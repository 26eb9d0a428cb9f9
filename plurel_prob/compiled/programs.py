"""Compiled programs: one for each prior and size bucket, kept for the life of the process."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Device, random
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Int, Key, PRNGKeyArray
from numpyro import handlers

from plurel_prob.blocks import BLOCK, HeldBlocks
from plurel_prob.compiled.compilation import compile_program, kept
from plurel_prob.models.database import Bucket, DatabaseDraw, Draw, database, structure
from plurel_prob.priors import Prior
from plurel_prob.priors.fields import upper_bound

MAX_SEED = 2**31 - 1
AXIS = "database"  # of a mesh of devices
MIN_BUCKET = Bucket(n_block=8, n_page=1024)  # smaller databases share a program


def bucket_for(n_blocks: int, n_pages: int) -> Bucket:
    """Smallest bucket that holds a database of these sizes: a program costs seconds to compile, memory little.

    Blocks are rounded to powers of two, pages to powers of four: default databases need two programs.
    """
    block_bits = (max(n_blocks, MIN_BUCKET.n_block) - 1).bit_length()
    page_bits = (max(n_pages, MIN_BUCKET.n_page) - 1).bit_length()
    return Bucket(1 << block_bits, 1 << (page_bits + page_bits % 2))


class Sizes(NamedTuple):
    """What decides how much space a database takes."""

    n_row: Int[Array, " table"]
    n_line: Int[Array, " table"]  # pages that a block takes
    is_entity: Bool[Array, " table"]  # whether other tables refer to it

    @property
    def n_block(self) -> np.ndarray:
        """Blocks of rows of each table, on the host."""
        return -(-np.asarray(self.n_row) // BLOCK)


@kept(16)
def _size_program(prior: Prior) -> Callable[[PRNGKeyArray], Sizes]:
    """Program from a key to sizes; it draws only what decides them."""

    def sizes(key: PRNGKeyArray) -> Sizes:
        schema, graphs = handlers.seed(structure, key)(prior)
        return Sizes(schema.n_row, graphs.n_line, schema.is_entity)

    return compile_program(jax.jit(sizes), random.key(0))


def sizes_of(prior: Prior, key: PRNGKeyArray) -> Sizes:
    """Sizes of the database that ``key`` draws from ``prior``, on the host."""
    return jax.device_get(_size_program(prior)(key))


def run_program(model: Callable[[], DatabaseDraw], key: PRNGKeyArray) -> Draw:
    """Run the joint program, as handlers changed it, and collect its sites."""
    trace = handlers.trace(handlers.seed(model, key))
    with trace:
        stages = trace.fn()
    return Draw(stages, {name: site["value"] for name, site in trace.trace.items() if site["type"] == "sample"})


def _draw(prior: Prior, bucket: Bucket, key: PRNGKeyArray, held: HeldBlocks | None = None) -> Draw:
    return run_program(lambda: database(prior, bucket, held=held), key)


def draw_program(prior: Prior, bucket: Bucket, mesh: Mesh):  # type: ignore[no-untyped-def]  # jax.jit's result has no public type
    """Program from keys, one a device, to draws with a leading axis over devices. Devices do not wait for each other."""

    def draw_one(keys: Key[Array, " 1"]) -> Draw:
        return jax.tree.map(lambda x: x[None], _draw(prior, bucket, keys[0]))

    over_devices = PartitionSpec(AXIS)
    return jax.jit(jax.shard_map(draw_one, mesh=mesh, in_specs=over_devices, out_specs=over_devices, check_vma=False))


@kept(32)
def _compiled(prior: Prior, bucket: Bucket, mesh: Mesh) -> Callable[[Key[Array, " device"]], Draw]:
    sharding = NamedSharding(mesh, PartitionSpec(AXIS))
    keys = jax.ShapeDtypeStruct((mesh.size,), random.key(0).dtype, sharding=sharding)
    return compile_program(draw_program(prior, bucket, mesh), keys)


def check_seed(seed: int) -> None:
    """Refuse a seed out of range."""
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be 0 to {MAX_SEED}, got {seed}")


def mesh_of(devices: Sequence[Device]) -> Mesh:
    """Return the mesh of devices that draw at the same time."""
    return Mesh(np.array(devices), (AXIS,))


def bucket_of(prior: Prior, key: PRNGKeyArray) -> Bucket:
    """Bucket of the database that ``key`` draws from ``prior``."""
    return bucket_of_all(sizes_of(prior, key))


def bucket_of_all(sizes: Sizes) -> Bucket:
    """Bucket of a database of these sizes."""
    return bucket_for(int(sizes.n_block.max()), int((sizes.n_block * sizes.n_line).sum()))


@kept(16)
def held_program(prior: Prior, bucket: Bucket) -> Callable[[PRNGKeyArray, HeldBlocks], Draw]:
    """Program from a key and blocks to the draw of those blocks."""
    example = jnp.zeros(upper_bound(prior.schema.n_table), jnp.int32)
    program = jax.jit(lambda key, held: _draw(prior, bucket, key, held))
    return compile_program(program, random.key(0), HeldBlocks(example, example))


def draw(prior: Prior, seed: int, bucket: Bucket | None = None) -> Draw:
    """Draw the database of ``seed`` and bring it to the host. A larger ``bucket`` draws the same."""
    return next(draw_on(mesh_of(jax.devices()[:1]), prior, [seed], bucket))


def draw_on_device(prior: Prior, seed: int) -> Draw:
    """Draw the database of ``seed`` and leave it on the first device."""
    mesh, key = mesh_of(jax.devices()[:1]), random.key(seed)
    drawn = _compiled(prior, bucket_of(prior, key), mesh)(jax.device_put(key[None], NamedSharding(mesh, PartitionSpec(AXIS))))
    return jax.tree.map(lambda x: x[0], drawn)


def draw_on(mesh: Mesh, prior: Prior, seeds: Sequence[int], bucket: Bucket | None = None) -> Iterator[Draw]:
    """Draw the databases of ``seeds``, at most as many as the mesh has devices, one on each, and bring them to the host.

    They share a program: that of the smallest bucket that holds them all, or of a larger one that is given. XLA optimises a
    program for several devices anew: sizes, keys and choices are those that one device draws, numbers are so up to rounding.
    """
    keys = [random.key(seed) for seed in seeds]
    if bucket is None:
        bucket = Bucket(*(max(sizes) for sizes in zip(*(bucket_of(prior, key) for key in keys), strict=True)))
    spare = [keys[-1]] * (mesh.size - len(keys))
    stacked = jax.device_put(jnp.stack([*keys, *spare]), NamedSharding(mesh, PartitionSpec(AXIS)))
    drawn = _compiled(prior, bucket, mesh)(stacked)
    for place in range(len(keys)):
        # an array's shards lie in the order of the devices
        yield jax.tree.map(lambda x, place=place: np.asarray(x.addressable_shards[place].data)[0], drawn)
