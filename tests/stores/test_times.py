"""Times that Python's calendar does not have: kept where a store can, refused with table, column and row elsewhere."""

import datetime as dt

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plurel_prob.databases import observe
from plurel_prob.databases.disk import MANIFEST
from plurel_prob.errors import DatabaseError
from plurel_prob.stores import read_store, write_store
from plurel_prob.stores.times import DAY, FIRST, LAST, is_beyond, time_series, time_texts, times_of
from tests.postgres import postgres_url
from tests.stores.databases import emptied

__all__ = ["postgres_url"]  # a fixture
TYPES = {
    "t": (
        "TIMESTAMP",
        ["infinity", "-infinity", "290000-01-01 00:00:00.000001", "0044-03-15 (BC) 10:00:00", "9999-12-31 23:59:59"],
    ),
    "z": (
        "TIMESTAMPTZ",
        ["infinity", "12000-06-01 00:00:00+00", "-infinity", "0001-01-01 00:00:00+00", "2020-02-02 00:00:00+00"],
    ),
    "d": ("DATE", ["infinity", "-infinity", "10000-01-01", "0044-03-15 (BC)", "9999-12-31"]),
    "c": ("TIME", ["24:00:00", "23:59:59.999999", "00:00:00", "12:00:00", "01:00:00"]),
}


@pytest.fixture
def source(tmp_path):
    """DuckDB file of a table with a column of each type, and times of all kinds."""
    path = tmp_path / "source.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        declared = ", ".join(f"{name} {kind}" for name, (kind, _) in TYPES.items())
        connection.execute(f"CREATE TABLE a (id INTEGER PRIMARY KEY, {declared})")
        for row, values in enumerate(zip(*(values for _, values in TYPES.values()), strict=True)):
            connection.execute(f"INSERT INTO a VALUES ({row}, {', '.join(repr(value) for value in values)})")
        connection.execute("INSERT INTO a (id) VALUES (5)")
    return path


def rows_of(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute("SELECT id, t::text, z::text, d::text, c::text FROM a ORDER BY id").fetchall()


@pytest.mark.parametrize("format", ["duckdb", "csv", "parquet", "postgresql"])
def test_stores_that_can_keep_times_of_all_years(format, source, tmp_path, request):
    """There and back into DuckDB: the same text of each value, by DuckDB itself."""
    target = emptied(request.getfixturevalue("postgres_url")) if format == "postgresql" else tmp_path / f"b.{format}"
    write_store(*read_store(source), target, format)
    write_store(*read_store(target), tmp_path / "back.duckdb", "duckdb")
    assert rows_of(tmp_path / "back.duckdb") == rows_of(source)


@pytest.mark.parametrize("format", ["sqlite", "relbench", "huggingface"])
@pytest.mark.parametrize(("column", "row"), [("t", 0), ("z", 0), ("d", 0), ("c", 0)])
def test_other_stores_refuse_them_by_table_column_and_row(format, column, row, source, tmp_path):
    tables, declared = read_store(source)
    for other in TYPES:
        if other != column:
            tables["a"][other] = None
    if format == "sqlite" and column == "c":
        write_store(tables, declared, tmp_path / "b", format)
        assert time_texts(pa.array(read_store(tmp_path / "b")[0]["a"].c).cast(pa.int64()).view(pa.time64("us")))[0] == "24:00:00"
        return
    with pytest.raises(DatabaseError, match=rf"a\.{column}, row {row}: (infinity|24:00:00) is none of the times"):
        write_store(tables, declared, tmp_path / "b", format)
    assert not (tmp_path / "b").exists()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    days=st.lists(st.one_of(st.none(), st.integers(-(2**31) + 1, 2**31 - 1), st.integers(FIRST - 800, FIRST + 2)), max_size=9),
    times=st.lists(
        st.one_of(st.none(), st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from([FIRST * DAY - 1, (LAST + 1) * DAY]))
    ),
)
def test_every_time_is_read_from_its_text_and_from_its_frame(days, times):
    arrays = [pa.array(days, pa.int32()).view(pa.date32())]
    arrays += [pa.array(times, pa.int64()).view(pa.timestamp("us", zone)) for zone in (None, "UTC")]
    for array in arrays:
        assert times_of(pa.array(time_texts(array), pa.string()), array.type).equals(array)
        frame = pd.Series(time_series(array))
        if frame.dtype != object:  # dates, all of Python's
            assert pa.array(frame, from_pandas=True).cast(array.type).equals(array)
    for value, beyond in zip(arrays[0], is_beyond(arrays[0]), strict=True):
        assert beyond or value.as_py() is None or isinstance(value.as_py(), dt.date)


