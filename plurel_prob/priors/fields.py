"""Fields of a prior: a distribution and what its support must satisfy."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpyro.distributions import Distribution, constraints

from plurel_prob.distributions.named import NamedPick
from plurel_prob.distributions.picks import Pick
from plurel_prob.errors import PriorError, reason, shown

MAX_COUNT = 1000  # of most things; arrays have room for that many
MAX_LIMIT = 100_000  # of limits on numbers that are smaller
MAX_DAY = 100_000  # since 1970, and before: dates that pandas knows


@dataclass(frozen=True)
class Requirement:
    """What a field's distribution must be: its kind of values, their range and its event shape."""

    is_discrete: bool
    low: float | int = -np.inf
    high: float | int = np.inf
    is_bounded: bool = False  # an upper bound fixes a static shape
    event_shape: tuple[int, ...] = ()

    def check(self, distribution: Distribution) -> None:
        """Raise :class:`PriorError` where ``distribution`` does not satisfy the requirement."""
        try:
            self._check(distribution)
        except PriorError:
            raise
        except Exception as error:  # of a distribution with arguments of a wrong type
            raise PriorError(f"{type(distribution).__name__} cannot be used: {reason(error)}") from None

    def _check(self, distribution: Distribution) -> None:
        if not isinstance(distribution, Distribution):
            raise PriorError(f"needs a distribution, got {shown(distribution)}")
        _check_parameters(distribution)
        shapes = distribution.batch_shape, distribution.event_shape
        if shapes != ((), self.event_shape):
            raise PriorError(f"needs batch and event shapes () and {self.event_shape}, got {shapes[0]} and {shapes[1]}")
        if distribution.support.is_discrete != self.is_discrete:
            raise PriorError(f"needs a {'discrete' if self.is_discrete else 'continuous'} distribution")
        low, high = support_bounds(distribution)
        if low > high:
            raise PriorError(f"its support [{low:g}, {high:g}] is empty")
        if low < self.low or high > self.high:
            raise PriorError(f"needs values in [{self.low:g}, {self.high:g}], its support is [{low:g}, {high:g}]")
        if self.is_bounded and not np.isfinite(high):
            raise PriorError("needs a distribution with an upper bound, which fixes the size of arrays")


def _check_parameters(distribution: Distribution) -> None:
    """Refuse parameters that are not finite, or no numbers."""
    for name in distribution.arg_constraints:
        value = getattr(distribution, name, None)
        if value is not None and not isinstance(value, Distribution) and not np.isfinite(np.asarray(value, float)).all():
            raise PriorError(f"{type(distribution).__name__} needs finite numbers, its {name} is {shown(value)}")


def support_bounds(distribution: Distribution) -> tuple[float, float]:
    """Smallest and largest value that a distribution's support allows."""
    support = distribution.support
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    low = getattr(support, "lower_bound", None)
    high = getattr(support, "upper_bound", None)
    if support is constraints.boolean:
        low, high = 0, 1
    return (-np.inf if low is None else float(np.min(low)), np.inf if high is None else float(np.max(high)))


def upper_bound(distribution: Distribution) -> int:
    """Largest integer of a bounded discrete distribution."""
    return int(support_bounds(distribution)[1])


def possible_values(distribution: Distribution) -> tuple[int, ...]:
    """Integers that a bounded discrete distribution may draw: its options, or all within its bounds."""
    low, high = support_bounds(distribution)
    return tuple(sorted(distribution.options)) if isinstance(distribution, Pick) else tuple(range(int(low), int(high) + 1))


def _field(requirement: Requirement, default: Callable[[], Distribution], doc: str) -> Any:
    return dataclasses.field(default_factory=default, metadata={"requirement": requirement, "doc": doc})


def count(default: Callable[[], Distribution], doc: str, low: int = 1, high: int = MAX_COUNT, is_bounded: bool = True) -> Any:
    """A field for a number of things, or for the index of an entry of a registry."""
    usual = default()
    high = len(usual.registry) - 1 if isinstance(usual, NamedPick) else high
    return _field(
        Requirement(is_discrete=True, low=low, high=high if is_bounded else np.inf, is_bounded=is_bounded), default, doc
    )


def real(default: Callable[[], Distribution], doc: str, low: float | int = -np.inf, high: float | int = np.inf) -> Any:
    """A field for a real number."""
    return _field(Requirement(is_discrete=False, low=low, high=high), default, doc)


def pair(default: Callable[[], Distribution], doc: str) -> Any:
    """A field for two days."""
    return _field(Requirement(is_discrete=True, low=-MAX_DAY, high=MAX_DAY, event_shape=(2,)), default, doc)


def constant(default: float | int, doc: str, low: float | int, high: float | int = np.inf) -> Any:
    """A field for a plain number in ``[low, high]``."""
    return dataclasses.field(default=default, metadata={"range": (low, high), "doc": doc})


def flag(default: bool, doc: str) -> Any:
    """A field that is true or false."""
    return dataclasses.field(default=default, metadata={"flag": True, "doc": doc})


def check_field(field: dataclasses.Field, value: Any) -> None:
    """Check the value of one field of a prior's dataclass; :class:`PriorError` says what it needs."""
    if "requirement" in field.metadata:
        try:
            field.metadata["requirement"].check(value)
        except PriorError as error:
            raise PriorError(f"{field.name}: {error}") from None
    elif "flag" in field.metadata and not isinstance(value, bool):
        raise PriorError(f"{field.name}: needs true or false, got {shown(value)}")
    elif "range" in field.metadata:
        low, high = field.metadata["range"]
        kind = int if field.type is int else (int, float)
        if not isinstance(value, kind) or isinstance(value, bool) or not low <= value <= high:
            number = "an integer" if field.type is int else "a number"
            raise PriorError(f"{field.name}: needs {number} in [{low:g}, {high:g}], got {shown(value)}")


def check_fields(prior: Any) -> None:
    """Check every field of a prior's dataclass; :class:`PriorError` names the field."""
    for field in dataclasses.fields(prior):
        check_field(field, getattr(prior, field.name))
