"""Drawing and writing databases in several processes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from plurel_prob.errors import WorkerLost

Result = TypeVar("Result")


SEEDS_PER_WORKER = 16  # a process takes seconds to start, in which another draws about as many


def default_workers(n_seed: int) -> int:
    """How many processes draw this many databases, unless somebody says: at most one a core."""
    return max(1, min(os.cpu_count() or 1, n_seed // SEEDS_PER_WORKER))


def map_in_processes(work: Callable[[int], Result], seeds: Iterable[int], n_worker: int) -> Generator[Result]:
    """Return ``work(seed)`` for every seed, in order; with more than one worker in processes of their own.

    These are killed when this process is told to end, or the generator is closed: what they write appears when it is complete.

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
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(n_worker, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            with _keeping_interrupts():
                results = pool.map(work, seeds)
            yield from results
        except BrokenProcessPool:
            message = "a worker process was killed, perhaps for want of memory; what is written is complete: run this again"
            raise WorkerLost(message) from None
        except BaseException as error:
            if not isinstance(error, Exception):  # a compilation that runs takes minutes
                for process in set(multiprocessing.active_children()).difference(others):
                    process.kill()
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _keeping_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started meanwhile; a terminal sends it to all, and this one ends the others."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, even if that was killed: it would wait for work forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
