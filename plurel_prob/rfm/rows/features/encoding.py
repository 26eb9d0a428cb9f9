"""Columns of texts as numbers: categories by level, others by how often they are there and by their words."""

import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from plurel_prob.rfm.columns import text_of

MAX_LEVEL = 50  # distinct texts of a column that is a category
MAX_SHARE = 3  # levels whose shares are features
MIN_SHARE = 0.01  # of training rows that have such a level
N_WORD = 4  # numbers that words are hashed to
MAX_NAME = 40  # characters of a level in a feature's name


class Levels(NamedTuple):
    """A column of texts.

    Attributes:
        code: of a row's text, -1 where there is none; those of training rows come first, the most common ones before others.
        names: texts by code.
        n_known: how many of them are of training rows.
    """

    code: Int64[np.ndarray, " row"]
    names: list[str]
    n_known: int


class Share(NamedTuple):
    """Whether a cell has a certain value: NaN stands for none."""

    column: str
    name: str
    value: float


def levels_of(column: pd.Series, is_train: Bool[np.ndarray, " row"]) -> Levels:
    """Texts by number."""
    if isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):  # only distinct values become Python's objects
        of_row, values = pd.factorize(column)
        of_value, names = pd.factorize(values.map(text_of).to_numpy(object))
        code = np.append(of_value, -1)[of_row]
    else:
        code, names = pd.factorize(column.map(text_of, na_action="ignore").to_numpy(object))
    count = np.bincount(code[is_train & (code >= 0)], minlength=len(names))
    order = sorted(range(len(names)), key=lambda level: (-count[level], str(names[level]) if count[level] else "", level))
    rank = np.empty(len(names) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(names)), -1
    return Levels(rank[code], [str(names[level]) for level in order], int((count > 0).sum()))


def shares_of_levels(column: str, levels: Levels, is_train: Bool[np.ndarray, " row"]) -> list[Share]:
    """The few most common levels; of two levels, one."""
    count = np.bincount(levels.code[is_train & (levels.code >= 0)], minlength=levels.n_known)
    n = MAX_SHARE if levels.n_known > 2 else levels.n_known - 1
    shares: list[Share] = []
    for level in range(min(n, levels.n_known)):
        name = f"{column}={levels.names[level][:MAX_NAME]}"
        is_new = name not in [share.name for share in shares]
        if is_new and count[level] >= MIN_SHARE * is_train.sum():
            shares.append(Share(column, name, float(level)))
    return shares


def shares_of_numbers(column: str, value: Float64[np.ndarray, " row"], is_train: Bool[np.ndarray, " row"]) -> list[Share]:
    """The most common values of whole numbers that are few, as codes are."""
    seen = value[is_train & ~np.isnan(value)]
    if not len(seen) or (seen != np.round(seen)).any():
        return []
    levels, count = np.unique(seen, return_counts=True)
    if not 2 < len(levels) <= MAX_LEVEL:
        return []
    common = [i for i in np.argsort(-count, kind="stable")[:MAX_SHARE] if count[i] >= MIN_SHARE * is_train.sum()]
    return [Share(column, f"{column}={levels[i]:g}", float(levels[i])) for i in common]


def share_of_missing(column: str, value: Float64[np.ndarray, " row"], is_train: Bool[np.ndarray, " row"]) -> list[Share]:
    """Cells without a value, where training rows have some with and some without."""
    missing, n = int(np.isnan(value[is_train]).sum()), int(is_train.sum())
    return [Share(column, f"{column} missing", np.nan)] if MIN_SHARE * n <= missing <= (1 - MIN_SHARE) * n and missing else []


def words_of(names: list[str]) -> Float64[np.ndarray, "level number"]:
    """Length of texts in characters, and their words in lower case, hashed: each adds 1 or -1 to one of a few numbers."""
    numbers = np.zeros((len(names), 1 + N_WORD))
    for number, name in zip(numbers, names, strict=True):
        number[0] = len(name)
        for word in name.lower().split():
            code = zlib.crc32(word.encode(errors="replace"))
            number[1 + (code >> 1) % N_WORD] += 1.0 if code & 1 else -1.0
    return numbers
