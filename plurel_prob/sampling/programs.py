"""Drawing the databases of seeds, by the programs of :mod:`plurel_prob.programs`."""

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jax.sharding import Mesh
from jaxtyping import PRNGKeyArray

from plurel_prob.models.database import Bucket, Draw
from plurel_prob.priors import Prior
from plurel_prob.programs.many import draw_many
from plurel_prob.programs.sizes import Sizes, bucket_of_all
from plurel_prob.programs.structure import StructureDraw, draw_structure
from plurel_prob.programs.values import ValuesDraw, default_mesh, draw_values, join

MAX_SEED = 2**31 - 1


def check_seed(seed: int) -> None:
    """Refuse a seed out of range."""
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be 0 to {MAX_SEED}, got {seed}")


def sizes_of(prior: Prior, key: PRNGKeyArray) -> Sizes:
    """Sizes of the database that ``key`` draws from ``prior``, on the host."""
    return draw_structure(prior, key).sizes


def bucket_of(prior: Prior, key: PRNGKeyArray) -> Bucket:
    """Bucket of the database that ``key`` draws from ``prior``."""
    return bucket_of_all(sizes_of(prior, key))


def draw(prior: Prior, seed: int, bucket: Bucket | None = None) -> Draw:
    """Draw the database of ``seed`` and bring it to the host. A larger ``bucket`` draws the same."""
    return next(draw_on(default_mesh(), prior, [seed], bucket))


def draw_on_device(prior: Prior, seed: int) -> Draw:
    """Draw the database of ``seed`` and leave it on the default device."""
    [known], drawn = _draw(default_mesh(), prior, [seed], None)
    return jax.tree.map(jnp.asarray, join(known, jax.tree.map(lambda x: x[0], drawn)))


def draw_on(mesh: Mesh, prior: Prior, seeds: Sequence[int], bucket: Bucket | None = None, *, batch: int = 1) -> Iterator[Draw]:
    """Draw the databases of ``seeds``, at most ``batch`` on each device of a mesh, and bring them to the host.

    They share a program: that of the smallest bucket that holds them all, or of a larger one that is given. XLA optimises a
    program for several devices or databases anew: sizes, keys and choices are those of a draw alone, numbers are so up to
    rounding.
    """
    known, drawn = _draw(mesh, prior, seeds, bucket, batch)
    for device in range(mesh.size):
        # an array's shards lie in the order of the devices
        local = jax.tree.map(lambda x, device=device: np.asarray(x.addressable_shards[device].data), drawn)
        for place, of in enumerate(known[device * batch : min((device + 1) * batch, len(seeds))]):
            yield join(of, jax.tree.map(lambda x, place=place: x[place], local))


def _draw(
    mesh: Mesh, prior: Prior, seeds: Sequence[int], bucket: Bucket | None, batch: int = 1
) -> tuple[list[StructureDraw], ValuesDraw]:
    """Draw structures on the host and values on the devices; places without a seed draw the last one again, since fewer places
    would be another program.
    """
    keys = [random.key(seed) for seed in seeds]
    known = [draw_structure(prior, key) for key in keys]
    if bucket is None:
        bucket = Bucket(*(max(sizes) for sizes in zip(*(bucket_of_all(one.sizes) for one in known), strict=True)))
    n_spare = mesh.size * batch - len(keys)
    keys, known = keys + keys[-1:] * n_spare, known + known[-1:] * n_spare
    draws = draw_values if batch == 1 else draw_many
    return known, draws(prior, keys, known, bucket, mesh)
