"""Counterfactual databases: some columns set by hand, everything else as it follows."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jax import random
from jaxtyping import PRNGKeyArray

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.database import Database
from plurel_prob.databases.flat import Group, Groups
from plurel_prob.databases.schema import column_name, table_name
from plurel_prob.databases.tables import column_values, node_values
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.errors import DatabaseError
from plurel_prob.interventions.columns import FeatureColumn, find_column
from plurel_prob.interventions.requests import Request, values_to_set
from plurel_prob.models.database import Bucket, Draw
from plurel_prob.programs.given import all_given
from plurel_prob.programs.layout import form_of, structure_layout, values_layout
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import draw_with
from plurel_prob.replay.sites import Sites, bucket_of_latents, check_complete, sites_of, value_pages


class Noise(NamedTuple):
    """Random numbers of the values: a key, and the sites that are keys of noise."""

    key: PRNGKeyArray
    sites: Sites


class Replay:
    """A database's program, run again on its latents, with and without columns that are set.

    Both runs are of one compiled program: where they agree, nothing has changed, to the last bit.
    """

    def __init__(self, database: Database):
        if database.by_hand:
            raise DatabaseError(
                f"{database.name}: values were given by hand ({', '.join(database.by_hand)}); intervene on a plain draw, "
                "on all columns in one call"
            )
        latents = database.read_latents()
        check_complete(latents)
        self.database, self.bucket = database, bucket_of_latents(latents)
        self.sites = sites_of(latents, database.prior, self.bucket)
        # every site is given: the key draws nothing
        self.known = draw_structure(database.prior, random.key(0), all_given(structure_layout(database.prior), self.sites))
        self.natural = value_pages(latents, self.bucket)
        self.noise = Noise(random.key(database.seed), {})
        self.base = self.run(Intervention(*self._nothing()))

    def run(self, intervention: Intervention, noise: Noise | None = None) -> Draw:
        """Run the program, with the noise of the database or other noise."""
        key, sites = noise or self.noise
        prior, form = self.database.prior, form_of(self.known.structure)
        given = all_given(values_layout(prior, self.bucket, form), self.sites | sites)
        return draw_with(prior, key, self.known, self.bucket, given=given, intervention=intervention)

    def _nothing(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """An intervention that sets nothing, on the host."""
        is_set = np.zeros(self.known.structure.graphs.is_categorical.shape, bool)
        return is_set, np.full_like(self.natural, np.nan), self.natural, np.array(True)

    def intervention(self, columns: Mapping[str, Request]) -> tuple[Intervention, dict[str, pd.Series]]:
        """Set columns; also return what each of them shows then (missing: as drawn)."""
        is_set, value, *natural = self._nothing()
        shown = {}
        for name, request in columns.items():
            column = find_column(self.database, name)
            codes = np.nan_to_num(column_values(self.base, column.table)[column.index], nan=-1)
            numbers, shown[name] = values_to_set(column, request, codes.astype(int))
            is_set[column.table, column.node] = True
            value[pages_of_column(column, self.base, self.bucket)] = _in_blocks(numbers)
        return Intervention(is_set, value, *natural), shown


def pages_of_column(column: FeatureColumn, draw: Draw, bucket: Bucket) -> np.ndarray:
    """Pages of the first dimension of the node that a column shows."""
    index: Any = np.broadcast_to(np.arange(bucket.n_page)[:, None], (bucket.n_page, BLOCK))
    numbered = draw._replace(stages=draw.stages._replace(features=draw.stages.features._replace(value=index)))
    return node_values(numbered, column.table)[column.line, ::BLOCK]


def _in_blocks(numbers: np.ndarray) -> np.ndarray:
    padded = np.full(-(-len(numbers) // BLOCK) * BLOCK, np.nan, np.float32)
    padded[: len(numbers)] = numbers
    return padded.reshape(-1, BLOCK)


def counterfactual(database: Database, columns: Mapping[str, Request], *, fills_missing: bool = False) -> Database:
    """Return the database as it would be if some columns had other values; see :meth:`Database.do`.

    With ``fills_missing`` a missing cell shows what is asked of it; otherwise it stays missing.
    """
    replay = database.replay
    intervention, shown = replay.intervention(columns)
    changed = replay.run(intervention)
    frames = {}
    for table in range(int(replay.base.stages.schema.n_table)):
        frames[table_name(table)] = _changed_frame(database, table, replay.base, changed, shown, fills_missing)
    read_latents = partial(_changed_latents, database, replay.base, changed)
    origin = database.origin._replace(by_hand=tuple(columns))
    return Database(database.name, frames, database.schema, origin, read_latents=read_latents)


def _changed_latents(database: Database, base: Draw, changed: Draw) -> Groups:
    """Latents with the values of nodes that changed."""
    groups = database.read_latents()
    for table in range(int(base.stages.schema.n_table)):
        path = f"prior/{table_name(table)}"
        variables, labels = groups[path]
        before, after = node_values(base, table), node_values(changed, table)
        natural, dims = variables["value"]
        groups[path] = Group({**variables, "value": (np.where(_differs(before, after), after, natural), dims)}, labels)
    return groups


def _changed_frame(
    database: Database, table: int, base: Draw, changed: Draw, shown: dict[str, pd.Series], fills_missing: bool
) -> pd.DataFrame:
    """A table with the cells that changed."""
    name = table_name(table)
    frame = database.tables[name].copy()
    before, after = column_values(base, table), column_values(changed, table)
    for index, is_changed in enumerate(_differs(before, after)):
        column = column_name(index)
        if column in frame and is_changed.any():
            frame[column] = _with_cells(frame[column], is_changed, after[index])
    for full_name, values in shown.items():
        if full_name.startswith(f"{name}."):
            column = full_name.removeprefix(f"{name}.")
            is_shown = values.notna() & (frame[column].notna() | fills_missing)
            frame[column] = frame[column].mask(is_shown, values).astype(frame[column].dtype)
    return frame


def _with_cells(column: pd.Series, is_changed: np.ndarray, value: np.ndarray) -> pd.Series:
    """A column with some cells replaced by what the program has for them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = np.where(is_changed, np.nan_to_num(value, nan=-1), column.cat.codes).astype(np.int16)
        return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype), column.index)
    after = value > 0 if column.dtype == bool else value
    return pd.Series(np.where(is_changed, after, column.to_numpy()), column.index, column.dtype)


def _differs(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after) & ~(np.isnan(before) & np.isnan(after))
