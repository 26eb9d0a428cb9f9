"""Columns that tell another column of their table, as the data show."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

N_PILOT = 64  # rows that most pairs of columns are told apart by
PILOTS = (N_PILOT, 1024, 16_384)  # and those that are not
MIN_REPEAT = 10  # rows a value, on average, from which on a value that always comes with the same other one is no coincidence
MIN_CORRELATION = 0.999  # of ranks: a copy but for a few rows
ROUNDING = 1e-6  # of a correlation


class Codes(NamedTuple):
    """Values of a column as integers, in order if they have one; -1 is missing."""

    code: np.ndarray
    is_ordered: bool
    is_repeated: bool  # ten rows a value, on average

    def at(self, rows: np.ndarray | slice) -> "Codes":
        """Return some rows."""
        return self._replace(code=self.code[rows])


def codes(column: pd.Series, kind: str) -> Codes:
    """Number the values of a column of a type (see :class:`plurel_prob.databases.TableSchema`)."""
    if kind == "text":
        column = column.map(repr, na_action="ignore")  # lists and the like have no hash
    code, values = pd.factorize(column, sort=True)
    return Codes(code, kind in ("numerical", "time"), bool(len(values) * MIN_REPEAT <= (code >= 0).sum()))


def telling_pairs(columns: Mapping[str, Codes]) -> Iterator[tuple[str, str]]:
    """Pairs of columns of which one tells the other (:func:`leaks`), each once.

    What most pairs fail by, a few rows and the correlation, is computed of all of them together.
    """
    names = [name for name, column in columns.items() if len(column.code) and column.code.max() > 0]  # the others are constant
    if len(names) < 2:
        return
    varying = [columns[name] for name in names]
    is_candidate = _correlated(varying)
    head = np.array([column.code[: PILOTS[-1]] for column in varying], np.int32)
    is_ordered = np.array([column.is_ordered for column in varying], bool)
    for i, column in enumerate(varying):
        if column.is_ordered or column.is_repeated:
            others = np.delete(np.arange(len(names)), i)
            is_candidate[i, _may_be_functions(column, i, head, is_ordered, others)] = True
    for i, j in np.argwhere(np.triu(is_candidate | is_candidate.T, 1)):
        if leaks(varying[i], varying[j]):
            yield names[i], names[j]


def _correlated(columns: list[Codes]) -> np.ndarray:
    """Which pairs of columns that have an order have ranks that correlate, where both are known."""
    is_correlated = np.zeros((len(columns), len(columns)), bool)
    place = [i for i, column in enumerate(columns) if column.is_ordered]
    n, x, xx, xy = np.zeros((4, len(place), len(place)))
    n_row = len(columns[0].code) if place else 0
    scale = np.array([columns[i].code.max() for i in place], np.float64)[:, None]
    for start in range(0, n_row, PILOTS[-1]):
        code = np.array([columns[i].code[start : start + PILOTS[-1]] for i in place])
        known = (code >= 0).astype(np.float64)
        value = np.where(code >= 0, code / scale - 0.5, 0.0)
        n += known @ known.T
        x += value @ known.T
        xx += value**2 @ known.T
        xy += value @ value.T
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n * xx - x**2  # of the one of a row and column, where the other is known
        correlation = (n * xy - x * x.T) / np.sqrt(variance * variance.T)
    is_unsure = (np.minimum(variance, variance.T) <= ROUNDING**1.5 * n**2) & (n > 1)
    is_correlated[np.ix_(place, place)] = (np.abs(correlation) >= MIN_CORRELATION - ROUNDING) | is_unsure
    return is_correlated


def _may_be_functions(column: Codes, i: int, head: np.ndarray, is_ordered: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Those of other columns of which the first rows do not show that this one, the ``i``-th, does not determine them."""
    known = np.flatnonzero(head[i] >= 0)
    for n in PILOTS:
        rows = known[:n]
        rows = rows[np.argsort(head[i, rows], kind="stable")]
        value, image = head[i, rows], head[np.ix_(others, rows)]
        before = np.maximum.accumulate(np.where(image >= 0, np.arange(len(rows)), -1), axis=1)[:, :-1]  # the last known one
        is_pair = (image[:, 1:] >= 0) & (before >= 0)
        step = np.where(is_pair, image[:, 1:] - np.take_along_axis(image, before, axis=1), 0)
        is_refuted = ((step != 0) & (value[1:] == value[before])).any(axis=1)
        if not column.is_repeated:
            n_class = (np.diff(np.sort(image, axis=1), axis=1) != 0).sum(axis=1) + (image.min(axis=1, initial=0) >= 0)
            falls_and_rises = (step < 0).any(axis=1) & (step > 0).any(axis=1)
            is_refuted |= np.where(is_ordered[others], falls_and_rises, (step != 0).sum(axis=1) > np.maximum(n_class - 1, 0))
        others = others[~is_refuted]
        if n >= len(known) or not len(others):
            break
    return others


def leaks(one: Codes, other: Codes) -> bool:
    """Whether one of two columns tells the other, so that a model has nothing to learn.

    A number or time tells another if one never falls, or never rises, as the other rises, or if their ranks correlate by 0.999
    at least; it tells a class if each class is an interval of it. Apart from that, a column tells another if each of its values
    always comes with the same value of the other, and has ten rows on average. Rows that miss one of the two do not count.
    """
    both = (one.code >= 0) & (other.code >= 0)
    x, y = one.at(both), other.at(both)
    if not both.any() or min(np.ptp(x.code), np.ptp(y.code)) == 0:
        return False
    if x.is_ordered and y.is_ordered and abs(np.corrcoef(x.code, y.code)[0, 1]) >= MIN_CORRELATION:
        return True
    return _determines(x, y) or _determines(y, x)


def _determines(x: Codes, y: Codes) -> bool:
    pilot = slice(N_PILOT)
    return (x.is_ordered or x.is_repeated) and _is_function(x.at(pilot), y.at(pilot)) and _is_function(x, y)


def _is_function(x: Codes, y: Codes) -> bool:
    order = np.lexsort((y.code, x.code))
    value, image = x.code[order], y.code[order]
    is_same = value[1:] == value[:-1]
    if (is_same & (image[1:] != image[:-1])).any():
        return False
    if x.is_repeated:
        return True
    step = np.diff(image)
    if y.is_ordered:
        return bool((step >= 0).all() or (step <= 0).all())
    return bool(np.count_nonzero(step) == len(np.unique(image)) - 1)
