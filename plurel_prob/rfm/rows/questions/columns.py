"""Columns to complete."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features import Kind, Labels, Question, Tables
from plurel_prob.rfm.rows.features.tables import Numbers
from plurel_prob.rfm.rows.questions.forecasts import last_time
from plurel_prob.tasks.leaks import Codes, codes, leaks

MAX_CLASS = 10


class Completion(NamedTuple):
    """A column to complete.

    Attributes:
        question: what is asked.
        labels: of all rows of the table that ever come, NaN where the column has no value. Rows that are always there are asked
            of at the last time of the database.
        levels: of a category, the number of the level in its table that each label stands for; -1: any other.
    """

    question: Question
    labels: Labels
    levels: tuple[int, ...] = ()


def column_question(tables: Tables, table: str, column: str) -> Completion:
    """Ask for a column of a table: of the tables' numbers, booleans and categories, one.

    Numbers that are all 0 or 1, booleans, and categories of two levels are binary. Of other categories, those of up to 10 levels
    are classes, in order of frequency; of more, the 9 most common levels are, and the rest is one class.
    Columns of the table that tell this one exactly, or that it tells, are hidden.

    Raises:
        DatabaseError: there is no such table or column, or it has no value.
    """
    if table not in tables:
        raise DatabaseError(f"there is no table {shown(table)}; there are {shown(', '.join(tables))}")
    numbers = tables[table]
    if column not in numbers.value and column not in numbers.level:
        names = shown(", ".join(map(str, [*numbers.value, *numbers.level])) or "none")
        hint = "texts with more levels, dates and keys are none of them"
        raise DatabaseError(f"table {shown(table)} has no number, boolean or category {shown(column)}; it has {names}; {hint}")
    frame = numbers.value if column in numbers.value else numbers.level
    row = np.flatnonzero(numbers.time != NEVER)
    value = frame[column][row]
    if np.isnan(value).all():
        raise DatabaseError(f"{shown(table)}.{shown(column)} has no value to learn from")
    kind, levels = _kind(value, is_level=column in numbers.level)
    if levels:
        value = _classes(value, levels)
    time = np.where(numbers.time[row] == STATIC, last_time(tables), numbers.time[row])
    question = Question(table, kind, column, hidden=telling(numbers, table, column))
    return Completion(question, Labels(row, time, value), levels)


def _kind(value: Float64[np.ndarray, " row"], *, is_level: bool) -> tuple[Kind, tuple[int, ...]]:
    """Kind of labels, and the levels that they stand for."""
    if not is_level:
        return ("binary" if np.isin(value[~np.isnan(value)], (0, 1)).all() else "number"), ()
    levels, counts = np.unique(value[~np.isnan(value)].astype(np.int64), return_counts=True)
    if len(levels) <= 2:
        return "binary", tuple(levels.tolist())
    common = levels[np.argsort(-counts, kind="stable")].tolist()
    return "classes", tuple(common if len(common) <= MAX_CLASS else [*common[: MAX_CLASS - 1], -1])


def _classes(value: Float64[np.ndarray, " row"], levels: tuple[int, ...]) -> Float64[np.ndarray, " row"]:
    """Places of levels among those that are asked for, the last one if it stands for the rest."""
    place = {level: i for i, level in enumerate(levels)}
    rest = place.get(-1, np.nan)
    return np.array([np.nan if np.isnan(level) else place.get(int(level), rest) for level in value], np.float64)


def telling(numbers: Numbers, table: str, column: str) -> frozenset[tuple[str, str]]:
    """Other columns of a table that tell one exactly, or that it tells (:func:`plurel_prob.tasks.leaks.leaks`)."""
    coded: dict[str, Codes] = {}
    for frame, kind in ((numbers.value, "numerical"), (numbers.level, "categorical"), (numbers.date, "time")):
        coded |= {name: codes(pd.Series(frame[name]), _type_of(frame[name], kind)) for name in frame}
    target = coded.pop(column)
    return frozenset((table, name) for name, other in coded.items() if leaks(other, target))


def _type_of(values: Float64[np.ndarray, " row"], kind: str) -> str:
    is_boolean = kind == "numerical" and np.isin(values[~np.isnan(values)], (0, 1)).all()
    return "boolean" if is_boolean else kind
