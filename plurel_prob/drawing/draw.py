"""Drawing a database whose schema is declared: stage 1 is observed, the rest is drawn."""

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import numpy as np
import pandas as pd
from jax import random
from jaxtyping import Float64, Int64

from plurel_prob.databases.row_times import RowTimes
from plurel_prob.databases.tables import column_values
from plurel_prob.declared.schema import DeclaredSchema
from plurel_prob.domains.columns import DAY
from plurel_prob.drawing.counts import row_counts
from plurel_prob.drawing.dates import without_ties
from plurel_prob.drawing.derived import derive_totals
from plurel_prob.drawing.plan import Plan, plan_of
from plurel_prob.drawing.program import bounds_of, draw_observed, fitting, observed_schema, window_of
from plurel_prob.drawing.rows import TableRows
from plurel_prob.drawing.table import frame_of, set_late_keys, set_rows
from plurel_prob.keys import site_key
from plurel_prob.models.database import Draw
from plurel_prob.priors import Prior, get_prior

Values = Literal["meanings", "syllables"]
OnStep = Callable[[str, int, int], None]  # what is done next, how many of its tables are done, how many there are


@dataclass(frozen=True)
class DeclaredDatabase:
    """A database of a declared schema: its rows have the declared keys and types, more than a ``DatabaseSchema`` says.

    Attributes:
        tables: name to data frame, with the columns that are declared.
        schema: the declaration, which the rows satisfy.
        seed: what it was drawn with.
        prior: what it was drawn from.
        window: first and last day.
        values: what is in its columns.
        derived: whether some of these follow from others.
    """

    tables: dict[str, pd.DataFrame]
    schema: DeclaredSchema
    seed: int
    prior: Prior
    window: tuple[pd.Timestamp, pd.Timestamp]
    values: Values = "meanings"
    derived: bool = True


def sample_declared(
    schema: DeclaredSchema,
    seed: int,
    prior: Prior | str | Path = "realistic",
    *,
    rows: Mapping[str, int] | None = None,
    values: Values = "meanings",
    derived: bool = True,
    on_step: OnStep = lambda step, n_done, n_table: None,
) -> DeclaredDatabase:
    r"""Draw a database of a declared schema: stage 1 is observed but for the numbers of rows and the time window.

    .. math:: \text{links}, \text{features} \sim p(\cdot \mid \text{schema})

    Keys that refer to tables before theirs come from the block model, columns from the causal model of their table, which sees
    the columns of the tables that it refers to; of more than 64, each part of at most as many has a model, and only the
    first sees those. A column's numbers fall on the values that its declaration allows, see
    :func:`plurel_prob.domains.columns.domain_of`. What the program has no law for is drawn uniformly: the row that a key
    to its own table refers to, among the earlier ones; that of a key in a cycle of tables; of keys that share columns, among the
    rows that agree. Rows that a key or unique columns do not tell apart get other values
    (:func:`plurel_prob.drawing.satisfy.satisfy`). Values that may be missing are so at random, at a rate of the table's
    own, from the prior.

    Args:
        schema: the declaration.
        seed: with the schema, the prior and the rows, it decides every value.
        prior: the laws of links and features, of numbers of rows and of the window.
        rows: numbers of rows by table; by default those that :func:`plurel_prob.drawing.counts.row_counts` has.
        values: ``meanings`` guesses from names what columns mean, and draws such values, with the times of a row in order and
            after those of the rows that it refers to; ``syllables`` guesses nothing.
        derived: with ``meanings``, whether numbers within a parent, prices of lines, totals and counts follow from other
            columns (:mod:`plurel_prob.drawing.derived`).
        on_step: told about progress.

    Raises:
        DatabaseError: a constraint cannot be honoured; the message names table, column and line.
    """
    from plurel_prob.stores.arrow import arrow_tables
    from plurel_prob.stores.checks import check_rows

    prior, plan = get_prior(prior), plan_of(schema, guess=values == "meanings")
    window = window_of(prior, seed)
    days = int(window[0]), int(window[1])
    n_row = row_counts(plan, prior, rows or {}, seed, days)
    drawn = draw_observed(fitting(prior, bounds_of(plan)), observed_schema(plan, prior, n_row, window), seed, on_step)
    tables = finish(plan, prior, _table_draws(plan, drawn), n_row, days, seed, rows or (), on_step, derived=derived)
    on_step("checking all constraints", 0, 1)
    check_rows(arrow_tables(tables, schema), schema)
    first, last = (pd.Timestamp(day, unit="D") for day in days)
    return DeclaredDatabase(tables, schema, seed, prior, (first, last), values, derived)


