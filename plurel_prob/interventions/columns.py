"""Columns by their names, and what they show of a node's values."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Int32

from plurel_prob.blocks import BLOCK, N_PILOT_BLOCK
from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import column_name, index_of, table_name
from plurel_prob.distributions.mechanisms.discrete import DISCRETE, LABELS
from plurel_prob.distributions.mechanisms.sorting import flip
from plurel_prob.distributions.mechanisms.transforms import RANK, TRANSFORMS, Pilot, TransformInputs, pilot_of
from plurel_prob.errors import DatabaseError
from plurel_prob.priors.toml import nearest

LARGEST = 1e30  # of node values that a shown number is looked for among


@dataclass(frozen=True)
class FeatureColumn:
    """A feature column of a table of a database."""

    database: Database
    table_name: str
    name: str

    @property
    def table(self) -> int:
        """Index of the table."""
        index = index_of(self.table_name, table_name)
        assert index is not None
        return index

    @property
    def index(self) -> int:
        """Index of the column among the features of its table."""
        return next(i for i in range(len(self.latents.column)) if column_name(i) == self.name)

    @property
    def kind(self) -> str:
        """``numerical``, ``boolean`` or ``categorical``."""
        return self.database.schema.tables[self.table_name].columns[self.name]

    @property
    def latents(self) -> Any:
        """Latents of the table."""
        return self.database.latents[f"prior/{self.table_name}"]

    def latent(self, name: str) -> np.ndarray:
        """A latent of the table."""
        return np.asarray(self.latents[name].to_numpy()[0, 0])

    @property
    def transform(self) -> int:
        """Index of the column's transform, if it shows a number."""
        kind = self.latent("transform")[self.index]
        return int(self.latent("transform_palette")[kind] if "transform_palette" in self.latents else kind)

    @property
    def shows_labels(self) -> bool:
        """Whether the column shows labels that its node's number stands for."""
        return not self.latent("is_categorical")[self.node] and list(TRANSFORMS)[self.transform] in LABELS

    @property
    def is_discrete(self) -> bool:
        """Whether the numbers that the column shows lie on a grid."""
        return list(TRANSFORMS)[self.transform] in DISCRETE

    @property
    def node(self) -> int:
        """Node that the column shows."""
        return int(self.latent("column_node")[self.index])

    @property
    def line(self) -> int:
        """Line of the node's first dimension, which the column shows."""
        return int(np.argmax(self.latent("line_node") == self.node))

    @property
    def node_value(self) -> np.ndarray:
        """Values of the node's first dimension, float32."""
        return self.latent("value")[self.line]

    @property
    def full_name(self) -> str:
        """``table.column``."""
        return f"{self.table_name}.{self.name}"


def find_column(database: Database, name: str) -> FeatureColumn:
    """Look a column up by ``table.column``.

    Raises:
        DatabaseError: there is none; the message names the nearest, or says that the column is constant.
    """
    table, _, column = name.partition(".")
    columns = {f"{t}.{c}" for t, schema in database.schema.tables.items() for c in schema.columns}
    if name in columns:
        return FeatureColumn(database, table, column)
    if table in database.schema.tables and column in database.latents[f"prior/{table}"].column:
        raise DatabaseError(f"{name}: constant in this database, so its table leaves it out")
    raise DatabaseError(f"{name}: no such column{nearest(name, sorted(columns))}; columns are named like table_0.feature_0")


class Transformed:
    """What a numerical column shows of its node: a monotone transform, with the pilot of its values as they are."""

    def __init__(self, column: FeatureColumn):
        self.name, self.n_row = column.full_name, len(column.node_value)
        self.kind, self.shape = jnp.asarray(column.transform), jnp.asarray(column.latent("transform_shape")[column.index])
        first = column.node_value[: N_PILOT_BLOCK * BLOCK]
        padded = np.zeros(N_PILOT_BLOCK * BLOCK, np.float32)  # of one shape for all tables: compiled once
        padded[: len(first)] = first
        self.pilot = _pilot_of(jnp.asarray(padded), jnp.asarray(self.n_row), self.kind == RANK)

    def show(self, value: np.ndarray) -> np.ndarray:
        """Numbers that the column shows where its node has these values, missing cells included."""
        return self._by_block(partial(_show, self.kind, self.pilot), value)

    def values_that_show(self, shown: np.ndarray) -> np.ndarray:
        """Values of the node that are shown as these numbers (NaN: any), or as nearly as ranks, which leave gaps, can.

        Raises:
            DatabaseError: no row of the column can show one of the numbers.
        """
        value = self._by_block(partial(_value_that_shows, self.kind, self.pilot), shown)
        low, high = (self.show(np.full(self.n_row, end, np.float32)) for end in (-LARGEST, LARGEST))
        lowest, highest = float(low.min()), float(high.max())
        # the last bits of what two programs show may differ
        impossible = (shown < lowest - 1e-5 * abs(lowest)) | (shown > highest + 1e-5 * abs(highest))
        if impossible.any():
            raise DatabaseError(
                f"{self.name}: cannot be {shown[impossible][0]:g}: it shows numbers from {lowest:.6g} to {highest:.6g}"
            )
        return value

    def _by_block(self, function: Any, numbers: np.ndarray) -> np.ndarray:
        """Apply a function to blocks of rows, so that it is compiled once."""
        result = np.zeros(self.n_row, np.float32)
        for first in range(0, self.n_row, BLOCK):
            block = np.zeros(BLOCK, np.float32)
            block[: len(numbers[first : first + BLOCK])] = numbers[first : first + BLOCK]
            row = first + np.arange(BLOCK)
            cells = TransformInputs(self.shape, jnp.asarray((row + 0.5) / self.n_row, jnp.float32), jnp.asarray(row))
            result[first : first + BLOCK] = np.asarray(function(cells, jnp.asarray(block)))[: self.n_row - first]
        return result


_pilot_of = jax.jit(pilot_of)


@jax.jit
def _show(kind: Int[Array, ""], pilot: Pilot, cells: TransformInputs, value: Float[Array, " row"]) -> Float[Array, " row"]:
    return lax.switch(kind, list(TRANSFORMS.values()), value, pilot, cells)


@jax.jit
def _value_that_shows(
    kind: Int[Array, ""], pilot: Pilot, cells: TransformInputs, shown: Float[Array, " row"]
) -> Float[Array, " row"]:
    """Smallest value that is shown as at least ``shown``: bisection over all floating-point numbers, in their order."""

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        reaches = _show(kind, pilot, cells, _number_at(middle)) >= shown
        return jnp.where(reaches, low, middle), jnp.where(reaches, middle, high)

    ends = (jnp.full(BLOCK, _place_of(-LARGEST)), jnp.full(BLOCK, _place_of(LARGEST)))
    return _number_at(lax.fori_loop(0, 32, halve, ends)[1])


def _place_of(number: float) -> Int32[Array, ""]:
    """Place of a number among all 32-bit numbers, as an integer."""
    return flip(lax.bitcast_convert_type(jnp.float32(number), jnp.int32))


def _number_at(place: Int32[Array, " row"]) -> Float[Array, " row"]:
    return lax.bitcast_convert_type(flip(place), jnp.float32)
