"""Drawing databases: one, one after another, or many at a time on many devices."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jax import Device

from plurel_prob.databases import Database
from plurel_prob.models.database import Bucket, Draw
from plurel_prob.priors import Prior, get_prior
from plurel_prob.programs.values import default_mesh, mesh_of
from plurel_prob.sampling.programs import MAX_SEED, bucket_of, check_seed, draw, draw_on
from plurel_prob.sampling.rows import sample_rows, sample_to
from plurel_prob.sampling.streams import Stream, stream


def sample(
    seed: int = 0,
    prior: Prior | str | Path = "plurel",
    *,
    given: Mapping[str, Any] | None = None,
    bucket: Bucket | None = None,
) -> Database:
    r"""Draw the database of a seed. The same prior and seed give the same database, whatever else is drawn.

    With ``given``, some parts are fixed and the rest is drawn: what follows from them does so by the program; what does not is as
    it was without. A graph is conditioned on exactly: families, their parameters and orders come from their posterior. What is
    upstream of anything else is drawn from the prior, as under ``numpyro.handlers.condition``; :func:`log_density` has the
    density of what was given, for weights.

    Args:
        seed: 0 to 2147483647.
        prior: a :class:`Prior`, the name of one (``"plurel"``), or the path of a TOML file.
        given: what is fixed, by name:

            - ``n_table``; ``graph``: pairs (parent, child) of tables, or a ``networkx.DiGraph``; ``window``: two dates;
            - ``table_2.n_row``, ``table_2.n_column``, ``table_2.noise_level`` and other sites that a table has one of;
            - ``table_2.foreign_row_0``: the parent's row for every row;
            - ``table_2.feature_1.type``: ``"numerical"``, ``"boolean"`` or ``"categorical"``; ``table_2.feature_1.n_category``;
            - ``table_2.feature_1``: values, as :meth:`Database.do` takes them. A cell that is given is never missing;
            - ``table_2``: a data frame with all of the table's columns and any of its keys; without times;
            - any site by its name in the program (``links/n_level``): an array that fills it from its corner.
        bucket: sizes to compile for; by default the smallest that hold the database. They do not change the draw.

    Raises:
        ValueError: the seed is out of range, or the prior is unknown or wrong.
        DatabaseError: what is given is unknown, has the wrong form, contradicts itself, or is impossible under the prior.

    Example:
        >>> import plurel_prob
        >>> database = plurel_prob.sample(seed=0)  # doctest: +SKIP
        >>> database.tables["table_0"].head()  # doctest: +SKIP
        >>> plurel_prob.sample(seed=0, given={"n_table": 5, "table_2.feature_1.type": "numerical"})  # doctest: +SKIP
    """
    check_seed(seed)
    prior = get_prior(prior)
    if given:
        from plurel_prob.conditioning import sample_given

        return sample_given(seed, prior, given, bucket)
    return Database.from_draw(draw(prior, seed, bucket), seed, prior)


def sample_many(
    seeds: Iterable[int],
    prior: Prior | str | Path = "plurel",
    *,
    devices: Sequence[Device] | None = None,
    batch: int = 1,
) -> Iterator[Database]:
    """Draw the databases of ``seeds``; each equals ``sample(seed, prior)``, on several devices or in batches up to the
    rounding of numbers. They come in the order of the seeds.

    Args:
        seeds: 0 to 2147483647 each.
        prior: see :func:`sample`.
        devices: draw on these at the same time, e.g. ``jax.devices()``; by default on one.
        batch: databases that each device draws by one call of a program. Accelerators draw those of ``compact`` side by side;
            processors draw them one after another, and gain nothing.

    Raises:
        ValueError: ``batch`` is not positive; see :func:`sample`.
    """
    if batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch}")
    prior = get_prior(prior)
    mesh = default_mesh() if devices is None else mesh_of(devices)
    remaining = iter(seeds)
    while some := list(itertools.islice(remaining, mesh.size * batch)):
        for seed in some:
            check_seed(seed)
        for seed, drawn in zip(some, draw_on(mesh, prior, some, batch=batch), strict=True):
            yield Database.from_draw(drawn, seed, prior)


__all__ = ["MAX_SEED", "Draw", "bucket_of", "draw", "sample", "sample_many", "Stream", "sample_rows", "sample_to", "stream"]
