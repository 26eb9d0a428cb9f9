"""Numbered values of columns, and those of columns of numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.declared.literals import decimal_of, exact
from plurel_prob.declared.narrow import steps_of
from plurel_prob.declared.schema import Column
from plurel_prob.errors import DatabaseError

GRID = 2**40  # values of a column of floats
MAX_STEP = 2**53  # values of a column of integers or decimals
MAX_DIGIT = 18  # after the point, of decimals without a precision
Rows = Int64[np.ndarray, " row"]
Spread = Callable[[Float64[np.ndarray, " row"]], Rows]


@dataclass(frozen=True)
class Domain:
    """The values of a column, numbered from 0.

    Attributes:
        size: how many there are.
        spread: numbers from 0 to 1, the places of rows in a column's distribution, to numbers of values.
        values: numbers of values to values.
        axis: numbers of values to what can be compared with other columns: numbers, or seconds. It rises.
    """

    size: int
    spread: Spread
    values: Callable[[Rows], Any]
    axis: Callable[[Rows], Float64[np.ndarray, " row"]] = lambda i: i.astype(np.float64)


def even(n: int) -> Spread:
    """Spread evenly over n values."""
    return lambda u: np.minimum((u * n).astype(np.int64), n - 1)


def as_objects(values: Any) -> pd.Series:
    """A column of Python's objects."""
    return pd.Series(list(values), dtype=object)


def _distance(scale: float, n: int) -> Spread:
    """Spread at an exponential distance from the first of n values."""
    return lambda u: np.minimum(-scale * np.log1p(-np.minimum(u, 1 - 1e-12)), n - 1).astype(np.int64)


def number_domain(column: Column, rng: np.random.Generator, where: str, is_counted: bool) -> Domain:
    """Integers, or decimals in steps of their last digit; see :func:`plurel_prob.declared.drawing.domains.domain_of`."""
    digits = _digits(column)
    unit = 10**digits
    least, most = _limits(column, unit)
    low, high = _bounds(column, unit, where)
    if (low is not None and low > most) or (high is not None and high < least):
        raise DatabaseError(f"{where}: no {column.kind} of its type satisfies its CHECK; widen the type or the range")
    low, high = None if low is None or low <= least else low, None if high is None or high >= most else high
    scale, is_normal = unit * 10 ** rng.uniform(0.5, 4), rng.random() < 0.2 and least < 0
    values = partial(_decimals if column.kind == "decimal" else _integers, digits=digits)
    if low is not None and high is not None:
        step = -(-(high - low + 1) // MAX_STEP)
        n = (high - low) // step + 1
        return _domain(n, even(n), values, low, step, unit)
    if high is not None:
        n = min(high - least + 1, MAX_STEP)
        towards_low = _distance(min(scale, n / 5), n)
        return _domain(n, lambda u: n - 1 - towards_low(1 - u), values, high - n + 1, 1, unit)
    if low is None and is_normal and not is_counted:
        start = max(least, -MAX_STEP // 2)
        n = min(most - start + 1, MAX_STEP)
        return _domain(n, partial(_around, centre=-start, scale=min(scale, n / 10), n=n), values, start, 1, unit)
    start = low if low is not None else min(most, 1) if is_counted else max(least, 0)
    n = min(most - start + 1, MAX_STEP)
    return _domain(n, _distance(min(scale, n / 5), n), values, start, 1, unit)


def _domain(n: int, spread: Spread, values: Callable[..., Any], start: int, step: int, unit: int) -> Domain:
    return Domain(n, spread, partial(values, start=start, step=step), lambda i: (i * float(step) + start) / unit)


def _digits(column: Column) -> int:
    """Digits after the point; of decimals without a precision two, or as many as give a short range 1,000 steps."""
    if column.kind == "integer":
        return 0
    if column.precision is not None or column.scale is not None:
        return column.scale or 0
    if column.low is None or column.high is None or column.high <= column.low:
        return 2
    width = Fraction(exact(column.high)) - Fraction(exact(column.low))
    return min(MAX_DIGIT, max(2, math.ceil(math.log10(1000 / width))))


def _limits(column: Column, unit: int) -> tuple[int, int]:
    """First and last value that the type holds, in steps of 1 / unit."""
    if column.kind == "integer":
        bits = column.bits or 64
        return (0, 2**bits - 1) if column.is_unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    most = 10 ** (column.precision or MAX_DIGIT) - 1
    return -most, most


def _bounds(column: Column, unit: int, where: str) -> tuple[int | None, int | None]:
    """First and last value that the CHECK allows, in steps of 1 / unit."""
    low, high = steps_of(column, unit)
    if low is not None and high is not None and low > high:
        raise DatabaseError(f"{where}: no value satisfies its CHECK, from {column.low} to {column.high}; widen the range")
    return low, high


def _around(u: np.ndarray, *, centre: int, scale: float, n: int) -> Rows:
    """Spread as a logistic law around a value."""
    u = np.clip(u, 1e-9, 1 - 1e-9)
    return np.clip(centre + np.round(scale * np.log(u / (1 - u)) / 1.7), 0, n - 1).astype(np.int64)


def _integers(i: Rows, *, start: int, step: int, digits: int) -> Any:
    if max(abs(start), abs(start + step * int(i.max(initial=0)))) < 2**62:
        return pd.array(i * step + start, dtype="Int64")
    numbers = [k * step + start for k in i.tolist()]
    return pd.array(numbers, dtype="UInt64" if max(numbers, default=0) >= 2**63 else "Int64")


def _decimals(i: Rows, *, start: int, step: int, digits: int) -> pd.Series:
    return as_objects(decimal_of(k * step + start, digits) for k in i.tolist())


def float_domain(column: Column, rng: np.random.Generator, where: str) -> Domain:
    """Floats on a grid, or all that there are between two bounds; see :func:`plurel_prob.declared.drawing.domains.domain_of`."""
    low, high = (None if bound is None else float(bound) for bound in (column.low, column.high))
    first = None if low is None else float(np.nextafter(low, np.inf)) if column.is_low_open else low
    last = None if high is None else float(np.nextafter(high, -np.inf)) if column.is_high_open else high
    if first is not None and last is not None:
        if first > last:
            raise DatabaseError(f"{where}: no value satisfies its CHECK, from {low} to {high}; widen the range")
        return _between(first, last)
    bound = first if first is not None else last
    scale = 10 ** rng.uniform(0, 3)
    if bound is not None:  # steps that the bound's neighbours can be told apart by
        scale = max(scale, 2 * GRID * float(np.spacing(abs(bound))))

    def values(i: Rows) -> pd.Series:
        u = (i + 0.5) / GRID
        if first is not None:
            return pd.Series(np.maximum(first - scale * np.log1p(-u), first))
        return pd.Series(scale * np.log(u / (1 - u)) / 1.7 if last is None else np.minimum(last + scale * np.log(u), last))

    return Domain(GRID, even(GRID), values, lambda i: values(i).to_numpy(np.float64))


def _between(first: float, last: float) -> Domain:
    """Evenly spread floats; all, where they are few."""
    step = float(np.spacing(max(abs(first), abs(last))))
    n = int(min(GRID, last / step - first / step + 1))

    def values(i: Rows) -> np.ndarray:
        u = (i + 0.5) / n
        found = first + i * step if n < GRID else first * (1 - u) + last * u
        return np.clip(found, first, last)

    return Domain(n, even(n), lambda i: pd.Series(values(i)), values)
