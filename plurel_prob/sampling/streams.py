"""Databases one after another, as many as a training loop wants."""

import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from plurel_prob.compiled.programs import MAX_SEED, check_seed, draw, draw_on_device
from plurel_prob.databases import Database
from plurel_prob.models.database import Draw
from plurel_prob.priors import Prior, get_prior

FORMS = ("tables", "arrays")


class Stream:
    """An iterator over databases; see :func:`stream`.

    Attributes:
        position: how many databases it has given: a stream that starts there goes on with the next.
    """

    def __init__(self, seeds: Sequence[int], draw_seed: Callable[[int], Any], position: int, prefetch: int):
        self.position, self._seeds, self._draw, self._prefetch = position, seeds, draw_seed, prefetch
        self._ahead: deque[Future] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plurel-prob-stream")
        self._finalizer = weakref.finalize(self, self._thread.shutdown, wait=False, cancel_futures=True)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Any:
        following = self.position + len(self._ahead)
        while self._finalizer.alive and len(self._ahead) <= self._prefetch and following < len(self._seeds):
            self._ahead.append(self._thread.submit(self._draw, self._seeds[following]))
            following += 1
        if not self._ahead:
            self.close()
            raise StopIteration
        drawn = self._ahead.popleft().result()
        self.position += 1
        return drawn

    def close(self) -> None:
        """Draw no more; what is being drawn is finished, and its thread ends."""
        self._finalizer.detach()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._ahead.clear()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def stream(
    seeds: Sequence[int] | None = None,
    prior: Prior | str | Path = "plurel",
    *,
    position: int = 0,
    shard: tuple[int, int] = (0, 1),
    prefetch: int = 2,
    form: str = "tables",
) -> Stream:
    """Draw databases one after another, some of them ahead in a thread of their own.

    Args:
        seeds: their seeds, in order; by default 0, 1, 2, ..., without end (up to 2147483647).
        prior: see :func:`plurel_prob.sample`.
        position: how many to leave out: a stream that starts at the :attr:`~Stream.position` of another goes on where that was.
        shard: ``(i, n)``: every n-th seed only, from the i-th on, so that n workers share the seeds.
        prefetch: databases that are drawn ahead.
        form: ``"tables"``: each is a :class:`Database`; ``"arrays"``: what the program returns, on the device.

    Raises:
        ValueError: a seed, position, shard, number or form is out of range, or the prior is unknown or wrong.

    Example:
        >>> import itertools, plurel_prob
        >>> for database in itertools.islice(plurel_prob.stream(), 100):  # doctest: +SKIP
        ...     train_on(database.tables)
    """
    index, n_shard = shard
    if not 0 <= index < n_shard:
        raise ValueError(f"shard must be (i, n) with i from 0 to n-1, got {shard}")
    if position < 0 or prefetch < 0:
        raise ValueError(f"position and prefetch must not be negative, got {position} and {prefetch}")
    if form not in FORMS:
        raise ValueError(f"form must be {' or '.join(FORMS)}, got {form!r}")
    model = get_prior(prior)

    def tables(seed: int) -> Database:
        check_seed(seed)
        return Database.from_draw(draw(model, seed), seed, model)

    def arrays(seed: int) -> Draw:
        check_seed(seed)
        return draw_on_device(model, seed)

    chosen = (range(MAX_SEED + 1) if seeds is None else seeds)[index::n_shard]
    return Stream(chosen, tables if form == "tables" else arrays, position, prefetch)
