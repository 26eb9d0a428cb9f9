"""Drawing and writing databases as tasks of a Ray cluster."""

import logging
import os
import signal
import socket
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Generic, TypeVar

from plurel_prob.errors import DatabaseError, WorkerLost

Result = TypeVar("Result")

N_RETRY = 3  # of a seed whose worker was lost
PATIENCE = 5.0  # seconds for a cluster to answer
GRACE = 60.0  # seconds for running tasks to end when one has failed


def map_on_ray(
    work: Callable[[int], Result], seeds: Iterable[int], n_worker: int | None = None, address: str | None = None
) -> Generator[Result]:
    """Return ``work(seed)`` for every seed, in order, each drawn by a task on one processor core.

    A seed whose worker was killed, or whose node was lost, is drawn again, up to three times; so ``work`` has to leave what
    is complete as it is.

    Args:
        work: a function that can be pickled, from a package that all nodes have.
        seeds: what it is called with.
        n_worker: tasks that run at the same time; by default as many as the cluster has cores, whenever that changes.
        address: host:port of the cluster, or ``auto`` for the one on this machine; by default one is started here, and ended.

    Raises:
        DatabaseError: there is no cluster at the address, or it has another version of this package.
        WorkerLost: a seed has lost four workers.
    """
    seeds, done = list(seeds), dict[int, Result]()
    left = iter(seeds)
    with _connected(address) as ray:
        tasks = _Tasks(ray, work)
        try:
            for seed in seeds:
                while seed not in done:
                    # more tasks than cores wait in Ray, which keeps workers busy and lets a cluster grow
                    n_task = n_worker or max(2 * int(ray.cluster_resources().get("CPU", 0)), 1)
                    while len(tasks.running) < n_task and (following := next(left, None)) is not None:
                        tasks.start(following)
                    done |= tasks.next_result()
                yield done.pop(seed)
        except BaseException as error:
            tasks.end(at_once=not isinstance(error, Exception))
            raise


class _Tasks(Generic[Result]):
    """Tasks of Ray that run or wait there, a seed each."""

    def __init__(self, ray: Any, work: Callable[[int], Result]):
        self.ray, self.work = ray, work
        self.task = ray.remote(num_cpus=1, max_retries=0)(_run)  # retries of Ray's own have no end where memory is short
        self.running: dict[Any, int] = {}
        self.n_lost: Counter[int] = Counter()

    def start(self, seed: int) -> None:
        self.running[self.task.remote(self.work, seed, version("plurel-prob"))] = seed

    def next_result(self) -> dict[int, Result]:
        """Wait for a task to end; return its seed and result, or nothing if its worker was lost and it is started again."""
        [ready], _ = self.ray.wait(list(self.running), num_returns=1)
        seed = self.running.pop(ready)
        try:
            return {seed: self.ray.get(ready)}
        except self.ray.exceptions.RayTaskError as error:
            raise _reason(error.cause) from None
        except self.ray.exceptions.RayError as error:
            self.n_lost[seed] += 1
            if self.n_lost[seed] > N_RETRY:
                raise _lost(seed, self.n_lost[seed], error) from None
            self.start(seed)
            return {}

    def end(self, *, at_once: bool) -> None:
        """End all tasks: what they are writing is removed, or completed.

        Those that have not ended after a minute, or ``at_once`` after some seconds, end with their processes. These are
        compiling, most likely, which nothing interrupts; what one leaves half-written, the next run removes.
        """
        for force, patience in ((False, PATIENCE if at_once else GRACE), (True, PATIENCE)):
            for reference in self.running:
                self.ray.cancel(reference, force=force)
            if self.running:
                _, left = self.ray.wait(list(self.running), num_returns=len(self.running), timeout=patience)
                self.running = {reference: self.running[reference] for reference in left}


def _reason(cause: Exception) -> Exception:
    """What a task failed by; clearer where a node lacks this package."""
    if isinstance(cause, ImportError) or "failed to import on the worker" in str(cause):
        last = str(cause).strip().splitlines()[-1]
        return DatabaseError(f"--engine ray: all nodes need plurel-prob and the extras that are used here: {last}")
    return cause


def _lost(seed: int, n: int, error: Exception) -> WorkerLost:
    kind = type(error).__name__
    return WorkerLost(f"seed {seed}: {n} workers that drew it were lost ({kind}); what is written is complete: run this again")


def _run(work: Callable[[int], Result], seed: int, expected: str) -> Result:
    """Call ``work`` in a worker of Ray, on one thread."""
    os.environ.setdefault("NPROC", "1")
    if version("plurel-prob") != expected:
        host, here = socket.gethostname(), version("plurel-prob")
        raise DatabaseError(f"--engine ray: {host} has plurel-prob {here}, not {expected}; all nodes need the same version")
    return work(seed)


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Connect to a cluster, or start one on this machine; end it, or leave it, afterwards."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise DatabaseError('--engine ray needs Ray: pip install "plurel-prob[ray]"') from None
    heeding = signal.getsignal(signal.SIGTERM)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        with warnings.catch_warnings():
            # JAX warns of forks; Ray's processes call exec at once, as they should
            warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
            if address is None:
                ray.init(address="local", include_dashboard=False, **quiet)
            else:
                _check_answer(address)
                ray.init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        place = "a local Ray" if address is None else f"--address {address}"
        raise DatabaseError(f"{place}: cannot connect: {error}") from None
    finally:
        signal.signal(signal.SIGTERM, heeding)  # Ray has put its own in place
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_answer(address: str) -> None:
    """Try an address for some seconds: Ray itself waits for minutes.

    Raises:
        OSError: nothing answers there.
        ValueError: it is no address.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise ValueError("needs host:port, such as 10.0.0.1:6379, or auto")
    socket.create_connection((host, int(port)), PATIENCE).close()
