"""Columns as inference sees them: numbers as normal scores or standardised, categories as indices, and what parent tables say."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax.scipy.special import ndtri
from jaxtyping import Float, Int

from plurel_prob.databases import Database, TableSchema
from plurel_prob.databases.disk import column_type
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features.basis import features

MAX_ROW = 2000
MIN_ROW = 10
MAX_CATEGORY = 20
MAX_FOREIGN = 8  # principal components of the parent tables' columns
KINDS = ("numerical", "boolean", "categorical")


@dataclass(frozen=True)
class Columns:
    """Columns of a table at its complete rows, at most 2,000 of them, taken evenly.

    Attributes:
        names: of the columns.
        value: a number's normal score (or standardised number), a category's index.
        n_category: 0 for a number.
        foreign: standardised features of the parent tables at the linked rows.
    """

    names: tuple[str, ...]
    value: Float[np.ndarray, "row column"]
    n_category: tuple[int, ...]
    foreign: Float[np.ndarray, "row foreign"]

    @property
    def features(self) -> list[np.ndarray]:
        """Features of every column as a cause, shape ``(row, feature)``."""
        columns = zip(self.value.T, self.n_category, strict=True)
        return [np.asarray(features(jnp.asarray(value, jnp.float32), n), np.float64) for value, n in columns]


def columns_of(observed: Database, table: str) -> pd.DataFrame:
    """Return the columns of a table that inference can use: numbers, booleans, and categories, at most 20, that vary.

    Raises:
        DatabaseError: there is no such table.
    """
    kinds = _schema_of(observed, table).columns
    frame = observed.tables[table]
    return frame[[name for name, kind in kinds.items() if kind in KINDS and _is_usable(frame[name], kind)]]


def foreign_columns_of(observed: Database, table: str) -> pd.DataFrame | None:
    """Return the usable columns of the parent tables at the linked rows, named ``key.column``; None if there is none.

    Raises:
        DatabaseError: there is no such table, or a key is broken.
    """
    found = []
    for key, parent in _schema_of(observed, table).fkeys.items():
        row = observed.parent_row(table, key)
        linked = columns_of(observed, parent).reset_index(drop=True).reindex(row)
        found.append(linked.add_prefix(f"{key}.").reset_index(drop=True))
    return pd.concat(found, axis=1) if sum(frame.shape[1] for frame in found) else None


def _schema_of(observed: Database, table: str) -> TableSchema:
    if table not in observed.schema.tables:
        raise DatabaseError(f"{observed.name}: no table {table}; there are {', '.join(observed.schema.tables)}")
    return observed.schema.tables[table]


def _is_usable(column: pd.Series, kind: str) -> bool:
    n = column.nunique()
    return n > 1 and (kind == "numerical" or n <= MAX_CATEGORY)


def encode(table: pd.DataFrame, foreign: pd.DataFrame | None = None, *, is_transformed: bool = True) -> Columns:
    """Encode columns; rows with a missing cell in one of them are left out. A missing foreign cell says nothing.

    Numbers become normal scores, or, if columns are not transformed nodes but in their units, are standardised.

    Raises:
        DatabaseError: a column cannot be used, or there are too few complete rows.
    """
    if foreign is not None and len(foreign) != len(table):
        raise DatabaseError(f"foreign columns have {len(foreign)} rows and the table {len(table)}; they need a row each")
    if not table.columns.is_unique:
        raise DatabaseError(f"two columns are named {table.columns[table.columns.duplicated()][0]}; rename one")
    complete = np.flatnonzero(table.notna().all(axis=1).to_numpy())
    if len(complete) < MIN_ROW:
        raise DatabaseError(f"{len(complete)} rows have no missing cell in {', '.join(table.columns)}; {MIN_ROW} are needed")
    row = complete[np.linspace(0, len(complete) - 1, min(len(complete), MAX_ROW)).round().astype(int)]
    encoded = [_encode(table[name].iloc[row], str(name), is_transformed) for name in table.columns]
    names, n_category = tuple(str(name) for name in table.columns), tuple(n for _, n in encoded)
    return Columns(names, np.stack([value for value, _ in encoded], axis=1), n_category, _foreign(foreign, row))


def _encode(column: pd.Series, name: str, is_transformed: bool = True) -> tuple[np.ndarray, int]:
    kind = column_type(column)
    if kind not in KINDS:
        raise DatabaseError(f"column {name} is of type {kind}; only numbers, booleans and categories can be inferred")
    if column.nunique() < 2:
        raise DatabaseError(f"column {name} is constant at the complete rows; leave it out")
    if kind == "numerical":
        value = column.to_numpy(float)
        return normal_scores(value) if is_transformed else (value - value.mean()) / value.std(), 0
    code, category = pd.factorize(column, sort=True)
    if len(category) > MAX_CATEGORY:
        raise DatabaseError(f"column {name} has {len(category)} categories; at most {MAX_CATEGORY} can be inferred: merge some")
    return code.astype(float), len(category)


def normal_scores(value: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Return the standard normal quantiles of a column's ranks: the same whatever monotone transform it shows; ties share."""
    rank = pd.Series(value).rank().to_numpy()
    return np.asarray(ndtri(jnp.asarray((rank - 0.5) / len(value), jnp.float32)), np.float64)


def _foreign(foreign: pd.DataFrame | None, row: Int[np.ndarray, " row"]) -> Float[np.ndarray, "row foreign"]:
    """Principal components of the features of foreign columns, unit variance; those that say nothing are left out."""
    parts = [np.zeros((len(row), 0))]
    for name, whole in [] if foreign is None else foreign.items():
        column = whole.iloc[row]
        present = column.notna().to_numpy()
        if column[present].nunique() < 2:
            continue
        value, n_category = _encode(column[present], str(name))
        known = np.asarray(features(jnp.asarray(value, jnp.float32), n_category), np.float64)
        part = np.zeros((len(row), known.shape[-1]))
        part[present] = known
        parts.append(part)
    joined = np.concatenate(parts, axis=1)
    joined -= joined.mean(axis=0)
    left, size, _ = np.linalg.svd(joined, full_matrices=False)
    # directions that are rounding errors alone would be blown up to unit variance
    is_kept = size[:MAX_FOREIGN] > 1e-6 * max(size.max(initial=0.0), 1e-12)
    return left[:, :MAX_FOREIGN][:, is_kept] * np.sqrt(len(row))
