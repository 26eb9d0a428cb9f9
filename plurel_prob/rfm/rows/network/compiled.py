"""Compiled functions of networks."""

from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar

import equinox as eqx

# On an H200 a step (size base, 32 tasks of 800 rows) took over two minutes to compile while XLA tried kernels, and 29 s without.
OPTIONS = {"xla_gpu_autotune_level": 0}
P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R], donate: Literal["all-except-first", "none"] = "none") -> Callable[P, R]:
    """Compile a function for the shapes that it is called with; arguments that are donated are used up."""
    return eqx.filter_jit(function, donate=donate, compiler_options=OPTIONS)  # type: ignore[call-overload]
