"""Declared databases in RelBench form, against plain loops over rows."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import relbench

from plurel_prob import spill
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.stores import duckdb_file, open_store, read_store, relbench_tables, to_relbench, write_store
from plurel_prob.validation import validate


def integer(name, is_nullable=False):
    return Column(name, "integer", is_nullable, bits=64)


def school() -> tuple[dict[str, pd.DataFrame], DeclaredSchema]:
    """Keys of text, of two columns, that are foreign keys themselves, to unique columns, in a circle; times of all sorts."""
    city = DeclaredTable("city", (Column("name", "text", False), Column("founded", "date", False)), ("name",))
    person = DeclaredTable(
        "person",
        (integer("no"), Column("city", "text"), Column("born at", "timestamp", False), integer("friend", True)),
        ("no",),
        (),
        (ForeignKey(("city",), "city", ("name",)), ForeignKey(("friend",), "person", ("no",))),
    )
    teacher = DeclaredTable(
        "teacher",
        (integer("no"), Column("code", "text"), Column("paid", "decimal", precision=8, scale=2)),
        ("no",),
        (("code",),),
        (ForeignKey(("no",), "person", ("no",)),),
    )
    course = DeclaredTable(
        "course",
        (integer("year"), Column("title", "text", False), Column("teacher", "text")),
        ("year", "title"),
        (),
        (ForeignKey(("teacher",), "teacher", ("code",)),),
    )
    visit = DeclaredTable(
        "visit",
        (integer("year", True), Column("title", "text"), integer("who"), Column("on", "timestamp", False, has_zone=True)),
        (),
        (),
        (ForeignKey(("year", "title"), "course", ("year", "title")), ForeignKey(("who",), "person", ("no",))),
    )
    frames = {
        "city": pd.DataFrame({"name": ["b", "a"], "founded": [datetime.date(1200, 1, 1), datetime.date(1100, 1, 1)]}),
        "person": pd.DataFrame(
            {
                "no": [40, 10, 30, 20],
                "city": ["a", "b", None, "a"],
                "born at": pd.to_datetime(["2000-01-03", "2000-01-01", "2000-01-02", "2000-01-01"]),
                "friend": pd.array([10, None, 30, 20], dtype="Int64"),
            }
        ),
        "teacher": pd.DataFrame({"no": [30, 10], "code": ["x", None], "paid": [1.25, None]}),
        "course": pd.DataFrame({"year": [2001, 2000, 2001], "title": ["b", "a", "a"], "teacher": ["x", None, "x"]}),
        "visit": pd.DataFrame(
            {
                "year": pd.array([2001, 2000, 2001, None], dtype="Int64"),
                "title": ["a", "a", None, "b"],
                "who": [10, 40, 30, 10],
                "on": pd.to_datetime(
                    ["2010-01-04", "2010-01-02 01:00+02:00", "2010-01-03", "2010-01-01"], utc=True, format="mixed"
                ),
            }
        ),
    }
    return frames, DeclaredSchema((city, person, teacher, course, visit), "the/school.sql")


def test_keys_and_times():
    frames, declared = school()
    tables, manifest = to_relbench(frames, declared)
    specs = {name: (spec.pkey, spec.time_col, spec.fkeys) for name, spec in manifest.tables.items()}
    assert specs == {
        "city": ("row_idx", None, {}),  # others refer to it, and it to none
        "person": ("no", "born_at", {"city": "city", "friend": "person"}),
        "teacher": ("row_idx", None, {"no": "person"}),  # its key is a foreign key
        "course": ("row_idx", None, {"teacher": "teacher"}),
        "visit": (None, "on", {"year_title_row": "course", "who": "person"}),
    }
    person = frames["person"]
    order = sorted(range(4), key=lambda row: (person["born at"][row], row))
    row_of = {person["no"][row]: new for new, row in enumerate(order)}
    assert tables["person"]["no"].tolist() == [0, 1, 2, 3] and order == [1, 3, 2, 0]
    friends = [None if pd.isna(person["friend"][row]) else row_of[person["friend"][row]] for row in order]
    assert [None if pd.isna(value) else value for value in tables["person"]["friend"]] == friends
    assert tables["person"]["city"].fillna(-1).tolist() == [{"b": 0, "a": 1}.get(person["city"][row], -1) for row in order]
    assert tables["teacher"]["no"].tolist() == [row_of[30], row_of[10]]
    assert tables["course"]["teacher"].fillna(-1).tolist() == [0, -1, 0]
    assert tables["course"][["year", "title"]].to_numpy().tolist() == frames["course"][["year", "title"]].to_numpy().tolist()
    visit = tables["visit"]
    assert list(visit) == ["who", "on", "year_title_row"] and visit["on"].is_monotonic_increasing
    assert visit["on"][1] == pd.Timestamp("2010-01-01 23:00") and visit["on"].dt.tz is None
    assert visit["year_title_row"].fillna(-1).tolist() == [-1, 1, -1, 2]
    assert visit["who"].tolist() == [row_of[who] for who in (10, 40, 30, 10)]
    assert manifest.val_timestamp == "2008-01-03T00:00:00" and manifest.test_timestamp == "2009-01-03T00:00:00"
    assert "school.sql" in manifest.description and "the/" not in manifest.description


def test_a_parent_that_comes_later_has_no_time():
    frames, declared = school()
    frames["visit"].loc[0, "on"] = pd.Timestamp("2000-01-01", tz="UTC") - pd.Timedelta(1, "us")
    tables, manifest = to_relbench(frames, declared)
    assert manifest.tables["person"].time_col is None and manifest.tables["visit"].time_col == "on"
    assert tables["person"]["born at"].tolist() == frames["person"]["born at"].tolist()
    frames, declared = school()
    frames["person"]["friend"] = pd.array([None, 40, None, None], dtype="Int64")
    _, manifest = to_relbench(frames, declared)
    assert manifest.tables["person"].time_col is None  # person 10 is older than its friend 40


def test_a_time_may_be_one_that_could_be_missing_and_is_not():
    frames, declared = school()
    nullable = [
        replace(table, columns=tuple(replace(c, is_nullable=c.is_nullable or c.name == "on") for c in table.columns))
        for table in declared.tables
    ]
    declared = replace(declared, tables=tuple(nullable))
    assert to_relbench(frames, declared)[1].tables["visit"].time_col == "on"
    frames["visit"].loc[0, "on"] = pd.NaT
    assert to_relbench(frames, declared)[1].tables["visit"].time_col is None


def test_the_folder_is_valid(tmp_path):
    frames, declared = school()
    write_store(frames, declared, tmp_path / "school", "relbench")
    assert validate(tmp_path / "school") == []
    assert len(relbench.load_dataset(tmp_path / "school").get_db(False).table_dict["visit"].df) == 4
    without = {name: frame.drop(columns=["born at", "on", "founded"], errors="ignore") for name, frame in frames.items()}
    plain = [
        DeclaredTable(t.name, tuple(c for c in t.columns if c.name in without[t.name]), t.primary_key, t.unique, t.foreign_keys)
        for t in declared.tables
    ]
    write_store(without, DeclaredSchema(tuple(plain), "school"), tmp_path / "timeless", "relbench")
    assert validate(tmp_path / "timeless") == []
    text = (tmp_path / "timeless" / "manifest.yaml").read_text()
    assert "2000-01-01" in text and "2001-01-01" in text and "splits are made up" in text


def test_random_keys_are_numbers_of_rows(tmp_path):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n_parent, n_child = (int(n) for n in rng.integers(1, 30, 2))
        ids = rng.choice(1000, n_parent, replace=False)
        parent = pd.DataFrame(
            {
                "id": ids,
                "code": [f"k{k}" for k in ids],
                "at": pd.Timestamp("2020") + pd.to_timedelta(rng.integers(0, 50, n_parent), "D"),
            }
        )
        picks = rng.integers(-1, n_parent, n_child)
        child = pd.DataFrame({"code": [None if k < 0 else parent["code"][k] for k in picks], "x": rng.normal(size=n_child)})
        tables = (
            DeclaredTable(
                "parent", (integer("id"), Column("code", "text", False), Column("at", "timestamp", False)), ("id",), (("code",),)
            ),
            DeclaredTable(
                "child", (Column("code", "text"), Column("x", "float")), (), (), (ForeignKey(("code",), "parent", ("code",)),)
            ),
        )
        frames, _ = to_relbench({"parent": parent, "child": child}, DeclaredSchema(tables, "random"))
        codes = [None if pd.isna(row) else frames["parent"]["code"][row] for row in frames["child"]["code"]]
        assert codes == child["code"].astype(object).where(child["code"].notna(), None).tolist()
        assert frames["child"]["x"].tolist() == child["x"].tolist()


def test_columns_of_a_file_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    frames, declared = school()
    write_store(frames, declared, tmp_path / "school.duckdb", "duckdb")
    expected, manifest = to_relbench(*read_store(tmp_path / "school.duckdb"))
    read, of_file = [], duckdb_file.StoredTable._read
    monkeypatch.setattr(
        duckdb_file.StoredTable, "_read", lambda self, name: read.append((self._table.name, name)) or of_file(self, name)
    )
    monkeypatch.setattr(spill, "LARGE", 1)
    with open_store(tmp_path / "school.duckdb") as (tables, found):
        forms, same = relbench_tables(tables, found)
        assert same == manifest and ("teacher", "paid") not in read
        for name, frame in expected.items():
            assert list(forms[name]) == list(frame) and len(forms[name]) == len(frame)
            pd.testing.assert_frame_equal(forms[name].frame(), frame)
        assert read.count(("teacher", "paid")) == 1
    people = read_store(tmp_path / "school.duckdb")[0]["person"]  # by their keys: no. 40 was inserted first
    assert people["no"].tolist() == [10, 20, 30, 40] and people["friend"].astype(object).where(
        people["friend"].notna(), None
    ).tolist() == [None, 20, 30, 10]
