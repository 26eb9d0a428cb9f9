from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plurel_prob.declared import Order
from plurel_prob.errors import DatabaseError
from tests.declared.reading import read, table
from tests.declared.writer import DIALECTS

# declaration of x, constraint, and the fields of x that follow from it
HONOURED: list[tuple[str, str, dict[str, Any]]] = [
    ("int", "x >= 0", {"low": 0.0}),
    ("int", "x>-5", {"low": -5.0, "is_low_open": True}),
    ("int", "(0) < ((x))", {"low": 0.0, "is_low_open": True}),
    ("int", "10 >= x", {"high": 10.0}),
    ("int", "x > 0 AND x < 10", {"low": 0.0, "is_low_open": True, "high": 10.0, "is_high_open": True}),
    ("int", "x BETWEEN 1 AND 5 AND x > 1", {"low": 1.0, "is_low_open": True, "high": 5.0}),
    ("numeric", "((x >= (0)::numeric) AND (x <= '1.5'::numeric))", {"low": 0.0, "high": 1.5}),
    ("float", "x IS NULL OR x >= 1e-3", {"low": 1e-3}),
    ("int", "x IS NOT NULL", {"is_nullable": False}),
    ("int", "NOT (x IS NULL)", {"is_nullable": False}),
    ("text", "x IN ('a', 'b')", {"kind": "category", "labels": ("a", "b")}),
    ("varchar(3)", "x IN ('a', 'long')", {"kind": "category", "labels": ("a",), "length": None}),
    ("text", "x = 'a' OR x = 'b' OR (x IN ('c')) OR x IS NULL", {"kind": "category", "labels": ("a", "b", "c")}),
    (
        "text",
        "((x)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        {"kind": "category", "labels": ("a", "b")},
    ),
    ("text", "x = ANY (ARRAY['a'::text])", {"kind": "category", "labels": ("a",)}),
    ("text", "x IS NULL OR x LIKE '%a b%' OR x LIKE '%c%'", {"kind": "category", "labels": ("a b", "c")}),
    ("int", "x IN (1, 2, 3) AND x > 1", {"kind": "category", "labels": (2, 3), "bits": None}),
    ("int", "x > 1 AND x IN (1, 2, 3)", {"kind": "category", "labels": (2, 3), "bits": None, "low": None, "is_low_open": False}),
    ("numeric", "x IN (0.5, 1)", {"kind": "category", "labels": (0.5, 1.0)}),
    ("boolean", "x IN (true, false)", {}),
    ("text", "length(x) <= 7", {"length": 7}),
    ("varchar(5)", "char_length(x) < 7 AND length(x) > 0 AND x <> ''", {"length": 5}),
]
# constraints that rows are tested by, as they are written for DuckDB
RULES = {
    "x <> 0": '"x" <> 0',
    "x + 1 > 0": '"x" + 1 > 0',
    "x > y + 1": '"x" > "y" + 1',
    "x = y": '"x" = "y"',
    "x > 0 OR y > 0": '"x" > 0 OR "y" > 0',
    "y IS NULL OR x > 0": '"y" IS NULL OR "x" > 0',
    "x NOT IN (1, 2)": 'NOT "x" IN (1, 2)',
    "NOT x > 0": 'NOT "x" > 0',
    "x NOT BETWEEN 1 AND 2": 'NOT "x" BETWEEN 1 AND 2',
    "length(s) = 3": 'LENGTH("s") = 3',
    "s > 'a'": "\"s\" > 'a'",
    "d >= '2000-01-01'": "\"d\" >= '2000-01-01'",
    "s < s2": '"s" < "s2"',
    "b = true": '"b" = TRUE',
    "(x IS NULL) = (y IS NULL)": '("x" IS NULL) = ("y" IS NULL)',
    "upper(s) IN ('A', 'B')": "UPPER(\"s\") IN ('A', 'B')",
    "s = upper(s)": '"s" = UPPER("s")',
}
REFUSED = {
    "x IN (SELECT 1)": "Subquery is nothing that rows can be tested by",
    "x > rand()": "Rand is nothing that rows can be tested by",
    "my_function(x) > 0": "my_function is nothing that rows can be tested by",
    "1 > 2": "it mentions no column",
    "s LIKE s2": "a pattern that is no literal",
    "s + 1 > 0 AND s + d > 0": "rows cannot be tested by it",
    "d < s": "they have no order",
    "z > 0": "there is no column z",
    "x <> z": "there is no column z",
    "x > 5 AND x < 2": "leaves the column no value",
    "x > 5 AND x < 6": "leaves the column no value",
    "x > 3e9": "leaves the column no value",
    "x IN (1, 2) AND x > 2": "leaves the column no value",
    "x IN ('a')": "compared with values that are none",
    "x IN (0.5)": "compared with numbers that are none",
    "x >": "cannot be understood",
    "x > 0) AND (y > 0": "",
}
COLUMNS = "x int, y int, s varchar(9), s2 varchar(9), d date, b {}"


