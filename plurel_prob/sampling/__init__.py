"""Drawing databases: one, or one after another."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from plurel_prob.databases import Database
from plurel_prob.models.database import Bucket, Draw
from plurel_prob.priors import Prior, get_prior
from plurel_prob.sampling.programs import bucket_of, draw

MAX_SEED = 2**31 - 1


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
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be 0 to {MAX_SEED}, got {seed}")
    prior = get_prior(prior)
    return Database.from_draw(draw(prior, seed, bucket), seed, prior)


def sample_many(seeds: Iterable[int], prior: Prior | str | Path = "plurel") -> Iterator[Database]:
    """Draw the databases of ``seeds``, one after another; each equals ``sample(seed, prior)``."""
    prior = get_prior(prior)
    for seed in seeds:
        yield sample(seed, prior)


__all__ = ["Draw", "bucket_of", "draw", "sample", "sample_many"]
