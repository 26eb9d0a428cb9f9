from pathlib import Path

import pytest

from plurel_prob.declared import read_ddl
from plurel_prob.errors import DatabaseError
from tests.declared.reading import read

P = "CREATE TABLE p (id int PRIMARY KEY, t text, u int, v int, UNIQUE (u, v));\n"
# SQL, the line that is wrong, and what the message says besides
BROKEN: list[tuple[str, int, list[str]]] = [
    (P + "CREATE TABLE c (\n x int REFERENCES nowhere)", 3, ["table c", "column x", "nowhere", "no table"]),
    (P + "CREATE TABLE c (x int,\n FOREIGN KEY (x) REFERENCES p (z))", 3, ["table p", "no column z", "id, t, u, v"]),
    (P + "CREATE TABLE c (x int,\n FOREIGN KEY (y) REFERENCES p (id))", 3, ["table c", "no column y"]),
    (P + "CREATE TABLE c (x text,\n FOREIGN KEY (x) REFERENCES p (t))", 3, ["table c", "column x", "p (t)", "UNIQUE"]),
    (P + "CREATE TABLE c (x int,\n FOREIGN KEY (x) REFERENCES p (u))", 3, ["table c", "column x", "p (u)", "UNIQUE"]),
    (P + "CREATE TABLE c (x int, y int,\n FOREIGN KEY (x, y) REFERENCES p)", 3, ["table c", "2 columns refer to 1 of p"]),
    (P + "CREATE TABLE c (x int, y int,\n FOREIGN KEY (x, x) REFERENCES p (u, v))", 3, ["table c", "comes twice"]),
    (P + "CREATE TABLE c (\n x text REFERENCES p)", 3, ["table c", "column x", "is text", "p.id is integer"]),
    ("CREATE TABLE q (a int);\nCREATE TABLE c (x int REFERENCES q)", 2, ["table c", "q", "no primary key"]),
    (P + "CREATE TABLE P (x int)", 2, ["table P", "declared in line 1"]),
    ("CREATE TABLE c (x int,\n X text)", 2, ["table c", "column X", "twice"]),
    ("CREATE TABLE c (\n x int PRIMARY KEY,\n y int PRIMARY KEY)", 3, ["table c", "column y", "primary key"]),
    ("CREATE TABLE c (\n x int PRIMARY KEY,\n PRIMARY KEY (x))", 3, ["table c", "two primary keys"]),
    ("CREATE TABLE c (x int, UNIQUE (y))", 1, ["table c", "no column y"]),
    ("CREATE TABLE c (x int, UNIQUE ())", 1, ["table c", "has no column"]),
    ("CREATE TABLE c (x int,\n y int CHECK (y > 3 AND y < 2))", 2, ["table c", "column y", "no value"]),
    ("CREATE TABLE c (x int,\n y UNIQUE)", 2, ["table c", "column y", "no type UNIQUE"]),
    ("CREATE TABLE c (x int,\n FORIEGN KEY (x) REFERENCES p)", 2, ["table c", "column FORIEGN", "no type KEY"]),
    ("CREATE TABLE c (x int,\n y int frobnicated)", 2, ["table c", "column y", "'frobnicated'"]),
    ("CREATE TABLE c (x int,\n y int", 1, ["table c", "never closed"]),
    ("CREATE TABLE c (x int))", 1, ["table c", "closes nothing"]),
    ("CREATE TABLE c (x int,\n y text DEFAULT 'a)", 2, ["quote '", "never closed"]),
    ('CREATE TABLE c (x int,\n "y text)', 2, ['quote "', "never closed"]),
    ("CREATE TABLE c (x int); \n/* and so on", 2, ["comment", "never closed"]),
    ("CREATE TABLE c (x int,)", 1, ["table c", "last comma"]),
    ("CREATE TABLE c (x int,,y int)", 1, ["table c", "between two commas"]),
    ("CREATE TABLE c ()", 1, ["table c", "no column"]),
    ("CREATE TABLE c AS SELECT 1 AS x", 1, ["table c", "SELECT"]),
    ("CREATE TABLE c (x int) AS SELECT 1 AS x", 1, ["table c", "SELECT"]),
    ("CREATE TABLE c (x int)\nCREATE TABLE d (y int)", 2, ["table c", "semicolon"]),
    ("CREATE TABLE c (x int, LIKE d)", 1, ["table c", "LIKE"]),
    ("CREATE TABLE c (x int, EXCLUDE USING gist (x WITH &&))", 1, ["table c", "EXCLUDE"]),
    ("CREATE TABLE c (x text);\nCREATE UNIQUE INDEX i ON c (my_hash(x))", 2, ["table c", "UNIQUE (my_hash(x))", "tested by"]),
    ("CREATE TABLE c (x text);\nCREATE UNIQUE INDEX i ON c (x) WHERE x = any_of(x)", 2, ["table c", "WHERE x", "any_of"]),
    ("CREATE TABLE c (x text);\nCREATE UNIQUE INDEX i ON c (x) WHERE", 2, ["table c", "no condition"]),
    ("CREATE TABLE c (x int);\nALTER TABLE d ADD y int", 2, ["table d", "no table d"]),
    ("CREATE TABLE c (x int);\nALTER TABLE c DROP COLUMN x", 2, ["table c", "dropped or renamed"]),
    ("CREATE TABLE c (x int);\nALTER TABLE c RENAME TO d", 2, ["table c", "dropped or renamed"]),
    ("CREATE TABLE c (x int);\nALTER TABLE c ALTER COLUMN y SET NOT NULL", 2, ["table c", "no column y"]),
    ("CREATE TABLE c (x int);\nALTER TABLE c FROBNICATE x", 2, ["table c", "'FROBNICATE'"]),
    ("CREATE TYPE m AS ENUM ('a', 'a')", 1, ["type m", "each of them once"]),
    ("CREATE TABLE c (x int);\nALTER TABLE c DROP CONSTRAINT z", 2, ["table c", "dropped or renamed"]),
    ("CREATE TABLE c (x int);\nALTER TABLE c ADD PRIMARY KEY USING INDEX z", 2, ["table c", "no unique index z"]),
]


@pytest.mark.parametrize("text, line, parts", BROKEN)
def test_what_cannot_be_honoured_is_named(tmp_path: Path, text: str, line: int, parts: list[str]) -> None:
    with pytest.raises(DatabaseError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'schema.sql'}, line {line}: "), message
    assert [part for part in parts if part not in message] == [], message
    assert "\n" not in message


def test_files_that_are_no_schema(tmp_path: Path) -> None:
    for content, part in {
        b"": "declares no table",
        b"SELECT 1; -- CREATE TABLE t (a int)": "declares no table",
        b"SQLite format 3\0\0\0": "line 1: is a binary file",
        "CREATE TABLE t (\nb\xe9 int)".encode("latin1"): "line 2: is no text in UTF-8",
    }.items():
        (tmp_path / "x.sql").write_bytes(content)
        with pytest.raises(DatabaseError, match=part):
            read_ddl(tmp_path / "x.sql")
    with pytest.raises(DatabaseError, match="nothing.sql: no such file"):
        read_ddl(tmp_path / "nothing.sql")
    with pytest.raises(DatabaseError, match="cannot be read"):
        read_ddl(tmp_path)
    with pytest.raises(DatabaseError, match="no dialect oracle; choose one of postgresql, sqlite, mysql, duckdb, sqlserver"):
        read(tmp_path, P, "oracle")
