import json
import shutil

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import plurel_prob
from plurel_prob import DatabaseError
from plurel_prob.distributions.graphs import edges
from plurel_prob.distributions.mechanisms.effects import EFFECTS
from plurel_prob.validation import validate
from tests.models.tiny import tiny


@pytest.fixture(scope="module")
def database():
    return plurel_prob.sample(11, tiny("plurel"))


@pytest.fixture(scope="module")
def written(database, tmp_path_factory):
    return database.save(tmp_path_factory.mktemp("out") / database.name)


def test_a_round_trip_keeps_everything(database, written):
    loaded = plurel_prob.load(written)
    assert (loaded.seed, loaded.prior, loaded.schema) == (database.seed, database.prior, database.schema)
    for name, frame in database.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], frame, check_exact=True)
    xr.testing.assert_identical(loaded.latents, database.latents)
    assert repr(loaded) == repr(database)


def test_compact_latents_round_trip(tmp_path):
    database = plurel_prob.sample(4, tiny("compact"))
    loaded = plurel_prob.load(database.save(tmp_path / database.name))
    xr.testing.assert_identical(loaded.latents, database.latents)
    table = database.latents["prior/table_0"]
    assert table.edge_effect.dims == ("chain", "draw", "cause", "effect")
    assert int(table.edge_effect.max()) < len(EFFECTS)


def test_a_loaded_database_can_be_saved_again(written, tmp_path):
    again = plurel_prob.load(plurel_prob.load(written).save(tmp_path / "copy"))
    xr.testing.assert_identical(again.latents, plurel_prob.load(written).latents)


def test_latents_have_named_dimensions(database):
    tree = database.latents
    for name, table in database.schema.tables.items():
        group = tree[f"prior/{name}"]
        assert group.sizes["row"] == table.n_row
        assert group.value.dims == ("chain", "draw", "line", "row")
        assert group.edge_weight.dims == group.edge.dims == ("chain", "draw", "cause", "effect")
        np.testing.assert_array_equal(group.edge, edges(jnp.asarray(group.graph.to_numpy())))
        if table.fkeys:
            assert list(group.foreign_key.values) == list(table.fkeys)
            assert group.affinity.dims[-4:] == ("foreign_key", "level", "parent_cluster", "child_cluster")
        for column, kind in table.columns.items():
            node = group.column_node.sel(column=column).item()
            if kind == "numerical":
                values = pd.Series(group.value.to_numpy()[0, 0][group.line_node.to_numpy()[0, 0] == node][0])
                # transforms are monotone up to ties
                assert values.nunique() < 10 or values.rank().corr(database.tables[name][column].rank()) > 0.9


def test_provenance_is_enough_to_draw_it_again(database, written):
    record = json.loads((written / "plurel_prob.json").read_text())
    assert record["fingerprint"] == database.prior.fingerprint
    assert {"jax", "jaxlib", "numpyro", "numpy", "python", "plurel-prob"} == set(record["versions"])
    loaded = plurel_prob.load(written)
    again = plurel_prob.sample(loaded.seed, loaded.prior)
    for name, frame in database.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], frame, check_exact=True)


def test_existing_folders_are_kept_unless_overwritten(database, written):
    with pytest.raises(DatabaseError, match="exists"):
        database.save(written)
    (written / "stray").touch()
    with pytest.raises(DatabaseError, match="stray was not written with them, so it is not overwritten"):
        database.save(written, overwrite=True)
    (written / "stray").unlink()
    database.save(written, overwrite=True)
    assert [path.name for path in written.parent.iterdir()] == [written.name]


def test_a_failing_write_leaves_nothing(database, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plurel_prob.databases.disk.write_groups", fail)
    with pytest.raises(DatabaseError, match="No space left"):
        database.save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["plurel_prob.json", "manifest.yaml", "db/table_0.parquet"])
def test_a_damaged_folder_is_a_clear_error(written, tmp_path, file):
    folder = shutil.copytree(written, tmp_path / "damaged")
    (folder / file).write_bytes(b"\x00{")
    with pytest.raises(DatabaseError, match=file):
        plurel_prob.load(folder)
    (folder / file).unlink()
    with pytest.raises(DatabaseError, match=f"{file}: no such file"):
        plurel_prob.load(folder)


def test_damaged_latents_are_a_clear_error(written, tmp_path):
    folder = shutil.copytree(written, tmp_path / "damaged")
    (folder / "latents.npz").write_bytes(b"no arrays")
    with pytest.raises(DatabaseError, match="latents.npz"):
        plurel_prob.load(folder).latents  # noqa: B018


def test_a_database_can_be_written_without_latents(database, tmp_path):
    written = database.save(tmp_path / "bare", latents=False)
    assert not (written / "latents.npz").exists() and validate(written) == []
    read = plurel_prob.load(written)
    assert repr(read) == repr(database)
    with pytest.raises(DatabaseError, match="latents.npz: no such file; the database was written without latents"):
        read.latents  # noqa: B018
