import sqlite3

import numpy as np
import pytest

from plurel_prob.cli import main
from plurel_prob.cli.stores import order_of
from plurel_prob.priors import get_prior

pytest.importorskip("sqlglot", reason="the extra sql is not installed")

SQL = """
CREATE TABLE country (code CHAR(1) PRIMARY KEY, name TEXT);
CREATE TABLE person (
    id INTEGER PRIMARY KEY, country CHAR(1) NOT NULL REFERENCES country, age INTEGER CHECK (age BETWEEN 0 AND 120)
);
"""


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "people.sql"
    path.write_text(SQL)
    return path


def fails(capsys, line: list[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(line)
    told = capsys.readouterr()
    assert end.value.code == 2 and told.out == "" and len(told.err.strip().splitlines()) == 1
    return told.err


def shown(capsys, line: list[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(line)
    assert not end.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rows", "person"], "--rows person: write TABLE=N with a whole number, such as users=1000; or source"),
        (["--rows", "persons=4"], "--rows persons=4: there is no such table; there are country, person"),
        (["--rows", "country=27"], "country.(code) is unique, with 26 different values at most; give fewer"),
        (["--rows", "person=0"], "a table has a row at least"),
        (["--rows", "source"], "has no rows; give the database itself, or --rows TABLE=N"),
        (["--tasks"], "--tasks: is for drawn schemas in RelBench format"),
        (["--rows-scale", "2"], "--rows-scale: is for drawn schemas; set numbers of rows with --rows TABLE=N"),
        (["--engine", "ray"], "--engine: is for drawn schemas"),
        (["--format", "postgresql"], "--format postgresql needs the URL of a database"),
        (["--rows", "person=4", "person=5"], "--rows person=5: person has 4 rows already"),
    ],
)
def test_bad_options(tmp_path, capsys, schema, options, message):
    assert message in fails(capsys, ["sample", "--schema", str(schema), "--out", str(tmp_path / "out"), *options])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["sqlite", "relbench"])
def test_empty_tables_of_the_source_get_one_row(tmp_path, capsys, kind):
    path = tmp_path / "source"
    connection = sqlite3.connect(path)
    connection.executescript(
        SQL
        + """
        CREATE TABLE log (at DATE, person INTEGER REFERENCES person); CREATE TABLE note (text TEXT);
        INSERT INTO country VALUES ('A', 'a'), ('B', 'b'); INSERT INTO person VALUES (1, 'A', 3), (2, 'B', 5), (3, 'B', NULL)"""
    )
    connection.close()
    if kind == "relbench":
        from plurel_prob.stores import read_store, write_store

        write_store(*read_store(path), tmp_path / "folder", "relbench")
        path = tmp_path / "folder"
    order = order_of(str(tmp_path / "out"), "csv", str(path), None, ["source", "note=7"], get_prior("plurel"), False)
    assert order.rows == {"country": 2, "person": 3, "log": 1, "note": 7}
    assert capsys.readouterr().err == "--rows source: log is empty there, and gets one row: no table is drawn without any\n"


def test_bad_schemas(tmp_path, capsys, schema):
    out = ["--out", str(tmp_path / "out")]
    assert "nix.sql: no such file" in fails(capsys, ["sample", "--schema", "nix.sql", *out])
    assert "--rows person=3: needs the tables of a --schema" in fails(capsys, ["sample", "--rows", "person=3", *out])
    schema.write_text(SQL.replace("REFERENCES country", "REFERENCES countri"))
    assert "people.sql, line 4: " in fails(capsys, ["sample", "--schema", str(schema), *out])


def test_what_is_there_and_what_is_hidden(tmp_path, capsys, schema):
    line = ["sample", "--schema", str(schema), "--format", "sqlite", "--out", str(tmp_path)]
    (tmp_path / "people-0.sqlite").write_text("precious")
    assert "exists, and was drawn otherwise, or not at all" in fails(capsys, line)
    assert "--out x://...: --format sqlite" in fails(capsys, [*line[:-1], "x://me:secret@host/name"])
    assert "is a file" in fails(capsys, [*line[:-1], str(schema)])
    assert "--dialect mysql: is for a file of SQL" in fails(capsys, ["sample", "--dialect", "mysql", "--out", str(tmp_path)])
    assert "nothing to draw" in shown(capsys, [*line, "--shard", "1/2"])


@pytest.fixture
def random_numbers(monkeypatch):
    """Random numbers in the place of the program's."""
    from plurel_prob.drawing import draw, program
    from plurel_prob.models.database import Draw
    from plurel_prob.programs.given import Given
    from plurel_prob.programs.structure import StructureDraw

    rate = Given(np.zeros(1, bool), np.zeros(1))
    monkeypatch.setattr(program, "draw_structure", lambda prior, key, observed: StructureDraw((observed, None), {}))
    monkeypatch.setattr(StructureDraw, "sizes", None)
    monkeypatch.setattr(program, "bucket_of_all", lambda sizes: None)
    monkeypatch.setattr(program, "values_layout", lambda prior, bucket, form: {})
    monkeypatch.setattr(program, "nothing_given", lambda layout: {program.MISSING_RATE: rate})
    monkeypatch.setattr(program, "values_program", lambda *of: None)
    monkeypatch.setattr(program, "draw_with", lambda prior, key, known, *_, **given: Draw(known.structure[0].n_row, {}))
    numbers = np.random.default_rng(0)
    monkeypatch.setattr(
        draw,
        "_table_draws",
        lambda plan, drawn: [
            draw.TableDraw([numbers.integers(0, 2, n) for _ in table.linked], [numbers.normal(size=n) for _ in table.features])
            for table, n in zip(plan.tables, drawn.stages, strict=False)
        ],
    )


def test_steps_are_named(tmp_path, capsys, schema, monkeypatch, random_numbers):
    from plurel_prob.cli.progress import PartsProgress

    steps = []
    monkeypatch.setattr(PartsProgress, "__call__", lambda self, *step: steps.append(step))
    shown(capsys, ["sample", "--schema", str(schema), "--format", "csv", "--out", str(tmp_path / "out")])
    assert steps == [
        ("compiling", 0, 1),
        ("drawing keys and columns", 0, 1),
        ("constraints of country", 0, 2),
        ("constraints of person", 1, 2),
        ("checking all constraints", 0, 1),
        *(("writing", n, 2) for n in range(3)),
    ]


@pytest.mark.parametrize("format", ["relbench", "csv", "sqlite"])
def test_a_link_that_is_given_leads_to_the_folder(tmp_path, capsys, schema, random_numbers, format):
    for place in ("missing/too", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        (tmp_path / "link").symlink_to(tmp_path / place)
        shown(capsys, ["sample", "--schema", str(schema), "--format", format, "--out", str(tmp_path / "link")])
        assert (tmp_path / "link").is_symlink() and len(list((tmp_path / place).glob("people-0*"))) == 2
        (tmp_path / "link").unlink()


def test_names_that_disks_take_for_one_are_refused_before_anything_is_drawn(tmp_path, capsys, schema):
    schema.write_text(SQL.replace("person", '"Stra\u00dfe"') + "CREATE TABLE STRASSE (id INTEGER);", encoding="utf-8")
    for format in ("relbench", "huggingface", "csv", "parquet"):
        told = fails(capsys, ["sample", "--schema", str(schema), "--format", format, "--out", str(tmp_path / "out")])
        assert "people.sql: tables Stra\u00dfe and STRASSE are one file on disks" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_databases_of_a_schema(tmp_path, capsys, schema):
    line = ["sample", "--schema", str(schema), "--prior", "compact", "--rows", "person=50", "--format", "sqlite", "--count", "3"]
    line += ["--workers", "2", "--out", str(tmp_path / "out")]
    assert "databases were there already" not in shown(capsys, line)
    paths = [tmp_path / "out" / f"people-{seed}.sqlite" for seed in range(3)]
    assert sorted((tmp_path / "out").glob("*.sqlite")) == paths
    ages = [sqlite3.connect(path).execute("SELECT age FROM person ORDER BY id").fetchall() for path in paths]
    assert len(ages[0]) == 50 and ages[0] != ages[1]
    assert "3 of 3 databases were there already" in shown(capsys, line)
    assert "was drawn otherwise" in fails(capsys, [word if word != "person=50" else "person=51" for word in line])
    shown(
        capsys, ["sample", "--schema", str(paths[0]), "--rows", "source", "--prior", "compact", "--out", str(tmp_path / "lent")]
    )
    assert (tmp_path / "lent" / "people-0-0" / "manifest.yaml").exists()
    shown(capsys, ["sample", "--seed", "8", "--prior", "compact", "--format", "duckdb", "--out", str(tmp_path / "plain")])
    assert (tmp_path / "plain" / "plurel-8.duckdb").exists()
