"""Databases of declared schemas from random numbers in the place of the program's, which takes long to compile."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from plurel_prob import get_prior
from plurel_prob.declared import DeclaredSchema, read_ddl
from plurel_prob.drawing.counts import row_counts
from plurel_prob.drawing.draw import TableDraw, finish
from plurel_prob.drawing.plan import plan_of
from plurel_prob.stores.arrow import arrow_tables
from plurel_prob.stores.checks import check_rows

WINDOW = (18_000, 18_700)
PRIOR = get_prior("compact")


def parsed(sql: str, dialect: str = "postgresql") -> DeclaredSchema:
    """Read a schema from its text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sql"
        path.write_text(sql)
        return read_ddl(path, dialect)


def drawn(
    schema: DeclaredSchema,
    seed: int,
    rows: dict[str, int] | None = None,
    most: int = 80,
    *,
    guess: bool = False,
    derived: bool = True,
) -> dict[str, pd.DataFrame]:
    """Tables of at most so many rows, unless more are asked for; all constraints are checked."""
    plan, rng = plan_of(schema, guess=guess), np.random.default_rng(seed)
    counts = row_counts(plan, PRIOR, rows or {}, seed, WINDOW)
    few = {table.table.name: min(n, most) for table, n in zip(plan.tables, counts, strict=True)}
    n_row = row_counts(plan, PRIOR, few | (rows or {}), seed, WINDOW)
    parts = []
    for table, n in zip(plan.tables, n_row, strict=True):
        parents = [n_row[plan.index(table.table.foreign_keys[key].parent)] for key in table.linked]
        labels = [plan.n_label(column, PRIOR) for column in table.features]
        values = [rng.integers(0, label, n).astype(float) if label else rng.normal(size=n) for label in labels]
        parts.append(TableDraw([rng.integers(0, parent, n) for parent in parents], values))
    tables = finish(plan, PRIOR, parts, n_row, WINDOW, seed, rows or (), derived=derived)
    check_rows(arrow_tables(tables, schema), schema)
    return tables
