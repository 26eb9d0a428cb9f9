from pathlib import Path
from random import Random

import pytest

from plurel_prob.declared import read_ddl
from tests.declared.writer import DIALECTS, Writer, normal, random_schema

N_SCHEMA = 8


def check_round_trips(tmp_path: Path, dialect: str, seeds: range) -> None:
    for seed in seeds:
        rng = Random(f"{dialect} {seed}")
        schema = random_schema(rng, dialect)
        path = tmp_path / f"{seed}.sql"
        path.write_text(Writer(rng, dialect).schema(schema))
        found = read_ddl(path, dialect)
        for table, expected in zip(found.tables, schema.tables, strict=True):
            assert normal(table) == normal(expected), path.read_text()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_written_is_read(tmp_path: Path, dialect: str) -> None:
    check_round_trips(tmp_path, dialect, range(N_SCHEMA))


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_written_is_read_many_times(tmp_path: Path, dialect: str) -> None:
    check_round_trips(tmp_path, dialect, range(N_SCHEMA, 100))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lines_are_those_of_the_names(tmp_path: Path, dialect: str) -> None:
    rng = Random(f"lines {dialect}")
    writer, path = Writer(rng, dialect), tmp_path / "x.sql"
    path.write_text(writer.schema(random_schema(rng, dialect)))
    lines = path.read_text().splitlines()
    for table in read_ddl(path, dialect).tables:
        assert table.line is not None and f"TABLE {writer.name(table.name)}" in lines[table.line - 1]
        for column in table.columns:
            assert column.line is not None and lines[column.line - 1].strip().startswith(writer.name(column.name))
        for key in table.foreign_keys:
            assert key.line is not None and "REFERENCES" in lines[key.line - 1]
