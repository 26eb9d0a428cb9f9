import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from relbench.manifest import DatasetManifest, validate_dataset_manifest

import plurel_prob
from plurel_prob import get_prior
from plurel_prob.cli.run import run as run_here
from plurel_prob.databases.disk import write_tables
from plurel_prob.databases.tables import materialise
from plurel_prob.distributions import FAMILIES
from plurel_prob.sampling import draw
from tests.models.tiny import PLUREL, tiny

ROOT = Path(__file__).parent.parent
SMALL = Path(__file__).parent / "priors" / "small.toml"
ENV = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(ROOT / "out" / "test-programs")}


def run(*arguments, env=None):
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENV | (env or {}))


@pytest.mark.parametrize(("path", "n_database"), [(PLUREL, 8), pytest.param(SMALL, 200, marks=pytest.mark.slow)])
def test_databases_are_sound(path, tmp_path, n_database):
    families: set[int] = set()
    for database in plurel_prob.sample_many(range(n_database), get_prior(path)):
        assert_relbench_accepts(database, tmp_path / database.name)
        first, last = database.schema.window
        children = {parent for parent, _, _ in database.schema.graph}
        for name, table in database.schema.tables.items():
            frame = database.tables[name]
            np.testing.assert_array_equal(frame[table.pkey], np.arange(len(frame)))
            assert len(table.fkeys) <= 5
            for key, parent in table.fkeys.items():
                assert frame[key].dtype == "Int64"
                assert frame[key].between(0, len(database.tables[parent]) - 1).all()
            assert (table.time_col is None) == (name in children)
            if table.time_col:
                times = frame[table.time_col]
                assert times.is_monotonic_increasing and times.iloc[0] == first and times.iloc[-1] == last
            for column, kind in table.columns.items():
                assert frame[column].nunique() > 1
                dtype = str(frame[column].dtype)
                assert dtype == {"numerical": "float32", "boolean": "bool"}[kind]
                assert not np.isinf(frame[column]).any()
        families.add(database.latents["prior"].family.item())
    assert families == set(FAMILIES) or n_database < 200


def assert_relbench_accepts(database, folder):
    import relbench

    write_tables(database, folder)
    validate_dataset_manifest(DatasetManifest.load(folder / "manifest.yaml"), folder / "db")
    dataset = relbench.load_dataset(str(folder))
    loaded = dataset.get_db(upto_test_timestamp=False)
    assert {name: len(table.df) for name, table in loaded.table_dict.items()} == {
        name: len(frame) for name, frame in database.tables.items()
    }
    dataset.get_db()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact", "plurel"])
def test_small_databases_are_clean(name):
    """No missing cell but the planted share, no infinity, no constant column, bounded numbers."""
    prior, n_database = tiny(name), 500
    n_column = 0
    for seed in range(n_database):
        drawn = draw(prior, seed)
        tables, schema = materialise(drawn, prior.features.has_booleans)
        for table, (table_name, frame) in enumerate(tables.items()):
            n_missing = int(drawn.sites["features/missing_rate"][table] * np.float32(len(frame)))
            for column, kind in schema.tables[table_name].columns.items():
                values = frame[column]
                assert values.dropna().nunique() > 1
                n_column += 1
                if kind != "numerical":
                    assert not values.isna().any()
                    continue
                assert values.isna().sum() == n_missing
                assert np.abs(values.dropna()).max() < 1e30
    assert n_column > 5 * n_database


def test_a_child_follows_its_parents_columns():
    """Linear regression of some child column on the linked parents' columns explains more than chance would."""
    best = 0.0
    for database in plurel_prob.sample_many(range(20), tiny("plurel")):
        for parent, child, key in database.schema.graph:
            mine = database.tables[child].select_dtypes("float32").rank().fillna(0)
            theirs = (
                database.tables[parent]
                .select_dtypes("float32")
                .rank()
                .fillna(0)
                .to_numpy()[database.tables[child][key].to_numpy(int)]
            )
            if len(mine) > 300 and mine.shape[1] and theirs.shape[1]:
                correlation = np.corrcoef(mine.to_numpy().T, theirs.T)[: mine.shape[1], mine.shape[1] :]
                best = max(best, np.abs(correlation).max())
    assert best > 0.4


def test_processes_counts_and_orders_give_the_same_database(tmp_path):
    sample = ["sample", "--prior", str(PLUREL), "--out"]
    done = run("-m", "plurel_prob", *sample, str(tmp_path / "a"), "--seed", "3", "--count", "3")
    assert done.returncode == 0, done.stderr
    assert run_here([*sample, str(tmp_path / "b"), "--seed", "5"]) == 0
    here = list(plurel_prob.sample_many([7, 5], get_prior(PLUREL)))[1]
    for path in (tmp_path / "a" / "plurel-5", tmp_path / "b" / "plurel-5"):
        there = plurel_prob.load(path)
        assert there.schema == here.schema and there.prior == here.prior
        for name, frame in here.tables.items():
            pd.testing.assert_frame_equal(there.tables[name], frame, check_exact=True)
        xr.testing.assert_identical(there.latents, here.latents)


