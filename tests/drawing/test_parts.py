"""Tables of many columns: the program draws them in parts, and everything else has its place as before."""

from types import SimpleNamespace

import numpy as np
import pytest

from plurel_prob.declared import DeclaredSchema
from plurel_prob.drawing import draw
from plurel_prob.drawing.plan import MAX_FEATURE, plan_of
from plurel_prob.drawing.program import bounds_of, observed_schema
from plurel_prob.models.database import Draw
from tests.drawing.made_up import PRIOR, WINDOW, parsed


def schema_of(n_column: int) -> DeclaredSchema:
    columns = ", ".join(f"c{i} {('integer', 'boolean', 'text')[i % 3]}" for i in range(n_column))
    return parsed(
        f"CREATE TABLE one (id integer PRIMARY KEY, a integer);"
        f"CREATE TABLE wide (id integer PRIMARY KEY, one integer NOT NULL REFERENCES one (id), {columns});"
        f"CREATE TABLE last (id integer PRIMARY KEY, wide integer REFERENCES wide (id), one integer REFERENCES one (id), b date);"
    )


def test_a_wide_table_is_several_of_the_program() -> None:
    plan = plan_of(schema_of(1000))
    parts = plan.parts()
    assert [part.table for part in parts] == [0, *[1] * 16, 2]
    assert all(len(part.features) <= MAX_FEATURE for part in parts)
    assert sum((part.features for part in parts if part.table == 1), ()) == plan.tables[1].features
    assert bounds_of(plan) == (32, 2, 64)
    observed = observed_schema(plan, PRIOR, [10, 20, 30], np.array(WINDOW, np.int32))
    assert observed.n_row[: len(parts)].tolist() == [10, *[20] * 16, 30]
    assert observed.n_parent[: len(parts)].tolist() == [0, 1, *[0] * 15, 2]
    assert observed.parent_table[17].tolist() == [1, 0]  # the first part of the wide one
    assert observed.n_column.sum() == 1 + 1000 + 1
    assert observed.is_entity[: len(parts)].tolist() == [True] * 17 + [False]


def test_other_tables_are_as_they_are_declared() -> None:
    plan = plan_of(schema_of(MAX_FEATURE))
    assert [(part.table, part.linked, part.features) for part in plan.parts()] == [
        (i, table.linked, table.features) for i, table in enumerate(plan.tables)
    ]


def test_parts_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(schema_of(150))
    observed = observed_schema(plan, PRIOR, [2, 3, 4], np.array(WINDOW, np.int32))
    parent_row = np.arange(observed.parent_table.size * 5).reshape(*observed.parent_table.shape, 5)
    stages = SimpleNamespace(schema=observed, links=SimpleNamespace(parent_row=parent_row))
    monkeypatch.setattr(
        draw, "column_values", lambda _, i: 100 * i + np.arange(observed.n_column[i])[:, None] + np.zeros(observed.n_row[i])
    )
    found = draw._table_draws(plan, Draw(stages, {}))
    assert [len(table.value) for table in found] == [len(table.features) for table in plan.tables] == [1, 150, 1]
    assert [value[0] for value in found[1].value] == [100 * i + j for i in (1, 2, 3) for j in range(50)]
    assert [rows.tolist() for rows in found[1].parent_row] == [parent_row[1, 0, :3].tolist()]
    assert [rows.tolist() for rows in found[2].parent_row] == parent_row[4, :, :4].tolist()
