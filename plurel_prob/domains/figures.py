"""Columns of numbers by what they mean: laws of their values, in the steps that such numbers have."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float64

from plurel_prob.declared.schema import Column
from plurel_prob.domains.numbers import Domain, nearest, number_domain

Numbers = Float64[np.ndarray, " row"]
Law = Callable[[Numbers, float], Numbers]  # places from 0 to 1, and one of the column, to values

DIGITS = {
    "year": 0,
    "price": 2,
    "amount": 2,
    "percent": 2,
    "rating": 1,
    "weight": 2,
    "size": 1,
    "temperature": 1,
    "latitude": 5,
    "longitude": 5,
}
REACH = {"latitude": 90, "longitude": 180, "temperature": 80}  # of numbers on both sides of 0
YEARS = 15  # mean age of what has a year


def figure_domain(meaning: str, column: Column, rng: np.random.Generator, window: tuple[int, int], where: str) -> Domain | None:
    """Domain of numbers of a meaning, positive and skewed if it is unknown; None if the column's range is another one.

    Raises:
        DatabaseError: the declaration leaves no value.
    """
    name = meaning if meaning in DIGITS or meaning in LAWS else "number" if column.kind == "integer" else "figure"
    law = _law(name, column, window)
    at, digits = rng.random(), 0 if column.kind == "integer" else DIGITS.get(name, 0)
    low, high = (None if bound is None else float(bound) for bound in (column.low, column.high))
    tenth, most = law(np.array([0.1, 0.9]), at)
    if (high is not None and most > high) or (low is not None and tenth < low):
        return None
    if column.low is column.high is None and meaning in REACH:
        column = replace(column, low=-REACH[meaning], high=REACH[meaning])
    is_float = column.kind == "float"
    exact = replace(column, kind="decimal", precision=15, scale=max(digits, 2)) if is_float else column
    domain = number_domain(exact, rng, where, is_counted=False)

    def spread(u: Numbers) -> np.ndarray:
        value = np.round(law(np.clip(u, 1e-9, 1 - 1e-9), at), digits)
        return nearest(domain, value)

    values = (lambda i: pd.Series(domain.axis(i))) if is_float else domain.values
    return replace(domain, spread=spread, values=values)


def _law(meaning: str, column: Column, window: tuple[int, int]) -> Law:
    """Law of a meaning."""
    if meaning == "year":
        last = 1970 + window[1] // 365.2425
        return lambda u, at: last - np.floor(-YEARS * np.log(u))
    if meaning == "percent":
        whole = 1.0 if _is_share(column) else 100.0
        return lambda u, at: whole * np.round(8 * np.clip((u - 0.4) / 0.6, 0, 1)) / 20
    if meaning == "salary" and column.kind == "decimal" and column.precision and column.precision - (column.scale or 0) < 6:
        return lambda u, at: np.round(_log_normal(u, 3000, 0.35), -1)
    if meaning == "duration" and "milli" in column.name.lower():
        return lambda u, at: _log_normal(u, 240_000, 0.4)
    return LAWS[meaning]


def _is_share(column: Column) -> bool:
    """Whether a percentage is one of 1: its type or its bounds have no room for 100, or its name says a rate."""
    if column.high is not None:
        return column.high <= 1
    if column.kind == "decimal" and column.precision:
        return column.precision - (column.scale or 0) <= 1
    return column.kind != "integer" and not any(word in column.name.lower() for word in ("percent", "pct"))


def _normal(u: Numbers, mean: float | int, sd: float | int) -> Numbers:
    """Logistic law of this mean and standard deviation."""
    return mean + sd * np.log(u / (1 - u)) / 1.7


def _log_normal(u: Numbers, median: float | int, sigma: float | int) -> Numbers:
    return np.exp(_normal(u, np.log(median), sigma))


def _between(low: float | int, high: float | int, at: float) -> float:
    """Median of a column, log-uniform."""
    return float(np.exp(np.log(low) + at * np.log(high / low)))


def _price(u: Numbers, at: float) -> Numbers:
    return np.maximum(np.round(_log_normal(u, _between(6, 90, at), 0.7)), 1) - 0.01


def _rating(u: Numbers, at: float) -> Numbers:
    return np.interp(u, [0, 0.07, 0.15, 0.32, 0.64, 1], [1.0, 1.5, 2.5, 3.5, 4.5, 5.0])


def _geometric(u: Numbers, at: float) -> Numbers:
    return 1 + np.floor(np.log(1 - u) / np.log(1 - _between(0.3, 0.7, at)))


LAWS: dict[str, Law] = {
    "age": lambda u, at: np.clip(np.round(_normal(u, 42, 15)), 18, 95),
    "rating": _rating,
    "quantity": _geometric,
    "ordinal": _geometric,
    "stock": lambda u, at: np.round(_log_normal(u, _between(20, 300, at), 1)),
    "price": _price,
    "amount": lambda u, at: _log_normal(u, _between(20, 400, at), 0.9),
    "salary": lambda u, at: np.round(_log_normal(u, 52_000, 0.35), -2),
    "weight": lambda u, at: _log_normal(u, _between(0.5, 20, at), 1),
    "size": lambda u, at: _log_normal(u, _between(10, 150, at), 0.5),
    "duration": lambda u, at: np.maximum(np.round(_log_normal(u, _between(10, 120, at), 0.6)), 1),
    "temperature": lambda u, at: _normal(u, 15, 8),
    "flag": lambda u, at: (u > 0.15 + 0.7 * at).astype(float),
    "number": lambda u, at: np.round(_log_normal(u, _between(5, 500, at), 1)),
    "figure": lambda u, at: _log_normal(u, _between(1, 200, at), 1),
    "postcode number": lambda u, at: np.floor(10_000 + 90_000 * u),
    "latitude": lambda u, at: 120 * u - 55,
    "longitude": lambda u, at: 360 * u - 180,
}
