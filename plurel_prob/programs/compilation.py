"""Compilation of programs ahead of their first call."""

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any, TypeVar

import jax
from jax import Device
from jax.stages import Compiled, Lowered

from plurel_prob.programs.stored import file_of, keep, load

Result = TypeVar("Result")
HIT = "/jax/compilation_cache/cache_hits"

_caches: list[Any] = []  # of functions that compile programs
_hits: list[str] = []  # events of JAX's cache: programs that were found there
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

    What tracing makes stays, so that collecting garbage meanwhile would only take time.

    Args:
        name: says what the program computes, and of which shapes: two that differ have different names.
        lower: traces and lowers it.
        devices: what it is compiled for.
    """
    path = file_of(name, devices)
    loaded = path and load(path, devices)
    if loaded:
        _trim()
        return loaded
    collects = gc.isenabled()
    gc.disable()
    try:
        with _left_out_of_cache() if path else nullcontext():
            lowered, n_hit = lower(), len(_hits)
            compiled = lowered.compile()
            found_in_cache = len(_hits) > n_hit
    finally:
        if collects:
            gc.enable()
    if path and not found_in_cache:
        keep(path, compiled)
    gc.collect()
    _trim()
    return compiled


def _trim() -> None:
    """Give memory that is free back to the system, which glibc would keep: compiling takes more than half a gigabyte."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim:
            trim(0)


@contextmanager
def _left_out_of_cache() -> Iterator[None]:
    """Keep programs that have files of their own out of JAX's cache: what it loads, written again, lacks functions."""
    seconds = jax.config.jax_persistent_cache_min_compile_time_secs  # type: ignore[attr-defined]
    jax.config.update("jax_persistent_cache_min_compile_time_secs", float("inf"))
    try:
        yield
    finally:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", seconds)