@pytest.mark.parametrize("text", ["", "infinit", "2020-13-01", "12000-02-30", "0044-03-15 AD", "99999999999-01-01", "now"])
def test_what_is_no_time_is_an_error(text):
    for wanted in (pa.date32(), pa.timestamp("us")):
        with pytest.raises((ValueError, pa.ArrowException)):
            times_of(pa.array([text, "infinity"]), wanted)


def relbench_folder(path, users, posts):
    """Folder of two tables, as other programs write them, without what pandas adds."""
    (path / "db").mkdir(parents=True)
    tables = "users: {pkey: id, time_col: null, fkeys: {}}\n  posts: {pkey: null, time_col: ts, fkeys: {user: users}}"
    times = "val_timestamp: '2020-03-01'\ntest_timestamp: '2020-04-01'"
    (path / MANIFEST).write_text(f"name: snow\ndescription: x\n{times}\ntables:\n  {tables}\n")
    pq.write_table(pa.table(users), path / "db" / "users.parquet")
    pq.write_table(pa.table(posts), path / "db" / "posts.parquet")
    return path


def test_large_keys_of_which_some_are_missing_stay_what_they_are(tmp_path):
    ids = [2**60 + k for k in (1, 2, 3)]
    posts = {"user": [ids[2], None, ids[0]], "ts": pa.array([0, 1, 2], pa.timestamp("us")), "n": [2**55 + 1, None, 3]}
    folder = relbench_folder(tmp_path / "snow", {"id": ids}, posts)
    observed = observe(folder)
    assert observed.parent_row("posts", "user").tolist() == [2, -1, 0]
    for format in ("duckdb", "sqlite", "parquet"):
        write_store(*read_store(folder), tmp_path / format, format)
        again = read_store(tmp_path / format)[0]
        assert again["posts"].user.tolist() == [ids[2], pd.NA, ids[0]] and again["users"].id.tolist() == ids
        assert again["posts"].n.tolist() == [2**55 + 1, pd.NA, 3]


@pytest.mark.parametrize(("unit", "zone"), [("us", None), ("us", "UTC"), ("s", None), ("ns", None)])
def test_folders_with_times_of_no_year_name_the_row(unit, zone, tmp_path):
    times = pa.array([0, 2**63 - 1 if unit != "s" else 10**14], pa.timestamp(unit, zone))
    posts = {"user": [1, 1], "ts": times}
    folder = relbench_folder(tmp_path / "a", {"id": [1]}, posts)
    if unit == "ns":  # of the year 2262
        assert observe(folder).tables["posts"].ts.dt.year.tolist() == [1970, 2262]
        return
    with pytest.raises(DatabaseError, match=r"posts\.parquet.*column ts, row 1 .* year"):
        observe(folder)


def test_a_sentinel_as_time_makes_a_manifest_that_can_be_read(tmp_path):
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, ts TIMESTAMP NOT NULL)")
        connection.execute("INSERT INTO a VALUES (0, '0001-01-01'), (1, '2020-01-01'), (2, '9999-12-31 23:59:59.999999')")
    write_store(*read_store(tmp_path / "a.duckdb"), tmp_path / "a", "relbench")
    frame = observe(tmp_path / "a").tables["a"]
    assert frame.ts.to_numpy()[-1] == np.datetime64("9999-12-31T23:59:59.999999")
