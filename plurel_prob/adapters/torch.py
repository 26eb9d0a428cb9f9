"""Databases for PyTorch's ``DataLoader`` (extra ``torch``)."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch.distributed
from torch.utils.data import IterableDataset, get_worker_info

from plurel_prob.databases import Database
from plurel_prob.priors import Prior, get_prior
from plurel_prob.sampling import MAX_SEED, stream


class Databases(IterableDataset):
    """Databases one after another; workers of a loader, and ranks of a process group, share the seeds.

    A loader takes ``batch_size=None``, since databases do not stack, and with workers ``multiprocessing_context="spawn"``.

    Args:
        seeds: see :func:`plurel_prob.stream`.
        prior: see :func:`plurel_prob.sample`.
        position: how many databases to leave out: as many as the loader, in all ranks together, has given before.
        prefetch: databases that every worker draws ahead.
        transform: what is made of a :class:`~plurel_prob.Database` where it is drawn, such as tensors; a function that can be
            pickled. By default the database itself.

    Example:
        >>> from torch.utils.data import DataLoader
        >>> from plurel_prob.adapters.torch import Databases
        >>> loader = DataLoader(Databases(), batch_size=None, num_workers=2, multiprocessing_context="spawn")  # doctest: +SKIP
    """

    def __init__(
        self,
        seeds: Sequence[int] | None = None,
        prior: Prior | str | Path = "plurel",
        *,
        position: int = 0,
        prefetch: int = 1,
        transform: Callable[[Database], Any] | None = None,
    ):
        super().__init__()
        self.seeds = (range(MAX_SEED + 1) if seeds is None else seeds)[position:]
        self.prior, self.prefetch, self.transform = get_prior(prior), prefetch, transform

    def __iter__(self) -> Iterator[Any]:
        with stream(self.seeds, self.prior, shard=_shard(), prefetch=self.prefetch) as databases:
            for database in databases:
                yield database if self.transform is None else self.transform(database)


def _shard() -> tuple[int, int]:
    """Which of how many processes this is."""
    worker, worker_id, n_worker = get_worker_info(), 0, 1
    if worker is not None:
        if type(multiprocessing.current_process()).__name__ == "ForkProcess":
            raise RuntimeError('JAX does not survive a fork: give the DataLoader multiprocessing_context="spawn"')
        worker_id, n_worker = worker.id, worker.num_workers
    rank, n_rank = 0, 1
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        rank, n_rank = torch.distributed.get_rank(), torch.distributed.get_world_size()
    return worker_id * n_rank + rank, n_worker * n_rank
