"""What a user asks of a column, and the values of its node that show it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.errors import DatabaseError
from plurel_prob.interventions.columns import FeatureColumn, Transformed

Request = Any  # a value, an array with a value a row, or a function of the natural values (a pandas Series)


def values_to_set(column: FeatureColumn, request: Request, natural_code: np.ndarray) -> tuple[np.ndarray, pd.Series]:
    """Values of a column's node that a request asks for, NaN where it asks for none, and what the column then shows.

    A cell that shows what is asked already keeps its value. A category of a table whose nodes are all numbers (type-lazy) becomes
    a number that shows it: the median of those in the database that do.

    Args:
        column: the column.
        request: a value, an array with one a row (missing: as drawn), or a function of the natural values.
        natural_code: numbers of the categories of its cells, for a categorical column.

    Raises:
        DatabaseError: the request has the wrong length, or asks for what the column cannot show.
    """
    if column.kind == "numerical":
        return _numbers_to_set(column, request)
    return _categories_to_set(column, request, natural_code)


def _asked(column: FeatureColumn, request: Request, natural: pd.Series) -> pd.Series:
    """What is asked of each row."""
    asked = request(natural.copy()) if isinstance(request, Callable) else request  # type: ignore[arg-type]
    if np.ndim(asked) == 0:
        return pd.Series([asked] * len(natural))
    if len(asked) != len(natural):
        raise DatabaseError(f"{column.full_name}: {len(asked)} values for {len(natural)} rows")
    return pd.Series(asked).reset_index(drop=True)


def _numbers_to_set(column: FeatureColumn, request: Request) -> tuple[np.ndarray, pd.Series]:
    natural = column.database.tables[column.table_name][column.name]
    asked = _asked(column, request, natural)
    try:
        numbers = asked.to_numpy(np.float32, na_value=np.nan)
    except (TypeError, ValueError):
        raise DatabaseError(f"{column.full_name}: is a column of numbers; got {asked.iloc[0]!r}") from None
    if np.isinf(numbers).any():
        raise DatabaseError(f"{column.full_name}: a number must be finite")
    return _value_that_shows(column, numbers, natural.to_numpy()), pd.Series(numbers)


def _value_that_shows(column: FeatureColumn, numbers: np.ndarray, natural: np.ndarray) -> np.ndarray:
    """Values of the node that show these numbers, NaN where none is asked for; a cell that shows one already keeps its value."""
    transform = Transformed(column)
    value = transform.values_that_show(numbers)
    if column.is_discrete:
        shows = transform.show(value)
        between = np.flatnonzero(~np.isnan(numbers) & ~np.isclose(shows, numbers, rtol=1e-4))
        if len(between):
            asked, next_one = numbers[between[0]], shows[between[0]]
            raise DatabaseError(f"{column.full_name}: cannot be {asked:g}: the next number that it shows is {next_one:g}")
    return np.where(np.isnan(numbers), np.nan, np.where(numbers == natural, column.node_value, value))


def _categories_to_set(column: FeatureColumn, request: Request, natural_code: np.ndarray) -> tuple[np.ndarray, pd.Series]:
    frame = column.database.tables[column.table_name]
    labels = [False, True] if column.kind == "boolean" else list(frame[column.name].cat.categories)
    asked = _asked(column, request, frame[column.name])
    if column.shows_labels:
        if list(TRANSFORMS)[column.transform] == "code":
            raise DatabaseError(f"{column.full_name}: each row has a label of its own, which cannot be set")
        return _value_that_shows(column, _codes(column, asked, labels), natural_code), asked
    value = np.full(len(frame), np.nan)
    natural_shown = np.minimum(natural_code, 1) if column.kind == "boolean" else natural_code
    for label in asked.dropna().unique():
        shown = _place_of(column, label, labels)
        typical = _typical_value(column, natural_code, natural_shown == shown, shown)
        is_asked = (asked == label).to_numpy(bool, na_value=False)
        value = np.where(is_asked, np.where(natural_shown == shown, column.node_value, typical), value)
    return value, asked


def _place_of(column: FeatureColumn, label: Any, labels: list) -> int:
    if label not in labels:
        some = ", ".join(map(str, labels[:12])) + (f" and {len(labels) - 12} more" if len(labels) > 12 else "")
        raise DatabaseError(f"{column.full_name}: {label!r} is none of its values ({some})")
    return labels.index(label)


def _codes(column: FeatureColumn, asked: pd.Series, labels: list) -> np.ndarray:
    """Numbers of labels, NaN where none is asked for."""
    place = {label: _place_of(column, label, labels) for label in asked.dropna().unique()}
    return asked.map(place).to_numpy(np.float32, na_value=np.nan)


def _typical_value(column: FeatureColumn, natural_code: np.ndarray, shows: np.ndarray, shown: int) -> float:
    """Value of the node that stands for a category."""
    is_lazy = bool(column.latent("is_lazy")) if "is_lazy" in column.latents else False
    if not shows.any():
        if is_lazy:
            raise DatabaseError(
                f"{column.full_name}: no row of the database shows what is asked, so no value of its node is known to"
            )
        return float(shown)
    code = np.bincount(natural_code[shows]).argmax()
    if not is_lazy:
        return float(code)
    values = np.sort(column.node_value[natural_code == code])
    return float(values[len(values) // 2])
