"""Drawing a database of which some parts are given."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import random

from plurel_prob.compiled.programs import bucket_of_all
from plurel_prob.conditioning.conditions import N_ROW, Condition, Conditions
from plurel_prob.conditioning.handler import Given
from plurel_prob.conditioning.programs import PARENT_ROW, GivenSites, Verdicts, free_sites, given_program, structure_program
from plurel_prob.databases import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.errors import DatabaseError
from plurel_prob.models.database import Bucket
from plurel_prob.models.schema import Schema
from plurel_prob.priors import Prior
from plurel_prob.replay.layout import Site, structure_layout


def sample_given(seed: int, prior: Prior, given: Mapping[str, Any], bucket: Bucket | None = None) -> Database:
    """Draw a database of which some parts are given; see :func:`plurel_prob.sample`.

    Raises:
        DatabaseError: a name is unknown, a value has the wrong form, the prior excludes it, or two contradict each other.
    """
    asked, key = Conditions(given, prior, seed), random.key(seed)
    schema, sizes, verdicts = jax.device_get(structure_program(prior)(key, given_sites(asked, structure_layout(prior))))
    bucket = bucket or bucket_of_all(sizes)
    layout = free_sites(prior, bucket)
    for condition in asked.conditions:
        _check_exists(condition, schema, layout[condition.site].axes)
        _check_possible(condition, verdicts)
    drawn, verdicts = jax.device_get(given_program(prior, bucket)(key, given_sites(asked, layout)))
    for condition in asked.conditions:
        _check_possible(condition, verdicts)
    database = Database.from_draw(drawn, seed, prior, tuple(given))
    return database.do(asked.columns) if asked.columns else database


def given_sites(asked: Conditions, layout: dict[str, Site]) -> GivenSites:
    """What is given, as the arrays of whole sites that programs take.

    Raises:
        DatabaseError: the same part is given two values.
    """
    given = {name: Given(np.zeros(site.shape, bool), np.zeros(site.shape, site.dtype)) for name, site in layout.items()}
    for condition in sorted(asked.conditions, key=lambda condition: condition.is_weak):
        if condition.site not in given:
            continue
        part: Any = (*condition.at, *map(slice, condition.value.shape), ...)  # with the dots a view, of a number too
        is_given, value = (array[part] for array in given[condition.site])
        if (is_given & (value != condition.value)).any() and not condition.is_weak:
            others = {c.name for c in asked.conditions if c.site == condition.site} - {condition.name}
            raise DatabaseError(f"given {condition.name}: contradicts {' or '.join(sorted(others))} ({condition.site})")
        value[...] = np.where(is_given & condition.is_weak, value, condition.value)
        is_given[...] = True
    return given


def _check_exists(condition: Condition, schema: Schema, axes: tuple[str, ...]) -> None:
    """Refuse what belongs to a table, column or key that the database does not have."""
    if not condition.at:
        return
    table, *rest = condition.at
    n_table = int(schema.n_table)
    if table >= n_table:
        raise DatabaseError(f"given {condition.name}: the database has {n_table} tables; give n_table or graph, too")
    name, n_column, n_key = table_name(table), int(schema.n_column[table]), int(schema.n_parent[table])
    if rest and axes[1] == "column" and rest[0] >= n_column:
        raise DatabaseError(f"given {condition.name}: {name} has {n_column} columns; give {name}.n_column, too")
    if rest and axes[1] == "foreign_key" and rest[0] >= n_key:
        raise DatabaseError(f"given {condition.name}: {name} has {n_key} foreign keys; give graph, too")
    if condition.site == PARENT_ROW:
        _check_parent_rows(condition, schema)


def _check_parent_rows(condition: Condition, schema: Schema) -> None:
    parent = int(schema.parent_table[condition.at])
    n_parent = int(schema.n_row[parent])
    outside = condition.value[(condition.value < 0) | (condition.value >= n_parent)]
    if outside.size:
        raise DatabaseError(
            f"given {condition.name}: there is no row {outside[0]} in {table_name(parent)}, which has {n_parent}; "
            f"give {table_name(parent)}.n_row, too"
        )


def _check_possible(condition: Condition, verdicts: Verdicts) -> None:
    """Refuse what has no place in the database, and what the prior cannot draw."""
    if condition.site not in verdicts:
        return
    verdict = verdicts[condition.site]
    n_batch = verdict.is_possible.ndim
    part = condition.at + tuple(map(slice, condition.value.shape))
    if condition.at and condition.site not in N_ROW and not condition.is_weak and not verdict.is_used[part[:n_batch]].any():
        raise DatabaseError(f"given {condition.name}: the database has no use for it ({condition.site})")
    if not verdict.is_possible[part[:n_batch]].all():
        value = np.array2string(condition.value, threshold=6)
        raise DatabaseError(f"given {condition.name}: the prior excludes {value} ({condition.site}); a prior file may allow it")
