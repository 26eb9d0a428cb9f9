"""Databases for Grain (extra ``grain``), which shuffles, shards, prefetches and checkpoints."""

from collections.abc import Sequence
from pathlib import Path

from grain.sources import RandomAccessDataSource

from plurel_prob.databases import Database
from plurel_prob.priors import Prior, get_prior
from plurel_prob.sampling import MAX_SEED, sample


class DatabaseSource(RandomAccessDataSource[Database]):
    """A data source whose element ``i`` is the database of the ``i``-th seed, drawn when it is asked for.

    Args:
        seeds: their seeds; by default 0, 1, 2, ... up to 2147483647.
        prior: see :func:`plurel_prob.sample`.

    Example:
        >>> import grain
        >>> from plurel_prob.adapters.grain import DatabaseSource
        >>> dataset = grain.MapDataset.source(DatabaseSource(range(1000))).shuffle(seed=0)  # doctest: +SKIP
        >>> iterator = iter(dataset.to_iter_dataset())  # doctest: +SKIP
    """

    def __init__(self, seeds: Sequence[int] | None = None, prior: Prior | str | Path = "plurel"):
        self.seeds, self.prior = range(MAX_SEED + 1) if seeds is None else seeds, get_prior(prior)

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> Database:
        return sample(self.seeds[index], self.prior)

    def __repr__(self) -> str:
        return f"DatabaseSource({self.seeds!r}, {self.prior.name} {self.prior.fingerprint})"
