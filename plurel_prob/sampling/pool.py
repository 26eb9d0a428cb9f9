"""Drawing and writing databases in several processes."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Result = TypeVar("Result")


class WorkerLost(RuntimeError):
    """A process that draws has died."""


def map_in_processes(work: Callable[[int], Result], seeds: Iterable[int], n_worker: int) -> Iterator[Result]:
    """Return ``work(seed)`` for every seed, in order; with more than one worker in processes of their own.

    Args:
        work: a function that can be pickled.
        seeds: what it is called with.
        n_worker: number of processes; 1 stays in this one.

    Raises:
        WorkerLost: a process was killed, by a person or for want of memory. What was returned before is complete.

    XLA runs programs on one thread each, if JAX has not been used yet and ``NPROC`` is not set in the environment.
    """
    # XLA runs a program on several threads otherwise, which costs processor time and gains next to nothing here
    os.environ.setdefault("NPROC", "1")
    if n_worker == 1:
        yield from map(work, seeds)
        return
    context = multiprocessing.get_context("spawn")  # JAX's threads do not survive a fork
    with ProcessPoolExecutor(n_worker, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            yield from pool.map(work, seeds)
        except BrokenProcessPool:
            message = "a worker process was killed, perhaps for want of memory; what is written is complete: run this again"
            raise WorkerLost(message) from None
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, even if that was killed: it would wait for work forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
