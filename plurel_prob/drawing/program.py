"""The joint program, given stage 1: links and features of declared tables."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import random

from plurel_prob.distributions import TruncatedZipf
from plurel_prob.drawing.dates import main_time
from plurel_prob.drawing.kinds import kind_of
from plurel_prob.drawing.plan import Plan
from plurel_prob.keys import site_key
from plurel_prob.models.database import Draw
from plurel_prob.models.kinds import ENTITY
from plurel_prob.models.schema import Schema
from plurel_prob.priors import GrowingSchemaPrior, KindsSchemaPrior, Prior
from plurel_prob.priors.stages import MAX_ROW
from plurel_prob.programs.given import nothing_given
from plurel_prob.programs.layout import form_of, values_layout
from plurel_prob.programs.sizes import bucket_of_all
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import default_mesh, draw_with, values_program

MISSING_RATE = "features/missing_rate"


class Bounds(NamedTuple):
    """Sizes that a program is compiled for, powers of two: schemas of about the same size share one."""

    n_table: int
    n_slot: int  # foreign keys of a table
    n_column: int


def bounds_of(plan: Plan) -> Bounds:
    """Smallest bounds that hold a schema."""
    n_slot, n_column = (
        max(len(part) for part in parts) for parts in zip(*((t.linked, t.features) for t in plan.parts()), strict=True)
    )
    return Bounds(*(1 << (max(n, least) - 1).bit_length() for n, least in ((len(plan.parts()), 4), (n_slot, 2), (n_column, 4))))


def fitting(prior: Prior, bounds: Bounds) -> Prior:
    """Return a prior of these bounds on tables and columns; its laws of stages 2 and 3 stay."""
    n_table, n_column = dist.DiscreteUniform(2, bounds.n_table), TruncatedZipf(1.0, 1, bounds.n_column)
    return dataclasses.replace(prior, schema=dataclasses.replace(prior.schema, n_table=n_table, n_column=n_column))


def observed_schema(plan: Plan, prior: Prior, n_row: Sequence[int], window: np.ndarray) -> Schema:
    """Stage 1 as arrays, padded to the bounds of the schema; a table without features has one that is not shown."""
    parts, (max_table, max_parent, max_column) = plan.parts(), bounds_of(plan)
    n_table, first = len(parts), {plan.tables[part.table].table.name: i for i, part in reversed(list(enumerate(parts)))}
    parent_table = np.full((max_table, max_parent), -1, np.int32)
    n_category = np.full((max_table, max_column), 2, np.int32)
    is_categorical = np.zeros((max_table, max_column), bool)
    counts = np.zeros((3, max_table), np.int32)  # of parents, rows, columns
    kind, has_time = np.full(max_table, ENTITY, np.int32), np.zeros(max_table, bool)
    is_entity, referred = np.zeros(max_table, bool), plan.referred()
    for i, part in enumerate(parts):
        table = plan.tables[part.table].table
        parents = [first[table.foreign_keys[key].parent] for key in part.linked]
        parent_table[i, : len(parents)] = parents
        is_entity[i] = table.name in referred
        kind[i], has_time[i] = kind_of(plan, plan.tables[part.table]), main_time(plan.tables[part.table]) is not None
        counts[:, i] = len(parents), n_row[part.table], max(1, len(part.features))
        for j, column in enumerate(part.features):
            labels = plan.n_label(column, prior)
            is_categorical[i, j], n_category[i, j] = labels > 0, max(labels, 2)
    place = np.arange(max_table, dtype=np.int32)
    is_table = place < n_table
    order = np.where(is_table, place, -1).astype(np.int32)
    of_tables = is_table, is_entity, kind, is_table & has_time, counts[0], parent_table, counts[1], counts[2]
    arrays: Any = (order, *of_tables, is_categorical, n_category, window)
    return Schema(np.int32(n_table), *arrays)  # type: ignore[arg-type]  # on the host


def draw_observed(
    prior: Prior, observed: Schema, seed: int, on_step: Callable[[str, int, int], None] = lambda step, n_done, n: None
) -> Draw:
    """Draw stages 2 and 3, and bring them to the host. No cell is missing: that is up to what the schema allows."""
    key = random.key(seed)
    on_step("compiling", 0, 1)
    known = draw_structure(prior, key, observed=observed)
    bucket = bucket_of_all(known.sizes)
    form = form_of(known.structure)
    given = nothing_given(values_layout(prior, bucket, form))
    given[MISSING_RATE].is_given[...] = True  # with the rate 0
    values_program(prior, bucket, default_mesh(), form)
    on_step("drawing keys and columns", 0, 1)
    return draw_with(prior, key, known, bucket, given=given)


def window_of(prior: Prior, seed: int) -> np.ndarray:
    """Draw the time window: first and last day, in days since 1970-01-01."""
    return np.asarray(prior.schema.window.sample(site_key(random.key(seed), "schema/window")), np.int32)


def counts_of(prior: Prior, plan: Plan, rows: Mapping[str, int], seed: int) -> list[int]:
    """Draw numbers of rows, as the prior has them for tables that others refer to and for others; or, where they follow from
    those of parents, from what is asked for of these.
    """
    key, names, referred = random.key(seed), [table.table.name for table in plan.tables], plan.referred()
    if isinstance(prior.schema, GrowingSchemaPrior):
        keys = [table.table.foreign_keys for table in plan.tables]
        parents = [sorted({names.index(key.parent) for key in of} & {*range(i)}) for i, of in enumerate(keys)]  # of cycles, some
        parent_table = np.full((len(names), max(map(len, parents)) + 1), -1)
        for i, of in enumerate(parents):
            parent_table[i, : len(of)] = of
        # more rows than the prior has are asked for of a table: its children have more, too
        max_row = min(MAX_ROW, max(prior.schema.max_row, 100 * max(rows.values(), default=0)))
        schema = dataclasses.replace(prior.schema, max_row=max_row)
        kind = jnp.array([kind_of(plan, table) for table in plan.tables])
        law = schema.counts(jnp.arange(len(names)), jnp.asarray(parent_table), kind)
        given = jnp.array([rows.get(name, -1) for name in names])
        drawn = law.with_given(given >= 0, given).sample(site_key(key, "schema/n_row"))
        return [int(n) for n in drawn]
    assert isinstance(prior.schema, KindsSchemaPrior), "a schema has a law of rows"
    entity = np.asarray(prior.schema.n_row_entity.sample(site_key(key, "schema/n_row_entity"), (len(names),)))
    activity = np.asarray(prior.schema.n_row_activity.sample(site_key(key, "schema/n_row_activity"), (len(names),)))
    return [int(n) for n in np.where([name in referred for name in names], entity, activity)]
