"""Constraints that cannot be honoured: all in one line, or left out and written down."""

import sqlite3

import pandas as pd
import pytest

from plurel_prob import get_prior
from plurel_prob.drawing import DeclaredDatabase
from tests.cli.test_stores import fails, shown
from tests.drawing.made_up import drawn

pytest.importorskip("sqlglot", reason="the extra sql is not installed")

SQL = """CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (is_valid_name(name)),
    size INTEGER NOT NULL CHECK (size > 0), CHECK (cbrt(size) > 2),
    code TEXT CHECK (code ~ '^[A-Z]{2}$'), CHECK (size = id * 1000003 + 5));
CREATE TABLE sale (id INTEGER PRIMARY KEY, shop INTEGER NOT NULL REFERENCES shop, EXCLUDE USING gist (shop WITH =));
"""


@pytest.fixture
def line(tmp_path, monkeypatch):
    """A command, whose draws come from random numbers in the place of the program's."""

    def made_up(schema, seed, prior, rows, values, derived, on_step):
        day = pd.Timestamp("2020-01-01")
        return DeclaredDatabase(drawn(schema, seed), schema, seed, get_prior("compact"), (day, day))

    monkeypatch.setattr("plurel_prob.drawing.sample_declared", made_up)
    (tmp_path / "shops.sql").write_text(SQL)
    return ["sample", "--schema", str(tmp_path / "shops.sql"), "--prior", "compact", "--out", str(tmp_path / "out")]


def test_all_are_refused_at_once(line, capsys, tmp_path):
    message = fails(capsys, line)
    assert "4 constraints cannot be honoured" in message and "--ignore-unsupported" in message
    for part in (
        "line 1, table shop",
        "line 2, table shop",
        "line 3, table shop",
        "line 4, table sale",
        "is_valid_name",
        "EXCLUDE",
    ):
        assert part in message
    assert "no row was found" in message and not (tmp_path / "out").exists()
    assert "is for the constraints of a schema" in fails(
        capsys, ["sample", "--ignore-unsupported", "--out", str(tmp_path / "out")]
    )


@pytest.mark.parametrize("format, name", [("sqlite", "shops-0.sqlite"), ("csv", "shops-0"), ("relbench", "shops-0")])
def test_what_is_left_out_is_written_down(line, capsys, tmp_path, format, name):
    told = shown(capsys, [*line, "--ignore-unsupported", "--format", format])
    written = (tmp_path / "out" / f"{name}.ignored.txt").read_text().splitlines()
    assert "shops.sql" in written[0] and len(written) == 5 and all(text in told for text in written[1:])
    assert "line 1, table shop: CHECK (is_valid_name(name)), column name: rows are not tested by it" in written[1]
    if format == "sqlite":
        with sqlite3.connect(tmp_path / "out" / name) as connection:
            rows = connection.execute("SELECT id, size FROM shop").fetchall()
            (statement,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'shop'").fetchone()
        connection.close()
        assert f": {sum(size <= 8 for _, size in rows):,} of {len(rows):,} rows break it" in written[2]
        assert f": {len(rows):,} of {len(rows):,} rows break it (no row was found" in written[3]
        assert "cbrt" not in statement.lower() and "> 0" in statement
    assert "were there already" in shown(capsys, [*line, "--ignore-unsupported", "--format", format])
