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
REFUSED = {
    "x <> 0": "a CHECK is honoured if",
    "x + 1 > 0": "a CHECK is honoured if",
    "x > y + 1": "a CHECK is honoured if",
    "x = y": "a CHECK is honoured if",
    "x > 0 OR y > 0": "a CHECK is honoured if",
    "y IS NULL OR x > 0": "a CHECK is honoured if",
    "x NOT IN (1, 2)": "a CHECK is honoured if",
    "x IN (SELECT 1)": "a CHECK is honoured if",
    "NOT x > 0": "a CHECK is honoured if",
    "x NOT BETWEEN 1 AND 2": "a CHECK is honoured if",
    "x IS NOT NULL OR y > 0": "a CHECK is honoured if",
    "s NOT LIKE '%a%' OR s NOT LIKE '%b%'": "a CHECK is honoured if",
    "s LIKE 'a%'": "a CHECK is honoured if",
    "s LIKE '%a%'": "a CHECK is honoured if",
    "s ~ '^a'": "",
    "length(s) = 3": "of lengths only",
    "s > 'a'": "range of a column of kind text",
    "d >= '2000-01-01'": "range of a column of kind date",
    "d < s": "they have no order",
    "s < s2": "order of columns of kind text",
    "z > 0": "there is no column z",
    "x > 5 AND x < 2": "leaves the column no value",
    "x > 5 AND x < 6": "leaves the column no value",
    "x > 3e9": "leaves the column no value",
    "x IN (1, 2) AND x > 2": "leaves the column no value",
    "x IN ('a')": "compared with values that are none",
    "x IN (0.5)": "compared with numbers that are none",
    "b = true": "a CHECK that allows one of them only",
    "x >": "cannot be understood",
    "x > 0) AND (y > 0": "",
}


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
    columns = f"x int, y int, s varchar(9), s2 varchar(9), d date, b {'bit' if dialect == 'sqlserver' else 'boolean'}"
    with pytest.raises(DatabaseError, match=r"schema.sql, line 3: table t") as caught:
        read(tmp_path, f"CREATE TABLE t (\n{columns},\nCHECK ({check}))", dialect)
    assert part in str(caught.value)
    assert check.split()[0] in str(caught.value)


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
