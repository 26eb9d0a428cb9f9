"""Tables whose columns are read when they are asked for, against whole frames."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases import observe
from plurel_prob.databases.stored import Frame, open_tables
from plurel_prob.errors import DatabaseError

MANIFEST = """\
name: small
val_timestamp: '2020-01-01'
test_timestamp: '2021-01-01'
tables:
  users: {pkey: id, time_col: null, fkeys: {}}
  orders: {pkey: null, time_col: at, fkeys: {user: users}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    users = pd.DataFrame({"id": [0, 1], "name": ["a", None], "size": pd.Categorical(["L", "S"])})
    large = pd.array([2**60 + 1, None, 3], dtype="Int64")
    orders = pd.DataFrame({"user": [1, 0, 1], "at": pd.to_datetime(["2019", "2020", "2021"]), "n": large})
    users.set_index(pd.Index(["x", "y"], name="label")).to_parquet(tmp_path / "db" / "users.parquet")
    orders.set_index(np.array([5, 7, 9])).to_parquet(tmp_path / "db" / "orders.parquet")
    return tmp_path


def test_columns_are_those_of_whole_frames(folder):
    observed = observe(folder)
    frames, schemas = open_tables(folder)
    assert isinstance(frames["users"], Frame) and isinstance(observed.tables["users"], Frame)
    for name, whole in observed.tables.items():
        assert list(frames[name]) == list(whole) and len(frames[name]) == len(whole)
        for column in whole:
            pd.testing.assert_series_equal(frames[name][column], whole[column])
        schema, known = schemas[name], observed.schema.tables[name]
        assert (schema.pkey, schema.time_col, schema.fkeys, schema.n_row) == (
            known.pkey,
            known.time_col,
            known.fkeys,
            known.n_row,
        )


def test_what_is_missing_or_broken_is_named(folder):
    file = folder / "db" / "orders.parquet"
    frame = pd.read_parquet(file)
    frame.drop(columns="at").to_parquet(file)
    with pytest.raises(DatabaseError, match="manifest.yaml: orders has no column at"):
        open_tables(folder)
    frame.to_parquet(file)
    frames, _ = open_tables(folder)
    file.write_bytes(b"no parquet")
    with pytest.raises(DatabaseError, match="orders.parquet: cannot be read"):
        frames["orders"]["at"]
    with pytest.raises(DatabaseError, match="orders.parquet: cannot be read"):
        open_tables(folder)
    file.unlink()
    with pytest.raises(DatabaseError, match="orders.parquet: no such file"):
        open_tables(folder)
