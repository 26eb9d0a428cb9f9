"""Compilation of programs ahead of their first call."""

import ctypes
import gc
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import jax
from jax import Device
from jax.stages import Compiled, Lowered

from plurel_prob.programs.files import use_compilation_cache
from plurel_prob.programs.stored import file_of, keep, load, waiting_for_others

Result = TypeVar("Result")
HIT = "/jax/compilation_cache/cache_hits"

_caches: list[Any] = []  # of functions that compile programs
_hits: list[str] = []  # events of JAX's cache: programs that were found there
_tracing = threading.RLock()  # NumPyro's handlers are on one stack, whatever the thread
jax.monitoring.register_event_listener(lambda event, **_: _hits.append(event) if event == HIT else None)


def kept(n_program: int) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Keep the last ``n_program`` results of a function that compiles programs, until :func:`unload`."""

    def decorate(compiles: Callable[..., Result]) -> Callable[..., Result]:
        cached = lru_cache(maxsize=n_program)(compiles)
        _caches.append(cached)
        return cached

    return decorate


def unload() -> None:
    """Forget all compiled programs: each takes about half a gigabyte and a thousand memory maps."""
    for cached in _caches:
        cached.cache_clear()


def compile_program(name: str, lower: Callable[[], Lowered], devices: Sequence[Device]) -> Compiled:
    """Compile a program, or load it from its file (:mod:`plurel_prob.programs.stored`), without tracing it.

    Programs are kept, see :func:`plurel_prob.programs.files.use_compilation_cache`. Threads may compile at the same
    time; they trace one after another.

    Args:
        name: says what the program computes, and of which shapes: two that differ have different names.
        lower: traces and lowers it.
        devices: what it is compiled for.
    """
    use_compilation_cache()
    path = file_of(name, devices)
    compiled = path and load(path, devices)
    if not compiled:
        if path:
            with waiting_for_others(path):
                compiled = load(path, devices) or _compile_and_keep(path, lower)
        else:
            _say_once()
            compiled = _traced(lower).compile()
        gc.collect()
    _trim()
    return compiled


def _compile_and_keep(path: Path, lower: Callable[[], Lowered]) -> Compiled:
    """Compile a program that has a file of its own."""
    _say_once()
    with _left_out_of_cache:
        lowered, n_hit = _traced(lower), len(_hits)
        compiled = lowered.compile()
        found_in_cache = len(_hits) > n_hit
    if not found_in_cache:
        keep(path, compiled)
    return compiled


@cache
def _say_once() -> None:
    """Say why nothing is drawn for a while; nobody else would."""
    print("plurel_prob: compiling for up to a minute; the program is kept for next time", file=sys.stderr, flush=True)


def _traced(lower: Callable[[], Lowered]) -> Lowered:
    """Trace and lower a program; no garbage is collected, as what tracing makes stays, and to look for it takes seconds."""
    with _tracing:
        collects = gc.isenabled()
        gc.disable()
        try:
            return lower()
        finally:
            if collects:
                gc.enable()


def _trim() -> None:
    """Give memory that is free back to the system, which glibc would keep: compiling takes more than half a gigabyte."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim:
            trim(0)


class _LeftOutOfCache:
    """Keeps programs that have files of their own out of JAX's cache: what it loads, written again, lacks functions.

    JAX has one setting for all threads: the first that enters changes it, the last that leaves puts it back.
    """

    def __init__(self) -> None:
        self._lock, self._n_inside, self._before = threading.Lock(), 0, 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._n_inside:
                self._before = jax.config.jax_persistent_cache_min_compile_time_secs  # type: ignore[attr-defined]
                jax.config.update("jax_persistent_cache_min_compile_time_secs", float("inf"))
            self._n_inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if not self._n_inside:
                jax.config.update("jax_persistent_cache_min_compile_time_secs", self._before)


_left_out_of_cache = _LeftOutOfCache()