@pytest.mark.slow
def test_structure_is_the_same_for_another_instruction_set(tmp_path, small_prior):
    flags = {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2", "JAX_ENABLE_COMPILATION_CACHE": "false"}
    out = str(tmp_path / "out")
    done = run("-m", "plurel_prob", "sample", "--count", "20", "--out", out, "--prior", str(SMALL), env=flags)
    assert done.returncode == 0, done.stderr
    n_column, n_shown_once = 0, 0
    for here in plurel_prob.sample_many(range(20), small_prior):
        there = plurel_prob.load(tmp_path / "out" / here.name)
        assert there.schema.graph == here.schema.graph and there.schema.window == here.schema.window
        for name, table in here.schema.tables.items():
            # last bits decide where a number lies that is almost a boundary, and so whether a column is constant and left out
            once = set(table.columns) ^ set(there.schema.tables[name].columns)
            assert there.schema.tables[name].without(once) == table.without(once)
            n_column, n_shown_once = n_column + len(table.columns), n_shown_once + len(once)
            mine, theirs = here.latents[f"prior/{name}"], there.latents[f"prior/{name}"]
            for variable in ("graph", "column_node", "is_categorical", "n_category", "mechanism_key", "transform"):
                np.testing.assert_array_equal(mine[variable], theirs[variable])
            for key in table.fkeys:
                pd.testing.assert_series_equal(there.tables[name][key], here.tables[name][key])
    assert n_column > 200 and n_shown_once <= 2


LOWERED = """
import hashlib, jax
from functools import partial
from plurel_prob.programs.layout import structure_form
from plurel_prob.programs.values import inputs_form, run_values
from tests.models.tiny import BUCKET, tiny
prior = tiny("compact")
program = jax.jit(partial(run_values, prior, BUCKET))
print(hashlib.sha256(program.lower(inputs_form(prior, BUCKET, structure_form(prior))).as_text().encode()).hexdigest())
"""


def test_processes_share_compiled_programs():
    """A program's text, by which the persistent cache knows it, does not depend on the order of names in sets."""
    digests = [run("-c", LOWERED, env={"PYTHONHASHSEED": seed}) for seed in ("1", "2")]
    assert digests[0].stdout == digests[1].stdout and len(digests[0].stdout.strip()) == 64, digests[0].stderr


ON_FOUR_DEVICES = """
import jax, numpy as np, plurel_prob
from plurel_prob.programs.values import mesh_of
from plurel_prob.sampling.programs import draw, draw_on
from tests.models.tiny import PLUREL, tiny
assert len(jax.devices()) == 4
prior = tiny("compact")
seeds = [3, 9, 4, 0, 7, 1]
several = list(plurel_prob.sample_many(seeds, prior, devices=jax.devices()))
assert [database.seed for database in several] == seeds
draws = [drawn for batch in (seeds[:4], seeds[4:]) for drawn in draw_on(mesh_of(jax.devices()), prior, batch)]
for database, several_drew in zip(several, draws, strict=True):
    alone = draw(prior, database.seed)
    assert plurel_prob.Database.from_draw(alone, database.seed, prior).schema == database.schema
    for name, site in alone.sites.items():
        other = several_drew.sites[name]
        used = tuple(slice(min(sizes)) for sizes in zip(site.shape, other.shape))
        if site.dtype.kind == "f":
            np.testing.assert_allclose(other[used], site[used], rtol=1e-5, atol=1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(other[used], site[used], err_msg=name)
print("same")
"""


@pytest.mark.slow
def test_four_devices_draw_what_one_draws():
    """Sizes, keys and choices to the last bit; numbers to rounding, since XLA optimises a program for four devices anew."""
    done = run("-c", ON_FOUR_DEVICES, env={"XLA_FLAGS": "--xla_force_host_platform_device_count=4"})
    assert done.returncode == 0 and done.stdout.strip() == "same", done.stderr


@pytest.mark.slow
def test_several_processes_write_what_one_writes(tmp_path, small_prior):
    arguments = ["--count", "3", "--workers", "2", "--prior", str(SMALL), "--out", str(tmp_path)]
    done = run("-m", "plurel_prob", "sample", *arguments)
    assert done.returncode == 0, done.stderr
    for here in plurel_prob.sample_many(range(3), small_prior):
        there = plurel_prob.load(tmp_path / here.name)
        for name, frame in here.tables.items():
            pd.testing.assert_frame_equal(there.tables[name], frame, check_exact=True)


def test_a_batch_is_what_is_drawn_alone():
    """Five databases by threes: what is left over in the second batch is not given."""
    prior = tiny("compact")
    several = [*plurel_prob.sample_many(range(5), prior, batch=3)]
    assert [database.seed for database in several] == [*range(5)]
    for database in several:
        alone = plurel_prob.sample(database.seed, prior)
        assert database.schema == alone.schema
        for name, frame in alone.tables.items():
            pd.testing.assert_frame_equal(database.tables[name], frame, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        next(plurel_prob.sample_many(range(3), prior, batch=0))


def test_seeds_out_of_range_are_refused():
    with pytest.raises(ValueError, match="seed must be"):
        plurel_prob.sample(-1)


def test_importing_is_light():
    heavy = ["arviz_base", "arviz", "matplotlib", "netCDF4", "relbench", "duckdb", "huggingface_hub", "rich", "xarray"]
    done = run("-c", f"import sys, plurel_prob; print([m for m in {heavy} if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
