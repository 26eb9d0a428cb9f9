import json
import os
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

from plurel_prob import get_prior
from plurel_prob.databases.tables import column_values
from plurel_prob.declared import Column, DeclaredSchema, read_ddl
from plurel_prob.domains.columns import domain_of
from plurel_prob.domains.numbers import Domain
from plurel_prob.drawing import sample_declared, save
from plurel_prob.drawing.counts import row_counts
from plurel_prob.drawing.orders import put_in_order
from plurel_prob.drawing.plan import plan_of
from plurel_prob.drawing.program import bounds_of, draw_observed, fitting, observed_schema, window_of
from plurel_prob.errors import DatabaseError
from plurel_prob.stores import write_store
from plurel_prob.validation import validate
from tests.declared.writer import DIALECTS, random_schema
from tests.drawing.made_up import drawn

SHOP = """
CREATE TABLE country (code CHAR(2) PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, region TEXT CHECK (region IN ('n', 's', 'e')));
CREATE TABLE person (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, born DATE, height DECIMAL(5, 2) CHECK (height BETWEEN 0.5 AND 2.5),
    boss INTEGER REFERENCES person, country CHAR(2) NOT NULL REFERENCES country, home INTEGER UNIQUE REFERENCES place
);
CREATE TABLE place (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES person, label VARCHAR(6) NOT NULL);
CREATE TABLE project (
    id UUID PRIMARY KEY, started TIMESTAMP NOT NULL, ended TIMESTAMP NOT NULL, lead INTEGER NOT NULL REFERENCES person,
    deputy INTEGER REFERENCES person, CHECK (started < ended)
);
CREATE TABLE member (
    person INTEGER REFERENCES person, project UUID REFERENCES project, role SMALLINT NOT NULL CHECK (role IN (1, 2, 3)),
    PRIMARY KEY (person, project)
);
CREATE TABLE report (
    person INTEGER, project UUID, day DATE, hours DOUBLE PRECISION CHECK (hours > 0 AND hours < 24),
    PRIMARY KEY (person, project, day), FOREIGN KEY (person, project) REFERENCES member, FOREIGN KEY (project) REFERENCES project
);
"""


def check_schemas(folder, seeds: range) -> int:
    """Draw databases of random schemas, and have SQLite check them; return how many could be honoured."""
    n_drawn = 0
    for seed in seeds:
        schema = replace(random_schema(Random(f"draw {seed}"), DIALECTS[seed % len(DIALECTS)]), source="made up")
        try:
            tables = drawn(schema, seed)
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


def check_program(schema: DeclaredSchema, tables: dict[str, pd.DataFrame]) -> None:
    """Where nothing else is declared, the block model decides which person leads, and the causal model who has which role."""
    plan, prior, window = plan_of(schema), get_prior("compact"), window_of(get_prior("compact"), 3)
    n_row = row_counts(plan, prior, {"report": 1500}, 3, (int(window[0]), int(window[1])))
    drawn = draw_observed(fitting(prior, bounds_of(plan)), observed_schema(plan, prior, n_row, window), 3)
    project, member = plan.index("project"), plan.index("member")
    slot = plan.tables[project].linked.index([key.columns for key in schema.table("project").foreign_keys].index(("lead",)))
    expected = np.asarray(drawn.stages.links.parent_row[project, slot, : n_row[project]])
    assert (tables["project"]["lead"] - 1).tolist() == expected.tolist() and len(set(expected.tolist())) > 50
    role = column_values(drawn, member)[[column.name for column in plan.tables[member].features].index("role")]
    assert tables["member"].role.tolist() == [1 + int(code) for code in role]


@pytest.mark.slow
def test_a_database_is_a_draw_from_the_program(tmp_path):
    path = tmp_path / "shop.sql"
    path.write_text(SHOP)
    schema = read_ddl(path)
    first, again, other = (sample_declared(schema, seed, "compact", rows={"report": 1500}) for seed in (3, 3, 4))
    for name, frame in first.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
        assert not frame.equals(other.tables[name]) and len(frame) == (1500 if name == "report" else len(frame))
    assert first.tables["person"].home.dropna().is_unique and first.tables["person"].home.notna().sum() > 50
    assert 0 < first.tables["person"].born.isna().mean() < 0.5
    check_program(schema, first.tables)
    for i, kind in enumerate(("duckdb", "sqlite", "csv", "parquet", "relbench")):
        save(first, tmp_path / f"store-{i}", kind)
    assert validate(tmp_path / "store-4") == [] and validate(tmp_path / "store-4", "rt") == []
    provenance = json.loads((tmp_path / "store-4" / "plurel_prob.json").read_text())
    assert (provenance["seed"], provenance["given"], provenance["schema"]) == (3, ["schema"], "shop")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chinook.sqlite", "sakila.postgresql", "sakila.mysql", "sakila.sqlserver"])
def test_real_schemas(tmp_path, name):
    if "PLUREL_PROB_DATA" not in os.environ:
        pytest.skip("PLUREL_PROB_DATA does not say where ddl/ is")
    schema = read_ddl(Path(os.environ["PLUREL_PROB_DATA"]) / "ddl" / f"{name}.sql")
    database = sample_declared(schema, 0, "compact")
    assert save(database, tmp_path / "x.sqlite", "sqlite") == []
    assert sum(map(len, database.tables.values())) > 5000


def brute(domain: Domain) -> list[float]:
    return domain.axis(np.arange(domain.size)).tolist()


@pytest.mark.parametrize("seed", range(60))
def test_columns_are_put_in_order(seed):
    rng = np.random.default_rng(seed)
    bounds = [sorted(float(x) for x in rng.integers(0, 9, 2)) for _ in range(2)]
    kinds = ["integer", "decimal"] if seed % 3 else ["date", "date"]
    columns = [Column("c", "date")] * 2
    if "date" not in kinds:
        scale = int(rng.integers(0, 2))
        columns = [
            Column("c", kind, precision=3, scale=scale, low=b[0], high=b[1]) for kind, b in zip(kinds, bounds, strict=True)
        ]
    low, high = (domain_of(column, rng, 10, (5, 12), "t.c") for column in columns)
    places = rng.integers(0, low.size, 40), rng.integers(0, high.size, 40)
    is_strict, can_move = bool(rng.random() < 0.5), (bool(rng.random() < 0.7), bool(rng.random() < 0.7))
    found = put_in_order((low, high), places, is_strict, can_move)

    def holds(a: float, b: float) -> bool:
        return a < b if is_strict else a <= b

    def can_hold(a: float, b: float) -> bool:
        falls = can_move[0] and any(holds(other, b) for other in brute(low))
        if all(can_move) and any(holds(first, second) for first in brute(low) for second in brute(high)):
            return True
        return holds(a, b) or falls or (can_move[1] and any(holds(a, other) for other in brute(high)))

    x, y = low.axis(places[0]), high.axis(places[1])
    assert (found is None) == (not all(map(can_hold, x, y)))
    if found is None:
        return
    assert all(map(holds, low.axis(found[0]), high.axis(found[1])))
    right = np.array([holds(a, b) for a, b in zip(x, y, strict=True)])
    for before, after, domain, moves in zip(places, found, (low, high), can_move, strict=True):
        assert (after[right] == before[right]).all() and (after >= 0).all() and (after < domain.size).all()
        assert moves or (after == before).all()
