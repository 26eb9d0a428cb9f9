"""``schema.sql`` beside comma-separated values: the commands of its header load them into a real PostgreSQL."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from plurel_prob.declared import read_ddl
from plurel_prob.stores import read_store, write_store
from plurel_prob.stores.folders import _loading
from tests.drawing.made_up import drawn, parsed
from tests.postgres import postgres_url  # noqa: F401

CIRCLES = """
CREATE TYPE sex AS ENUM ('f', 'm', 'it''s');
CREATE TABLE concept (concept_id integer PRIMARY KEY, concept_name varchar(255) NOT NULL, domain_id varchar(20) NOT NULL,
    vocabulary_id varchar(20) NOT NULL, valid_start date NOT NULL, score numeric(12, 3), seen timestamptz);
CREATE TABLE domain (domain_id varchar(20) PRIMARY KEY, domain_concept_id integer NOT NULL);
CREATE TABLE vocabulary (vocabulary_id varchar(20) PRIMARY KEY, vocabulary_concept_id integer NOT NULL, raw bytea);
CREATE TABLE "Per son's" (id bigint PRIMARY KEY, "of" integer NOT NULL, boss bigint, "select" sex, lasts interval, it boolean);
CREATE TABLE care_site (site uuid PRIMARY KEY, head bigint, sub uuid, note text NOT NULL DEFAULT 'no
--   \\! touch elsewhere
');
ALTER TABLE concept ADD FOREIGN KEY (domain_id) REFERENCES domain (domain_id);
ALTER TABLE concept ADD FOREIGN KEY (vocabulary_id) REFERENCES vocabulary (vocabulary_id);
ALTER TABLE domain ADD FOREIGN KEY (domain_concept_id) REFERENCES concept (concept_id);
ALTER TABLE vocabulary ADD FOREIGN KEY (vocabulary_concept_id) REFERENCES concept (concept_id);
ALTER TABLE "Per son's" ADD FOREIGN KEY ("of") REFERENCES concept (concept_id);
ALTER TABLE "Per son's" ADD FOREIGN KEY (boss) REFERENCES "Per son's" (id);
ALTER TABLE care_site ADD FOREIGN KEY (head) REFERENCES "Per son's" (id);
ALTER TABLE care_site ADD FOREIGN KEY (sub) REFERENCES care_site (site);
"""


def stored(folder: Path, kind: str) -> tuple[Path, dict[str, pd.DataFrame]]:
    """Folder of a database whose tables refer to each other in circles, and its tables."""
    schema = parsed(CIRCLES)
    tables = drawn(schema, 5)
    write_store(tables, schema, folder / "store", kind)
    again = read_ddl(folder / "store" / "schema.sql")
    assert [table.columns and [(c.name, c.kind) for c in table.columns] for table in again.tables] == [
        [(c.name, c.kind) for c in table.columns] for table in schema.tables
    ]
    keys = [[(key.columns, key.parent, key.parent_columns) for key in table.foreign_keys] for table in schema.tables]
    assert [[(key.columns, key.parent, key.parent_columns) for key in table.foreign_keys] for table in again.tables] == keys
    return folder / "store", tables


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_declaration_is_read_back(tmp_path: Path, kind: str) -> None:
    folder, _ = stored(tmp_path, kind)
    assert ("\\copy" in (folder / "schema.sql").read_text()) == (kind == "csv")


def test_the_commands_of_the_header_load_circles(tmp_path: Path, postgres_url: str) -> None:  # noqa: F811
    if shutil.which("psql") is None:
        pytest.skip("no psql (Debian's package: postgresql-client)")
    folder, tables = stored(tmp_path, "csv")
    host = parse_qs(urlsplit(postgres_url).query)["host"][0]
    psql = f"psql -X -q -h {host} -U tester"
    subprocess.run(f"{psql} -c 'CREATE DATABASE loaded' postgres", shell=True, check=True)
    command = (folder / "schema.sql").read_text().splitlines()[1].removeprefix("-- ")
    assert command.endswith("| psql DATABASE")
    command = command.replace("psql DATABASE", f"{psql} loaded")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert not (folder / "elsewhere").exists() and "touch elsewhere" in (folder / "schema.sql").read_text()
    loaded, _ = read_store(postgres_url.replace("/postgres?", "/loaded?"))
    kept, _ = read_store(folder)
    for name, frame in tables.items():
        there, here = (store[name].sort_values(list(frame)[0], ignore_index=True) for store in (loaded, kept))
        assert len(here) == len(frame) > 0
        pd.testing.assert_frame_equal(there, here)


def test_names_with_line_breaks_have_no_command() -> None:
    schema = parsed('CREATE TABLE "a\nDROP TABLE b" (id integer PRIMARY KEY);')
    assert _loading(schema) == ""
