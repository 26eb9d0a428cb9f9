"""Drawing databases: one, one after another, or many at a time on many devices."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import jax
from jax import Device

from plurel_prob.databases import Database
from plurel_prob.models.database import Bucket, Draw
from plurel_prob.priors import Prior, get_prior
from plurel_prob.sampling.programs import MAX_SEED, bucket_of, check_seed, draw, draw_on, mesh_of
from plurel_prob.sampling.rows import sample_rows, sample_to


def sample(seed: int = 0, prior: Prior | str | Path = "plurel", *, bucket: Bucket | None = None) -> Database:
    """Draw the database of a seed. The same prior and seed give the same database, whatever else is drawn.

    Args:
        seed: 0 to 2147483647.
        prior: a :class:`Prior`, the name of one (``"plurel"``), or the path of a TOML file.
        bucket: sizes to compile for; by default the smallest that hold the database. They do not change the draw.

    Raises:
        ValueError: the seed is out of range, or the prior is unknown or wrong.

    Example:
        >>> import plurel_prob
        >>> database = plurel_prob.sample(seed=0)  # doctest: +SKIP
        >>> database.tables["table_0"].head()  # doctest: +SKIP
    """
    check_seed(seed)
    prior = get_prior(prior)
    return Database.from_draw(draw(prior, seed, bucket), seed, prior)


def sample_many(
    seeds: Iterable[int], prior: Prior | str | Path = "plurel", *, devices: Sequence[Device] | None = None
) -> Iterator[Database]:
    """Draw the databases of ``seeds``; each equals ``sample(seed, prior)``, on several devices up to the
    rounding of numbers. They come in the order of the seeds.

    Args:
        seeds: 0 to 2147483647 each.
        prior: see :func:`sample`.
        devices: draw on these at the same time, a database on each, e.g. ``jax.devices()``; by default one after another.

    Raises:
        ValueError: see :func:`sample`.
    """
    prior = get_prior(prior)
    mesh = mesh_of(jax.devices()[:1] if devices is None else devices)
    remaining = iter(seeds)
    while batch := list(itertools.islice(remaining, mesh.size)):
        for seed in batch:
            check_seed(seed)
        for seed, drawn in zip(batch, draw_on(mesh, prior, batch), strict=True):
            yield Database.from_draw(drawn, seed, prior)


__all__ = ["MAX_SEED", "Draw", "bucket_of", "draw", "sample", "sample_many", "sample_rows", "sample_to"]
