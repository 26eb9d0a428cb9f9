"""Columns that tell another column of their table, as the data show."""

from typing import NamedTuple

import numpy as np
import pandas as pd

N_PILOT = 64  # rows that most pairs of columns are told apart by
MIN_REPEAT = 10  # rows a value, on average, from which on a value that always comes with the same other one is no coincidence
MIN_CORRELATION = 0.999  # of ranks: a copy but for a few rows


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
