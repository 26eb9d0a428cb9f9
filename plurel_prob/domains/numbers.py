"""Numbered values of columns, and those of columns of numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.declared.literals import decimal_of, exact
from plurel_prob.declared.narrow import steps_of
from plurel_prob.declared.schema import Column
from plurel_prob.domains.numbering import FINE, MAX_SIZE, Numbering, Positions, numbering, spread
from plurel_prob.errors import DatabaseError

GRID = 2**40  # values of a column of floats
FAR = 64  # scales of a law, beyond which no value is
LARGE = 10**6  # values of laws without bounds are below, nearly always
MAX_DIGIT, MOST_DIGITS = 18, 70  # of decimals without a precision; where their bounds ask for more
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
        exact: the same as fractions, of integers and decimals.
        is_wide: whether floats, and so the axis, do not tell all values apart.
    """

    size: int
    spread: Spread
    values: Callable[[Rows], Any]
    axis: Callable[[Rows], Float64[np.ndarray, " row"]] = lambda i: i.astype(np.float64)
    exact: Callable[[Rows], np.ndarray] | None = None
    is_wide: bool = False


def even(n: int) -> Spread:
    """Spread evenly over n values."""
    return lambda u: np.minimum((u * n).astype(np.int64), n - 1)


def as_objects(values: Any) -> pd.Series:
    """A column of Python's objects."""
    return pd.Series(list(values), dtype=object)


