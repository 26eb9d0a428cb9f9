from dataclasses import replace
from random import Random

import numpy as np
import pandas as pd
import pytest

from plurel_prob import get_prior
from plurel_prob.databases import DatabaseError
from plurel_prob.declared import DeclaredSchema
from plurel_prob.declared.drawing.counts import row_counts
from plurel_prob.declared.drawing.draw import TableDraw, finish
from plurel_prob.declared.drawing.plan import n_label, plan_of
from plurel_prob.stores import write_store
from tests.declared.writer import DIALECTS, random_schema

WINDOW = (18_000, 18_700)
PRIOR = get_prior("compact")


def made_up(schema: DeclaredSchema, seed: int) -> dict[str, pd.DataFrame]:
    """Tables from random numbers in the place of the program's."""
    plan, rng = plan_of(schema), np.random.default_rng(seed)
    counts = row_counts(plan, PRIOR, {}, seed, WINDOW)
    n_row = [min(n, 80) for n in counts]
    parts = []
    for table, n in zip(plan.tables, n_row, strict=True):
        parents = [n_row[plan.index(table.table.foreign_keys[key].parent)] for key in table.linked]
        labels = [n_label(column, PRIOR) for column in table.features]
        values = [rng.integers(0, label, n).astype(float) if label else rng.normal(size=n) for label in labels]
        parts.append(TableDraw([rng.integers(0, parent, n) for parent in parents], values))
    return finish(plan, PRIOR, parts, n_row, WINDOW, seed)


def check_schemas(folder, seeds: range) -> int:
    """Draw databases of random schemas, and have SQLite check them; return how many could be honoured."""
    n_drawn = 0
    for seed in seeds:
        schema = replace(random_schema(Random(f"draw {seed}"), DIALECTS[seed % len(DIALECTS)]), source="made up")
        try:
            tables = made_up(schema, seed)
        except DatabaseError as error:
            assert schema.source in str(error), error
            continue
        write_store(tables, schema, folder / f"{seed}.sqlite", "sqlite")  # it checks all constraints
        n_drawn += 1
    return n_drawn


def test_databases_of_random_schemas_satisfy_them(tmp_path):
    assert check_schemas(tmp_path, range(25)) > 15


@pytest.mark.slow
def test_databases_of_many_random_schemas_satisfy_them(tmp_path):
    assert check_schemas(tmp_path, range(25, 400)) > 250
