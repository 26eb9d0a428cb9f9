"""Compilation of programs ahead of their first call."""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

Result = TypeVar("Result")
_caches: list[Any] = []  # of functions that compile programs


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


def compile_program(program: Any, *arguments: Any) -> Callable[..., Any]:
    """Compile a jitted program for arguments of these shapes, or load it from JAX's persistent cache.

    What tracing makes stays, so that collecting garbage meanwhile would only take time.
    Afterwards the memory that compilation took, more than half a gigabyte, goes back to the system; glibc would keep it.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        compiled = program.lower(*arguments).compile()
    finally:
        if collects:
            gc.enable()
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim:
            trim(0)
    return compiled
