"""Drawing a database of which some parts are given."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import random

from plurel_prob.conditioning.conditions import Condition, Conditions
from plurel_prob.databases import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.errors import DatabaseError
from plurel_prob.interventions.counterfactual import counterfactual
from plurel_prob.models.database import Bucket
from plurel_prob.models.schema import Schema
from plurel_prob.priors import Prior
from plurel_prob.programs.densities import Densities, Density, structure_densities, values_densities
from plurel_prob.programs.given import GivenSites, free_sites, nothing_given
from plurel_prob.programs.layout import N_ROW, PARENT_ROW, Layout, form_of, structure_layout, values_layout
from plurel_prob.programs.sizes import bucket_of_all
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import draw_with


def sample_given(seed: int, prior: Prior, given: Mapping[str, Any], bucket: Bucket | None = None) -> Database:
    """Draw a database of which some parts are given; see :func:`plurel_prob.sample`.

    Raises:
        DatabaseError: a name is unknown, a value has the wrong form, the prior excludes it, or two contradict each other.
    """
    asked, key = Conditions(given, prior, seed), random.key(seed)
    layout = structure_layout(prior)
    known = draw_structure(prior, key, given_sites(asked, layout))
    bucket, form = bucket or bucket_of_all(known.sizes), form_of(known.structure)
    layout_of_values = free_sites(values_layout(prior, bucket, form))
    for condition in asked.conditions:
        _check_exists(condition, known.structure.schema, (layout | layout_of_values)[condition.site].axes)
    _check_possible(asked, structure_densities(prior)(known.sites)[1])
    drawn = draw_with(prior, key, known, bucket, given=given_sites(asked, layout_of_values))
    if any(condition.site in layout_of_values for condition in asked.conditions):
        sites = {name: drawn.sites[name] for name in values_layout(prior, bucket, form)}
        _check_possible(asked, values_densities(prior, bucket, form)(known.structure, sites).of_sites)
    database = Database.from_draw(drawn, seed, prior, tuple(given))
    return counterfactual(database, asked.columns, fills_missing=True) if asked.columns else database


def given_sites(asked: Conditions, layout: Layout) -> GivenSites:
    """What is given, as the arrays of whole sites that programs take.

    Raises:
        DatabaseError: the same part is given two values.
    """
    given = nothing_given(layout)
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


def _check_possible(asked: Conditions, densities: Densities) -> None:
    """Refuse what has no place in the database, and what the prior cannot draw."""
    for condition in asked.conditions:
        if condition.site in densities:
            _check_one(condition, jax.device_get(densities[condition.site]))


def _check_one(condition: Condition, density: Density) -> None:
    n_batch = density.is_possible.ndim
    part = condition.at + tuple(map(slice, condition.value.shape))
    if condition.at and condition.site not in N_ROW and not condition.is_weak and not density.is_used[part[:n_batch]].any():
        raise DatabaseError(f"given {condition.name}: the database has no use for it ({condition.site})")
    if not density.is_possible[part[:n_batch]].all():
        value = np.array2string(condition.value, threshold=6)
        raise DatabaseError(f"given {condition.name}: the prior excludes {value} ({condition.site}); a prior file may allow it")
