"""Drawing and writing databases in several processes."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def map_in_processes(work: Callable[[int], Result], seeds: Iterable[int], n_worker: int) -> Iterator[Result]:
    """Return ``work(seed)`` for every seed, in order; with more than one worker in processes of their own.

    Args:
        work: a function that can be pickled.
        seeds: what it is called with.
        n_worker: number of processes; 1 stays in this one.

    XLA runs programs on one thread each, if JAX has not been used yet and ``NPROC`` is not set in the environment.
    """
    # XLA runs a program on several threads otherwise, which costs processor time and gains next to nothing here
    os.environ.setdefault("NPROC", "1")
    if n_worker == 1:
        yield from map(work, seeds)
        return
    context = multiprocessing.get_context("spawn")  # JAX's threads do not survive a fork
    with ProcessPoolExecutor(n_worker, mp_context=context) as pool:
        try:
            yield from pool.map(work, seeds)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
