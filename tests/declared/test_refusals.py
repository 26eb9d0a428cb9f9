from pathlib import Path

import pytest

from plurel_prob.declared import read_ddl
from plurel_prob.errors import DatabaseError
from tests.declared.reading import read, table

MANY = """CREATE TABLE a (id int PRIMARY KEY, x int CHECK (my_check(x)),
    y text CHECK (my_check(y)), z int CHECK (z > 0),
    CHECK (x IN (SELECT 1)));
CREATE UNIQUE INDEX i ON a (my_hash(y));
CREATE TABLE b (id int PRIMARY KEY, EXCLUDE USING gist (id WITH &&),
    a int REFERENCES nowhere, ok int REFERENCES a);"""
LINES = (1, 2, 3, 4, 5, 6)


def test_all_refusals_are_one_message(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as caught:
        read(tmp_path, MANY)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'schema.sql'}: 6 constraints cannot be honoured; ") and "\n" not in message
    assert [line for line in LINES if f"line {line}, table" not in message] == []
    assert "CHECK (my_check(x)), column x; line 2, table a: CHECK (my_check(y)), column y: my_check is nothing" in message
    assert "--ignore-unsupported" in message and "nowhere" in message and "EXCLUDE" in message


def test_what_remains_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text(MANY)
    schema = read_ddl(tmp_path / "x.sql", "postgresql", ignore_unsupported=True)
    assert [refusal.line for refusal in schema.ignored] == list(LINES)
    a, b = schema.tables
    assert a.column("z").low == 0 and a.rules == () and a.indexes == ()
    assert [key.columns for key in b.foreign_keys] == [("ok",)]
    assert [refusal.check for refusal in schema.ignored][:3] == ["MY_CHECK(x)", "MY_CHECK(y)", ""]


def test_many_refusals_are_cut(tmp_path: Path) -> None:
    columns = ",\n".join(f"x{i} int CHECK (my_check(x{i}, '{'long ' * 100}'))" for i in range(50))
    with pytest.raises(DatabaseError, match="50 constraints cannot be honoured.* and 30 more") as caught:
        table(tmp_path, columns)
    assert len(str(caught.value)) < 8_000


def test_the_likeliest_dialect_that_reads_all_is_taken(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text("CREATE TABLE t (`a` int CHECK (`a` <> 3), b int unsigned);")
    assert read_ddl(tmp_path / "x.sql").tables[0].rules[0].text == '"a" <> 3'


INDEXES = [
    ("CREATE UNIQUE INDEX ON t (x) WHERE y", '"x"', '"y"', False),
    ("CREATE UNIQUE INDEX ON t (lower(z) text_pattern_ops, x DESC) WHERE z IS NULL", '"x",LOWER("z")', '"z" IS NULL', False),
    ('CREATE UNIQUE INDEX ON t ((x + 1), (z) COLLATE "C") NULLS NOT DISTINCT', '"x" + 1,"z"', None, True),
    ("CREATE UNIQUE INDEX ON t (x, coalesce(z, ''))", """"x",COALESCE("z", '')""", None, False),
    ("ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (x, z)", '"x","z"', None, True),
]


@pytest.mark.parametrize("statement, keys, where, are_alike", INDEXES)
def test_indexes(tmp_path: Path, statement: str, keys: str, where: str | None, are_alike: bool) -> None:
    found = read(tmp_path, f"CREATE TABLE t (x int, y boolean, z text); {statement}").tables[0]
    (index,) = found.indexes
    assert found.unique == () and ",".join(index.keys) == keys and index.are_missing_alike == are_alike
    assert (index.where and index.where.text) == where


def test_indexes_that_say_what_unique_does(tmp_path: Path) -> None:
    for condition in ("x IS NOT NULL", "(NOT (x IS NULL)) AND (z) IS NOT NULL"):
        found = read(tmp_path, f"CREATE TABLE t (x int, z text); CREATE UNIQUE INDEX i ON t (x, z) WHERE {condition}").tables[0]
        assert found.indexes == () and found.unique == (("x", "z"),)
    mysql = read(tmp_path, "CREATE TABLE t (x int, z text, UNIQUE KEY k (z(10), x))", "mysql").tables[0]
    assert mysql.indexes[0].keys == ('"x"', 'LEFT("z", 10)')
