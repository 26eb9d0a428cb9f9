"""Tables that are drawn in parts are those that are drawn whole."""

import jax
import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.databases.disk import write_parts
from plurel_prob.priors import PriorError, override, scale_rows
from plurel_prob.sampling.programs import sizes_of
from plurel_prob.sampling.rows import in_parts, n_part
from tests.models.tiny import tiny

N_ROW = 140_001  # three parts


@pytest.fixture(scope="module", params=["compact", pytest.param("plurel", marks=pytest.mark.slow)])
def prior(request):
    rows = {"n_row_activity": {"DiscreteUniform": [N_ROW, N_ROW + 2000]}, "max_parent": 2}
    return override(tiny(request.param), {"schema": rows})


@pytest.fixture(scope="module")
def whole(prior):
    return plurel_prob.sample(0, prior)


def long_tables(database):
    return [name for name, table in database.schema.tables.items() if table.time_col]


def test_the_database_on_disk_is_the_same(prior, whole, tmp_path):
    calls = []
    schema = plurel_prob.sample_to(tmp_path / "parts", 0, prior, on_part=lambda *call: calls.append(call))
    sizes = sizes_of(prior, jax.random.key(0))
    long = long_tables(whole)
    assert [f"table_{table}" for table in np.flatnonzero(in_parts(sizes))] == long and long
    assert calls == [(name, i + 1, n) for name in long for n in [n_part(sizes, int(name[6:]))] for i in range(n)]
    assert schema == whole.schema
    loaded = plurel_prob.load(tmp_path / "parts")
    saved = plurel_prob.load(whole.save(tmp_path / "whole"))
    assert loaded.schema == saved.schema
    for name, frame in saved.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], frame, check_exact=True)
    table = loaded.latents[f"prior/{long[0]}"]
    assert table.sizes["row"] == 8192
    assert (table["value"] == saved.latents[f"prior/{long[0]}"]["value"][..., :8192]).all()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [range(0, 5), range(8190, 8195), range(73_727, 73_729), range(139_000, N_ROW)])
def test_rows_alone_are_those_of_the_table(prior, whole, rows):
    name = long_tables(whole)[0]
    frame = plurel_prob.sample_rows(0, name, rows, prior)
    expected = whole.tables[name].iloc[rows.start : rows.stop].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame[list(expected.columns)], expected, check_exact=True)


def test_rows_of_a_short_table():
    prior = tiny("compact")
    database = plurel_prob.sample(4, prior)
    name = long_tables(database)[0]
    expected = database.tables[name].iloc[7:20].reset_index(drop=True)
    frame = plurel_prob.sample_rows(4, name, range(7, 20), prior)
    pd.testing.assert_frame_equal(frame[list(expected.columns)], expected, check_exact=True)


def test_rows_that_cannot_be_drawn():
    prior = tiny("compact")
    schema = plurel_prob.sample(4, prior).schema
    parent, child, _ = schema.graph[0]
    leaf = next(name for name, table in schema.tables.items() if table.time_col)
    with pytest.raises(ValueError, match=f"other tables refer to {parent}"):
        plurel_prob.sample_rows(4, parent, range(3), prior)
    for name in ("table_9", "table_01", "tables"):
        with pytest.raises(ValueError, match=f"there is no table '{name}'; the database has table_0 to"):
            plurel_prob.sample_rows(4, name, range(3), prior)
    n_row = schema.tables[leaf].n_row
    for rows in (range(0), range(-1, 3), range(0, 4, 2), range(n_row - 1, n_row + 1)):
        with pytest.raises(ValueError, match=f"within 0 to {n_row}"):
            plurel_prob.sample_rows(4, leaf, rows, prior)


def test_what_cannot_be_drawn_is_refused_at_once(tmp_path):
    for seed in (-1, 2**31):
        with pytest.raises(ValueError, match="seed must be 0 to 2147483647"):
            plurel_prob.sample_to(tmp_path / "new", seed)
        with pytest.raises(ValueError, match="seed must be 0 to 2147483647"):
            plurel_prob.sample_rows(seed, "table_0", range(3))
    with pytest.raises(plurel_prob.DatabaseError, match="exists; choose another place"):
        plurel_prob.sample_to(tmp_path, 0)


def test_parts_are_written_without_constant_columns(tmp_path):
    def part(first, late):
        kind = pd.Categorical.from_codes([0, 1], ["a", "b"])
        keys = {"row_idx": [first, first + 1], "foreign_row_0": pd.array([5, 5], dtype="Int64")}
        return pd.DataFrame(keys | {"late": late, "constant": [1.0, np.nan], "missing": [np.nan] * 2, "kind": kind})

    parts = [part(0, [2.0, np.nan]), part(2, [np.nan, 2.0]), part(4, [2.0, 3.0])]
    write_parts(iter(parts), tmp_path / "some.parquet", {"row_idx", "foreign_row_0"})
    expected = pd.concat(parts, ignore_index=True).drop(columns=["constant", "missing"])
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "some.parquet"), expected)
    write_parts(iter([frame.drop(columns=["constant", "missing"]) for frame in parts]), tmp_path / "all.parquet", {"row_idx"})
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "all.parquet"), expected.drop(columns="foreign_row_0"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.parquet", "some.parquet"]


def test_rows_scale():
    prior = scale_rows(plurel_prob.get_prior("plurel"), 10)
    assert int(prior.schema.n_row_activity.low) == 20_000 and int(prior.schema.n_row_entity.high) == 10_000
    assert scale_rows(prior, 1) == prior
    fixed = override(prior, {"schema": {"n_row_entity": {"Pick": [3, 5]}}})
    with pytest.raises(PriorError, match=r"schema.n_row_entity is Pick; only DiscreteUniform rows scale"):
        scale_rows(fixed, 2)
    with pytest.raises(PriorError, match=r"schema.n_row_activity: up to 500,000,000 rows; a table has 200,000,000 at most"):
        scale_rows(plurel_prob.get_prior("plurel"), 100_000)
    with pytest.raises(PriorError, match=r"schema.law is growing; its rows do not scale: give its fields in a prior file"):
        scale_rows(plurel_prob.get_prior("realistic"), 2)
    with pytest.raises(PriorError, match="n_row_entity: up to 300,000,000 rows"):
        override(prior, {"schema": {"n_row_entity": {"DiscreteUniform": [5, 300_000_000]}}})