def check_rows_asked(schema: DeclaredSchema, prior: Prior, rows: Mapping[str, int], values: Values = "meanings") -> None:
    """Refuse numbers of rows that there is no room for, before anything is drawn.

    Raises:
        DatabaseError: there are such, or of a table that there is not.
    """
    window = window_of(prior, 0)
    row_counts(plan_of(schema, guess=values == "meanings"), prior, rows, 0, (int(window[0]), int(window[1])))


class TableDraw(NamedTuple):
    """What the program draws of a table: the parent row of each linked key, the values of each feature, and times."""

    parent_row: list[Int64[np.ndarray, " row"]]
    value: list[Float64[np.ndarray, " row"]]
    time: Float64[np.ndarray, " row"] | None = None  # of each row, in seconds since 1970; they ascend


def _table_draws(plan: Plan, drawn: Draw) -> list[TableDraw]:
    """Collect what the program draws from its tables, some of which are parts of declared ones."""
    found, times = [TableDraw([], []) for _ in plan.tables], RowTimes(drawn)
    for i, part in enumerate(plan.parts()):
        n_row, parent_row = int(drawn.stages.schema.n_row[i]), np.asarray(drawn.stages.links.parent_row[i], np.int64)
        found[part.table].parent_row.extend(parent_row[slot, :n_row] for slot in range(len(part.linked)))
        if drawn.stages.schema.has_time[i] and found[part.table].time is None:
            found[part.table] = found[part.table]._replace(time=times.of(i) / 1e6)
        found[part.table].value.extend(column_values(drawn, i)[: len(part.features)].astype(np.float64))
    return found


def finish(
    plan: Plan,
    prior: Prior,
    drawn: Sequence[TableDraw],
    n_row: Sequence[int],
    window: tuple[int, int],
    seed: int,
    asked: Collection[str] = (),
    on_step: OnStep = lambda step, n_done, n_table: None,
    *,
    derived: bool = True,
) -> dict[str, pd.DataFrame]:
    """Make the tables of a schema from what the program draws of each: parents first, then keys that refer to later tables.

    Tables whose numbers of rows are not ``asked`` for have fewer, if keys or unique columns cannot tell as many apart.
    """
    made: dict[str, TableRows] = {}
    number: dict[str, np.ndarray] = {}  # of each row that the program has, in its table
    for table, part, n in zip(plan.tables, drawn, n_row, strict=True):
        name = table.table.name
        on_step(f"constraints of {name}", len(made), len(n_row))
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        rows = TableRows(table, n, plan.schema.source, rng, _missing_rate(prior, name, seed), window)
        rows.set_features([(plan.n_label(column, prior), x) for column, x in zip(table.features, part.value, strict=True)])
        rows.time = None if part.time is None else without_ties(part.time, (window[1] + 1) * float(DAY), rng)
        keys = zip(table.linked, part.parent_row, strict=True)
        linked = {key: number[table.table.foreign_keys[key].parent][parent_row] for key, parent_row in keys}
        number[name] = set_rows(rows, linked, made, can_drop=name not in asked, is_derived=derived)
        made[name] = rows
    if derived:
        derive_totals(plan, made)
    frames = {name: pd.DataFrame() for name in made}
    for name, rows in made.items():
        frames[name] = frame_of(rows, frames)
    for name, rows in made.items():
        if rows.plan.late:
            set_late_keys(rows, {other: made[other].codes for other in made})
            frames[name] = frame_of(rows, frames)
    return {table.name: frames[table.name][[column.name for column in table.columns]] for table in plan.schema.tables}


def _missing_rate(prior: Prior, name: str, seed: int) -> float:
    """Share of missing values in the columns of a table that allow them."""
    key = site_key(random.key(seed), f"features/missing_rate/{name}")
    return float(jax.device_get(prior.features.missing_rate.sample(key)))
