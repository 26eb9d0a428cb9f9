"""The values that a declared column can have, numbered, and how a causal model's numbers fall on them."""

import datetime as dt
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from plurel_prob.databases import DatabaseError
from plurel_prob.declared.drawing.words import word
from plurel_prob.declared.schema import Column

GRID = 2**40  # values of a column of floats
DAY = 86_400
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


def domain_of(column: Column, rng: np.random.Generator, n_row: int, window: tuple[int, int], where: str) -> Domain:
    """Draw what is left open about a column, such as its scale or its vocabulary.

    - Integers and decimals with both bounds spread evenly between them. With one bound or none they are at an exponential
      distance from the bound, or from 0, of a scale of 3 to 10,000 (log-uniform); in a fifth of the columns without bounds they
      are logistic about 0. Floats likewise, without steps; without bounds they are logistic.
    - Dates and timestamps spread evenly over the time window, times of day over a day,
      intervals over 30 days, in seconds.
    - Categories that are too many for a causal model to draw are spread evenly, in their order.
    - Texts come from a vocabulary of the column's own, of 5 words up to a third of the rows (log-uniform, 1,000 at most).

    Args:
        column: the declaration.
        rng: for what is left open.
        n_row: rows of the table.
        window: first and last day, in days since 1970-01-01.
        where: what errors name.

    Raises:
        DatabaseError: the declaration leaves no value.
    """
    if column.kind == "boolean":
        return Domain(2, even(2), lambda i: pd.array(i > 0, dtype="boolean"))
    if column.kind == "category":
        labels = np.array(column.labels, dtype=object)
        return Domain(len(labels), even(len(labels)), lambda i: pd.Series(labels[i]))
    if column.kind in ("integer", "decimal"):
        return _steps(column, rng, where)
    if column.kind == "float":
        return _floats(column, rng, where)
    if column.kind in ("date", "timestamp"):
        return _times(column, window)
    if column.kind == "time":
        return Domain(DAY, even(DAY), lambda i: _object(dt.time(k // 3600, k // 60 % 60, k % 60) for k in i.tolist()))
    if column.kind == "interval":
        return Domain(30 * DAY, even(30 * DAY), lambda i: pd.Series(pd.to_timedelta(i, unit="s").as_unit("us")))
    return _labels(column, rng, n_row)


def _times(column: Column, window: tuple[int, int]) -> Domain:
    """Days, or seconds, of the window."""
    first, n = window[0], window[1] - window[0] + 1
    if column.kind == "date":
        epoch = dt.date(1970, 1, 1)
        days = lambda i: _object(epoch + dt.timedelta(days=int(k) + first) for k in i)  # noqa: E731
        return Domain(n, even(n), days, lambda i: (i + first) * float(DAY))

    def times(i: Rows) -> pd.Series:
        return pd.Series(pd.to_datetime(first * DAY + i, unit="s", utc=column.has_zone).as_unit("us"))

    return Domain(n * DAY, even(n * DAY), times, lambda i: i + float(first * DAY))


def even(n: int) -> Spread:
    """Spread evenly over n values."""
    return lambda u: np.minimum((u * n).astype(np.int64), n - 1)


def _object(values: Any) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def _distance(scale: float, n: int) -> Spread:
    """Spread at an exponential distance from the first of n values."""
    return lambda u: np.minimum(-scale * np.log1p(-np.minimum(u, 1 - 1e-12)), n - 1).astype(np.int64)


def _bounds(column: Column, unit: int, where: str) -> tuple[int | None, int | None]:
    """First and last value in steps of 1 / unit, as the CHECK has them."""
    low = high = None
    if column.low is not None:
        scaled = Decimal(repr(column.low)) * unit
        low = math.floor(scaled) + 1 if column.is_low_open else math.ceil(scaled)
    if column.high is not None:
        scaled = Decimal(repr(column.high)) * unit
        high = math.ceil(scaled) - 1 if column.is_high_open else math.floor(scaled)
    if low is not None and high is not None and low > high:
        raise DatabaseError(f"{where}: no value satisfies its CHECK, from {column.low} to {column.high}; widen the range")
    return low, high


def _limits(column: Column, unit: int) -> tuple[int, int]:
    """First and last value that the type holds, in steps of 1 / unit; of an unbounded one, what a double holds exactly."""
    if column.kind == "integer":
        bits = min(column.bits or 64, 54)
        return (0, 2**bits - 1) if column.is_unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    most = min(10**column.precision, 2**53) - 1 if column.precision else 2**53 - 1
    return -most, most


def _steps(column: Column, rng: np.random.Generator, where: str) -> Domain:
    digits = 0 if column.kind == "integer" else 2 if column.scale is None and column.precision is None else column.scale or 0
    unit = 10**digits
    (least, most), (low, high) = _limits(column, unit), _bounds(column, unit, where)
    scale, is_normal = unit * 10 ** rng.uniform(0.5, 4), low is None and high is None and rng.random() < 0.2
    start = max(least, low) if low is not None else least if is_normal or high is not None else max(least, 0)
    end = most if high is None else min(most, high)
    if start > end:
        raise DatabaseError(f"{where}: no {column.kind} of its type satisfies its CHECK; widen the type or the range")
    n = end - start + 1
    if low is not None and high is not None:
        spread = even(n)
    elif high is not None:
        towards_low = _distance(min(scale, n / 5), n)
        spread = lambda u: n - 1 - towards_low(1 - u)  # noqa: E731
    elif is_normal:
        spread = partial(_around, centre=-start, scale=min(scale, n / 10), n=n)
    else:
        spread = _distance(min(scale, n / 5), n)
    values = _decimals if column.kind == "decimal" else _integers
    return Domain(n, spread, partial(values, start=start, digits=digits), lambda i: (i + start) / unit)


def _around(u: np.ndarray, *, centre: int, scale: float, n: int) -> Rows:
    """Spread as a logistic law around a value."""
    u = np.clip(u, 1e-9, 1 - 1e-9)
    return np.clip(centre + np.round(scale * np.log(u / (1 - u)) / 1.7), 0, n - 1).astype(np.int64)


def _integers(i: Rows, *, start: int, digits: int) -> Any:
    return pd.array(i + start, dtype="Int64")


def _decimals(i: Rows, *, start: int, digits: int) -> pd.Series:
    return _object(Decimal(k + start).scaleb(-digits) for k in i.tolist())


def _floats(column: Column, rng: np.random.Generator, where: str) -> Domain:
    scale, low, high = 10 ** rng.uniform(0, 3), column.low, column.high
    if low is not None and high is not None and (low > high or (low == high and (column.is_low_open or column.is_high_open))):
        raise DatabaseError(f"{where}: no value satisfies its CHECK, from {low} to {high}; widen the range")

    def values(i: Rows) -> pd.Series:
        u = (i + 0.5) / GRID  # inside bounds that are open
        if low is None:
            return pd.Series(scale * np.log(u / (1 - u)) / 1.7 if high is None else high + scale * np.log(u))
        return pd.Series(low - scale * np.log1p(-u) if high is None else low + u * (high - low))

    return Domain(GRID, even(GRID), values, lambda i: values(i).to_numpy(np.float64))


def _labels(column: Column, rng: np.random.Generator, n_row: int) -> Domain:
    """Texts and what is written like them."""
    most = max(2, min(1000, n_row // 3))
    n_word = int(np.exp(rng.uniform(np.log(min(5, most)), np.log(most + 1))))
    salt = int(rng.integers(2**32))
    if column.kind == "uuid":
        return Domain(2**40, even(n_word), lambda i: _object(str(uuid.UUID(int=_bits(salt, k), version=4)) for k in i.tolist()))
    if column.kind == "blob":
        n_byte = min(column.length or 16, 16)
        size = 2 ** min(8 * n_byte, 40)
        return Domain(size, even(min(n_word, size)), lambda i: _object(_bytes(salt, k, n_byte) for k in i.tolist()))
    if column.kind == "json":
        return Domain(2**40, even(n_word), lambda i: _object(json.dumps({"label": word(salt, k, None)}) for k in i.tolist()))
    size = n_word_of_length(column.length)
    return Domain(size, even(min(n_word, size)), lambda i: _object(word(salt, k, column.length) for k in i.tolist()))


def n_word_of_length(length: int | None) -> int:
    """How many words there are of at most some characters."""
    from plurel_prob.declared.drawing.words import n_word

    return n_word(length)


def _bits(salt: int, k: int) -> int:
    """128 bits that differ for every k: the upper ones look random, the lower ones have k."""
    spread = (k * 0x9E3779B97F4A7C15 + salt * 0xBF58476D1CE4E5B9) % 2**64
    return spread << 64 | (k & (2**48 - 1))


def _bytes(salt: int, k: int, n_byte: int) -> bytes:
    """Bytes that differ for every k that fits."""
    if n_byte < 5:
        return (k % 256**n_byte).to_bytes(n_byte, "big")
    return (k % 2**40).to_bytes(5, "big") + _bits(salt, k).to_bytes(16, "big")[: n_byte - 5]