def first_place(domain: Domain, holds: Callable[[Float64[np.ndarray, " row"]], np.ndarray]) -> Rows:
    """Smallest number of a value for which a condition holds that holds for all greater values; ``size`` if there is none."""
    n = len(holds(domain.axis(np.zeros(1, np.int64))))
    low, high = np.zeros(n, np.int64), np.full(n, domain.size)
    while (low < high).any():
        middle = np.minimum(low + (high - low) // 2, domain.size - 1)
        is_there = holds(domain.axis(middle))
        active = low < high
        high, low = np.where(active & is_there, middle, high), np.where(active & ~is_there, middle + 1, low)
    return low


def last_place(domain: Domain, holds: Callable[[Float64[np.ndarray, " row"]], np.ndarray]) -> Rows:
    """Greatest number of a value for which a condition holds that holds for all smaller values; -1 if there is none."""
    return first_place(domain, lambda value: ~holds(value)) - 1


def nearest(domain: Domain, value: Float64[np.ndarray, " row"]) -> Rows:
    """Numbers of the values next to some numbers: the least that is not below, but for rounding, or the last."""
    return np.minimum(first_place(domain, lambda axis: axis >= value - 1e-9 * np.abs(value)), domain.size - 1)


def number_domain(column: Column, rng: np.random.Generator, where: str, is_counted: bool) -> Domain:
    """Integers, or decimals in steps of their last digit; see :func:`plurel_prob.domains.columns.domain_of`."""
    digits = _digits(column)
    unit = 10**digits
    least, most = _limits(column, unit)
    low, high = _bounds(column, unit, where)
    if (low is not None and low > most) or (high is not None and high < least):
        raise DatabaseError(f"{where}: no {column.kind} of its type satisfies its CHECK; widen the type or the range")
    low, high = None if low is None or low <= least else low, None if high is None or high >= most else high
    scale, is_normal = unit * 10 ** rng.uniform(0.5, 4), rng.random() < 0.2 and least < 0
    fine = rng.spawn(1)[0]  # of its own: other columns stay what they are
    reach = max(FINE, int(FAR * scale))
    if low is not None and high is not None:
        numbers = numbering(low, high - low + 1, fine)
        return _domain(column, numbers, lambda u: u * numbers.n, digits, fine)
    if high is not None:
        n = min(high - least + 1, reach)
        near = min(scale, n / 5)
        numbers = numbering(high - n + 1, n, fine)
        return _domain(column, numbers, lambda u: n - 1 - np.floor(_distance(1 - u, near)), digits, fine)
    if low is None and is_normal and not is_counted:
        start = max(least, -reach // 2)
        n = min(most - start + 1, reach)
        numbers = numbering(start, n, fine)
        return _domain(column, numbers, partial(_around, centre=-start, scale=min(scale, n / 10)), digits, fine)
    if is_counted and low is None and unit * LARGE > FINE:
        return _domain(column, _counting(unit, most), lambda u: _distance(u, LARGE), digits, fine)
    start = low if low is not None else min(most, 1) if is_counted else max(least, 0)
    numbers = numbering(start, min(most - start + 1, reach), fine)
    return _domain(column, numbers, partial(_distance, scale=min(scale, numbers.n / 5)), digits, fine)


def reach_of(column: Column, where: str) -> tuple[int, int, int]:
    """First and last value that is drawn of integers or decimals, nearly always, in steps of the last digit; and its place."""
    digits = _digits(column)
    far = LARGE * 10**digits
    least, most = _limits(column, 10**digits)
    low, high = _bounds(column, 10**digits, where)
    first = low if low is not None else -far if high is None else high - far
    last = high if high is not None else far if low is None else low + far
    return max(least, first), min(most, last), digits


def _counting(unit: int, most: int) -> Numbering:
    """Numbers from 1 on, if a type has so many that there is room for most tables, or else in steps of a power of ten."""
    step = min(unit, 10 ** max(0, len(str(most)) - 13))
    return Numbering(step, min(most // step, FINE), step)


def _domain(column: Column, numbers: Numbering, position: Positions, digits: int, rng: np.random.Generator) -> Domain:
    """Domain of integers or decimals, which are numbers of steps of their last digit."""
    unit, start, step = 10**digits, numbers.start, numbers.step
    is_wide = max(abs(start), abs(numbers.last)) > FINE
    return Domain(
        numbers.size,
        spread(position, numbers, rng),
        partial(_decimals if column.kind == "decimal" else _integers, numbers=numbers, digits=digits),
        (lambda i: (i * float(step) + start) / unit) if numbers.n <= FINE else lambda i: np.array(numbers.exact(i), float) / unit,
        lambda i: as_objects(Fraction(number, unit) for number in numbers.exact(i)).to_numpy(),
        is_wide,
    )


def _digits(column: Column) -> int:
    """Digits after the point; of decimals without a precision two, or as many as give a short range 1,000 steps."""
    if column.kind == "integer":
        return 0
    if column.precision is not None or column.scale is not None:
        return column.scale or 0
    if column.low is None or column.high is None or column.high < column.low:
        return 2
    low, high = (Fraction(exact(bound)) for bound in (column.low, column.high))
    if low == high:
        return max(2, -int(Decimal(exact(column.low)).as_tuple().exponent))
    return min(MOST_DIGITS, max(2, math.ceil(math.log10(1000 / (high - low)))))


def _limits(column: Column, unit: int) -> tuple[int, int]:
    """First and last value that the type holds, in steps of 1 / unit; more than usual only where the bounds ask for them."""
    bound = max((abs(step) for step in steps_of(column, unit) if step is not None), default=0)
    if column.kind == "integer":
        bits = column.bits or (64 if bound < 2**63 else 128)
        return (0, 2**bits - 1) if column.is_unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    most = 10 ** (column.precision or max(MAX_DIGIT, len(str(bound)) + 1)) - 1
    return -most, most


def _bounds(column: Column, unit: int, where: str) -> tuple[int | None, int | None]:
    """First and last value that the CHECK allows, in steps of 1 / unit."""
    low, high = steps_of(column, unit)
    if low is not None and high is not None and low > high:
        raise DatabaseError(f"{where}: no value satisfies its CHECK, from {column.low} to {column.high}; widen the range")
    return low, high


def _distance(u: np.ndarray, scale: float) -> np.ndarray:
    """Exponential distance from the first number."""
    return -scale * np.log1p(-np.minimum(u, 1 - 1e-12))  # u can be 1 after rounding: a distance of at most 28 scales


def _around(u: np.ndarray, *, centre: int, scale: float) -> np.ndarray:
    """Logistic law around a number."""
    u = np.clip(u, 1e-9, 1 - 1e-9)
    return centre + np.round(scale * np.log(u / (1 - u)) / 1.7)


def _integers(i: Rows, *, numbers: Numbering, digits: int) -> Any:
    """Integers; decimals where 64 bits are too few."""
    if numbers.n <= MAX_SIZE and max(abs(numbers.start), abs(numbers.last)) < 2**63:
        return pd.array(i * numbers.step + numbers.start, dtype="Int64")
    values = numbers.exact(i)
    if max(map(abs, values), default=0) < 2**63:
        return pd.array(values, dtype="Int64")
    return pd.array(values, dtype="UInt64") if min(values) >= 0 and max(values) < 2**64 else as_objects(map(Decimal, values))


def _decimals(i: Rows, *, numbers: Numbering, digits: int) -> pd.Series:
    return as_objects(decimal_of(number, digits) for number in numbers.exact(i))


def float_domain(column: Column, rng: np.random.Generator, where: str) -> Domain:
    """Floats on a grid, or all that there are between two bounds; see :func:`plurel_prob.domains.columns.domain_of`."""
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
