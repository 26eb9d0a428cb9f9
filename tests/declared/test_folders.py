import datetime
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from relbench.manifest import DatasetManifest, TableSpec

from plurel_prob.declared import Column, ForeignKey, declare_relbench, declared_of, reflect
from plurel_prob.errors import DatabaseError

TIMES = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"])


def folder_of(path: Path, tables: dict[str, pa.Table], specs: dict[str, TableSpec]) -> Path:
    (path / "db").mkdir(parents=True)
    for name, table in tables.items():
        pq.write_table(table, path / "db" / f"{name}.parquet")
    DatasetManifest(name="x", description="", val_timestamp="2020-01-02", test_timestamp="2020-01-03", tables=specs).save(
        path / "manifest.yaml"
    )
    return path


def test_columns_are_as_their_values(tmp_path: Path) -> None:
    child = pa.table(
        {
            "id": [0, 1, 2, 3],
            "up": pa.array([0, None, 1, 1]),
            "date": pa.array(TIMES),
            "count": pa.array([3, None, -2, 5], pa.int16()),
            "size": pa.array([1, 2, 3, 4], pa.uint8()),
            "share": [0.5, None, 1.5, 2.5],
            "nan": [0.5, float("nan"), 1.5, 2.5],
            "flag": [True, False, None, True],
            "colour": ["red", None, "blue", "red"],
            "word": ["a", "bcd", "ef", "g"],
            "some": ["a", None, "ef", None],
            "enum": pa.array(["x", "y", "x", None]).dictionary_encode(),
            "price": pa.array([Decimal("1.50")] * 4, pa.decimal128(7, 2)),
            "day": [datetime.date(2020, 1, 1)] * 4,
            "clock": [datetime.time(1)] * 4,
            "span": [datetime.timedelta(1)] * 4,
            "zoned": pa.array(TIMES.tz_localize("UTC")),
            "bytes": [b"ab", b"c", None, b""],
            "nothing": pa.array([None] * 4),
        }
    )
    specs = {
        "parent": TableSpec(pkey="id", time_col=None, fkeys={}),
        "child": TableSpec(pkey="id", time_col="date", fkeys={"up": "parent"}),
    }
    folder = folder_of(tmp_path / "x", {"parent": pa.table({"id": [0, 1]}), "child": child}, specs)
    schema = declare_relbench(folder)
    assert declared_of(folder) == schema and schema.source == str(folder)
    table = schema.table("child")
    assert table.columns == (
        Column("id", "integer", False, bits=64),
        Column("up", "integer", True, bits=64),
        Column("date", "timestamp", False),
        Column("count", "integer", True, bits=16, low=-2.0, high=5.0),
        Column("size", "integer", False, bits=8, is_unsigned=True, low=1.0, high=4.0),
        Column("share", "float", True),
        Column("nan", "float", True),
        Column("flag", "boolean", True),
        Column("colour", "category", True, labels=("blue", "red")),
        Column("word", "text", False, length=3),
        Column("some", "text", True, length=2),
        Column("enum", "category", True, labels=("x", "y")),
        Column("price", "decimal", False, precision=7, scale=2),
        Column("day", "date", False),
        Column("clock", "time", False),
        Column("span", "interval", False),
        Column("zoned", "timestamp", False, has_zone=True),
        Column("bytes", "blob", True, length=2),
        Column("nothing", "text", True),
    )
    assert table.primary_key == ("id",) and table.unique == (("word",), ("some",))
    assert table.foreign_keys == (ForeignKey(("up",), "parent", ("id",)),)


def test_folders_that_cannot_be_declared(tmp_path: Path) -> None:
    spec = TableSpec(pkey="id", time_col=None, fkeys={})
    lists = pa.table({"id": [0, 1], "l": [[1], [2]]})
    with pytest.raises(DatabaseError, match=r"t.parquet: column l is of type list<"):
        declare_relbench(folder_of(tmp_path / "a", {"t": lists}, {"t": spec}))
    with pytest.raises(DatabaseError, match="no manifest.yaml"):
        declared_of(tmp_path)
    broken = folder_of(tmp_path / "b", {}, {"t": spec})
    with pytest.raises(DatabaseError, match=r"t.parquet: no such file"):
        declare_relbench(broken)


def test_sources_are_recognised(tmp_path: Path) -> None:
    import sqlite3

    import duckdb

    sql = "CREATE TABLE t (x INTEGER NOT NULL PRIMARY KEY)"
    (tmp_path / "x.sql").write_text(sql)
    connection = sqlite3.connect(tmp_path / "sqlite file")
    connection.execute(sql)
    connection.commit()
    connection.close()
    with duckdb.connect(str(tmp_path / "duckdb file")) as store:
        store.execute(sql)
    for source in ("x.sql", "sqlite file", "duckdb file"):
        schema = declared_of(tmp_path / source)
        assert (schema.tables[0].name, schema.tables[0].primary_key) == ("t", ("x",)) and source in schema.source
    url = f"sqlite:///{tmp_path / 'sqlite file'}"
    assert declared_of(url) == reflect(url)
    assert declared_of(tmp_path / "x.sql", "sqlite").tables[0].columns[0].bits == 64
    with pytest.raises(DatabaseError, match="no such file"):
        declared_of(tmp_path / "nothing")


def test_the_package_is_light() -> None:
    code = "import sys, plurel_prob.declared; print(sorted({'sqlglot', 'sqlalchemy', 'duckdb'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
