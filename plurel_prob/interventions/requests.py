"""What a user asks of a column, and the values of its node that show it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

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
    is_asked = ~np.isnan(numbers)
    keeps = numbers == natural.to_numpy()
    value = Transformed(column).values_that_show(numbers)
    return np.where(is_asked, np.where(keeps, column.node_value, value), np.nan), pd.Series(numbers)


def _categories_to_set(column: FeatureColumn, request: Request, natural_code: np.ndarray) -> tuple[np.ndarray, pd.Series]:
    frame = column.database.tables[column.table_name]
    labels = [False, True] if column.kind == "boolean" else list(frame[column.name].cat.categories)
    asked = _asked(column, request, frame[column.name])
    value = np.full(len(frame), np.nan)
    natural_shown = np.minimum(natural_code, 1) if column.kind == "boolean" else natural_code
    for label in asked.dropna().unique():
        if label not in labels:
            raise DatabaseError(f"{column.full_name}: {label!r} is none of its values ({', '.join(map(str, labels))})")
        shown = labels.index(label)
        typical = _typical_value(column, natural_code, natural_shown == shown, shown)
        is_asked = (asked == label).to_numpy(bool, na_value=False)
        value = np.where(is_asked, np.where(natural_shown == shown, column.node_value, typical), value)
    return value, asked


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
