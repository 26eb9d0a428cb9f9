"""Batches that are made while the network is busy."""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")
N_AHEAD = 2


def made_ahead(make: Callable[[int], Batch], first: int, end: int) -> Generator[Batch, None, None]:
    """Give ``make(first)`` to ``make(end - 1)``, made ahead in a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="plurel-prob-batches") as thread:
        ahead: deque[Future[Batch]] = deque()
        try:
            for k in range(first, end):
                while len(ahead) <= N_AHEAD and k + len(ahead) < end:
                    ahead.append(thread.submit(make, k + len(ahead)))
                yield ahead.popleft().result()
        finally:
            thread.shutdown(cancel_futures=True)