@pytest.mark.parametrize("declaration, check, fields", HONOURED)
def test_checks_that_are_honoured(tmp_path: Path, declaration: str, check: str, fields: dict[str, Any]) -> None:
    plain = table(tmp_path, f"x {declaration}").columns[0]
    column = f"x {declaration} CHECK ({check})"
    behind = f"x {declaration}, CONSTRAINT c CHECK ({check})"
    for items in (column, behind):
        found = table(tmp_path, items).columns[0]
        expected = replace(plain, **fields)
        assert found == (replace(expected, precision=None, scale=None) if found.kind == "category" else expected)
    later = read(
        tmp_path, f"CREATE TABLE t (x {declaration}); ALTER TABLE ONLY public.t ADD CONSTRAINT c CHECK ({check}) NOT VALID;"
    )
    assert later.tables[0].columns[0] == found


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("check, part", REFUSED.items())
def test_checks_that_are_not(tmp_path: Path, check: str, part: str, dialect: str) -> None:
    columns = COLUMNS.format("bit" if dialect == "sqlserver" else "boolean")
    with pytest.raises(DatabaseError, match=r"schema.sql, line 3: table t") as caught:
        read(tmp_path, f"CREATE TABLE t (\n{columns},\nCHECK ({check}))", dialect)
    assert part in str(caught.value)
    assert check.split()[0] in str(caught.value)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_checks_that_rows_are_tested_by(tmp_path: Path, dialect: str) -> None:
    columns = COLUMNS.format("bit" if dialect == "sqlserver" else "boolean")
    checks = ",\n".join(f"CHECK ({check})" for check in RULES)
    found = read(tmp_path, f"CREATE TABLE t (\n{columns},\n{checks})", dialect).tables[0]
    assert [rule.text for rule in found.rules] == list(RULES.values())
    assert [rule.line for rule in found.rules] == list(range(3, 3 + len(RULES)))
    assert found.columns == read(tmp_path, f"CREATE TABLE t (\n{columns})", dialect).tables[0].columns


# what dialects write differently
SPELLINGS = [
    ("postgresql", r"s ~ E'^\\d{3}$'", r"""REGEXP_MATCHES("s", '^\d{3}$')"""),
    ("postgresql", "s !~ '[[:alpha:]]'", """NOT REGEXP_MATCHES("s", '[A-Za-z]')"""),
    ("postgresql", "s ~* '^a'::text", """REGEXP_MATCHES("s", '^a', 'i')"""),
    ("postgresql", "(s)::text SIMILAR TO 'a_%.b'", r"""REGEXP_MATCHES(("s"), '^(?:a..*\.b)$')"""),
    ("postgresql", "s LIKE 'a%'", "\"s\" LIKE 'a%'"),
    ("postgresql", "s NOT LIKE '%a%' OR s NOT LIKE '%b%'", "NOT \"s\" LIKE '%a%' OR NOT \"s\" LIKE '%b%'"),
    ("postgresql", "upper(s) = ANY (ARRAY['A'::text, 'B'])", "UPPER(\"s\") IN ('A', 'B')"),
    ("postgresql", "s <> ALL (ARRAY['A', 'B'])", "NOT \"s\" IN ('A', 'B')"),
    ("postgresql", "d >= DATE '2000-01-01'", "\"d\" >= CAST('2000-01-01' AS DATE)"),
    ("sqlite", "s GLOB '[A-Z]?.*'", r"""REGEXP_MATCHES("s", '^[A-Z].\..*$')"""),
    ("sqlite", "s LIKE 'a%'", "\"s\" ILIKE 'a%'"),
    ("mysql", "s REGEXP '^[a-z]+$'", """REGEXP_MATCHES("s", '^[a-z]+$', 'i')"""),
    ("mysql", "char_length(s) = 3", 'LENGTH("s") = 3'),
    (
        "mysql",
        "regexp_like(s, _utf8mb4'^[a-z]+$') or s <> _latin1'it''s'",
        """REGEXP_MATCHES("s", '^[a-z]+$', 'i') OR "s" <> 'it''s'""",
    ),
    ("sqlserver", "[s] LIKE '[A-Z][0-9]%'", """REGEXP_MATCHES("s", '^[A-Z][0-9].*$', 'i')"""),
    ("sqlserver", "[b] = 1", '"b" = TRUE'),
    ("duckdb", "regexp_full_match(s, 'a|b')", """REGEXP_MATCHES("s", '^(?:a|b)$')"""),
]


@pytest.mark.parametrize("dialect, check, text", SPELLINGS)
def test_one_meaning_of_all_dialects(tmp_path: Path, dialect: str, check: str, text: str) -> None:
    columns = COLUMNS.format("bit" if dialect == "sqlserver" else "boolean")
    found = read(tmp_path, f"CREATE TABLE t ({columns}, CHECK ({check}))", dialect).tables[0]
    assert [rule.text for rule in found.rules] == [text]


def test_how_many_are_known(tmp_path: Path) -> None:
    found = table(tmp_path, "a int, b text, c date, CHECK (num_nonnulls(a, b, c) = 1), CHECK (num_nulls(a, c) <= 1)")
    assert [rule.columns for rule in found.rules] == [("a", "b", "c"), ("a", "c")]
    assert "CASE WHEN" in found.rules[0].text


def test_json_by_constraint(tmp_path: Path) -> None:
    for dialect, check in (("sqlserver", "isjson([x]) = 1"), ("sqlserver", "ISJSON([x]) > 0"), ("sqlite", "json_valid(x)")):
        assert table(tmp_path, f"x varchar(900), CHECK ({check})", dialect).columns[0].kind == "json"


def test_orders_of_columns(tmp_path: Path) -> None:
    items = "a date, b date, c int, d numeric, CHECK (a <= b), CHECK (d > c AND c >= 0), CHECK (b IS NULL OR a <= b)"
    found = table(tmp_path, items)
    assert found.orders == (Order("a", "b", False), Order("c", "d", True))
    assert found.columns[2].low == 0.0


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    check = "(" * 600 + "x > 0" + ")" * 600
    with pytest.raises(DatabaseError, match="line 1: table t"):
        table(tmp_path, f"x int, CHECK ({check})")
    many = " AND ".join(f"x > {i}" for i in range(600))
    try:
        assert table(tmp_path, f"x int CHECK ({many})").columns[0].low == 599.0
    except DatabaseError as error:
        assert "line 1" in str(error)
