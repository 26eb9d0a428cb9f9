"""Bounds and values that floats do not tell apart."""

import sqlite3
from decimal import Decimal
from fractions import Fraction

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, read_ddl
from plurel_prob.declared.literals import decimal_of
from plurel_prob.domains.columns import domain_of
from plurel_prob.domains.numbering import Numbering, numbering, spread
from plurel_prob.drawing import check_fits
from plurel_prob.drawing.orders import put_in_order
from plurel_prob.errors import DatabaseError
from plurel_prob.stores import read_store, write_store
from tests.drawing import made_up

WINDOW = (18_000, 18_364)
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


@st.composite
def columns(draw, most_digits):
    """Columns of integers and decimals, with bounds anywhere in their type."""
    if draw(st.booleans()):
        scale, precision = 0, 19
        declared = {"kind": "integer", "bits": 64}
    else:
        precision = draw(st.integers(1, most_digits))
        scale = draw(st.integers(0, precision))
        declared = {"kind": "decimal", "precision": precision, "scale": scale}
    most = min(10**precision - 1, 2**63 - 1) if declared["kind"] == "integer" else 10**precision - 1
    low, high = sorted(draw(st.tuples(st.integers(-most, most), st.integers(-most, most))))
    width = draw(st.sampled_from([None, 3, 1000]))
    high = high if width is None else min(high, low + width)
    sides = draw(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()))
    is_open = high > low + 1
    low, high = (int(n) if scale == 0 else decimal_of(n, scale) for n in (low, high))
    declared |= {"low": low if sides[0] else None, "high": high if sides[1] else None}
    return declared | {"is_low_open": sides[0] and sides[2] and is_open, "is_high_open": sides[1] and sides[3] and is_open}


def drawn(column, seed, n=60):
    domain = domain_of(column, np.random.default_rng(seed), n, WINDOW, "t.c")
    u = np.sort(np.random.default_rng(seed + 1).random(n))
    return pd.Series(domain.values(domain.spread(u)))


def satisfies(column, values):
    numbers = [Fraction(Decimal(str(value))) for value in values]
    low, high = (None if bound is None else Fraction(bound) for bound in (column.low, column.high))
    assert low is None or all(x > low if column.is_low_open else x >= low for x in numbers)
    assert high is None or all(x < high if column.is_high_open else x <= high for x in numbers)
    assert all(a <= b for a, b in zip(numbers, numbers[1:], strict=False))


@FEW
@given(declared=columns(38), seed=st.integers(0, 99))
def test_values_within_any_bounds_go_through_a_duckdb_file(tmp_path, declared, seed):
    column = Column("c", is_nullable=False, **declared)
    values = drawn(column, seed)
    satisfies(column, values)
    schema = DeclaredSchema((DeclaredTable("t", (column,)),), "made up")
    write_store({"t": pd.DataFrame({"c": values})}, schema, tmp_path / "t.duckdb", "duckdb", overwrite=True)
    tables, again = read_store(tmp_path / "t.duckdb")
    assert [Decimal(str(x)) for x in tables["t"].c] == [Decimal(str(x)) for x in values]
    found = again.tables[0].columns[0]
    assert drawn(found, seed).map(str).tolist() == values.map(str).tolist()  # the CHECK allows the same values
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        for bound, step in ((column.low, -1), (column.high, 1)):
            scale, precision = column.scale or 0, column.precision or 18
            outside = None if bound is None else decimal_of(int(Fraction(bound) * 10**scale) + step, scale)
            if outside is not None and abs(outside) < 10 ** (precision - scale):
                with pytest.raises(duckdb.ConstraintException):
                    connection.execute(f"INSERT INTO t VALUES ({outside:f})")


@FEW
@given(declared=columns(15), seed=st.integers(0, 99))
def test_values_within_any_bounds_go_through_a_sqlite_file(tmp_path, declared, seed):
    column = Column("c", is_nullable=False, **declared)
    values = drawn(column, seed)
    satisfies(column, values)
    schema = DeclaredSchema((DeclaredTable("t", (column,)),), "made up")
    write_store({"t": pd.DataFrame({"c": values})}, schema, tmp_path / "t.sqlite", "sqlite", overwrite=True)
    tables, again = read_store(tmp_path / "t.sqlite")
    assert [Decimal(str(x)) for x in tables["t"].c] == [Decimal(str(x)) for x in values]
    found = again.tables[0].columns[0]
    assert (found.low, found.high) == (column.low, column.high)


def test_large_integers_of_a_schema_differ_within_their_bounds(tmp_path):
    path = tmp_path / "s.sql"
    path.write_text(
        "CREATE TABLE t (v BIGINT NOT NULL CHECK (v BETWEEN 1700000000000000001 AND 1700000000000000050),"
        " w BIGINT NOT NULL CHECK (w > 9223372036854775800), x NUMERIC(30,10) NOT NULL CHECK (x < -12345678901234567890.5),"
        " y BIGINT CHECK (y IN (9007199254740993, 9007199254740995)),"
        " z NUMERIC(24, 4) CHECK (z IN (12345678901234567890.1234, 1)),"
        " a BIGINT NOT NULL CHECK (a BETWEEN 1700000000000000001 AND 1700000000000000009),"
        " b BIGINT NOT NULL CHECK (b <= 1700000000000000009),"
        " CHECK (a < b))"
    )
    schema = read_ddl(path, "postgresql")
    table = made_up.drawn(schema, 1)["t"]
    assert table.v.between(1700000000000000001, 1700000000000000050).all() and table.v.nunique() > 10
    assert (table.w > 9223372036854775800).all() and table.w.nunique() > 1
    assert (table.x < Decimal("-12345678901234567890.5")).all()
    assert set(table.y.dropna()) <= {9007199254740993, 9007199254740995}
    assert set(table.z.dropna()) <= {Decimal("12345678901234567890.1234"), 1}
    assert (table.a < table.b).all()
    write_store({"t": table}, schema, tmp_path / "out.csv", "csv")
    again, declared = read_store(tmp_path / "out.csv")
    assert declared.tables[0].columns[:5] == schema.tables[0].columns[:5]
    assert again["t"].x.tolist() == table.x.tolist() and again["t"].v.tolist() == table.v.tolist()


@pytest.mark.parametrize(("precision", "scale"), [(38, 18), (65, 30), (20, 18), (40, 2)])
def test_wide_decimals_have_magnitudes(precision, scale):
    """Scales are log-uniform from 3 to 10,000: the share of 100 columns whose median is below 55 is near 0.46."""
    column = Column("c", "decimal", precision=precision, scale=scale)
    medians = np.array([float(abs(drawn(column, seed, 41)).median()) for seed in range(100)])
    most = 10 ** (precision - scale)
    assert medians.min() > 0.3 and (medians > min(30, most / 20)).mean() > 0.3
    if most > 10**6:  # p-value of a correct law is below 1e-4 in one of 10,000 changes of the seeds
        logs = np.log10(medians / np.log(2))
        assert stats.kstest(logs, stats.uniform(0.5, 3.5).cdf).pvalue > 1e-4
    digits = {str(value)[-1] for value in drawn(column, 3, 200)}
    assert len(digits) == 10  # the last digit varies, too


@FEW
@given(n=st.integers(2, 10**40), start=st.integers(-(10**40), 10**40), seed=st.integers(0, 99))
def test_numbers_of_numbers_rise_and_stay_within(n, start, seed):
    rng = np.random.default_rng(seed)
    numbers = numbering(start, n, rng)
    place = np.sort(np.append(rng.integers(0, numbers.size, 50), [0, numbers.size - 1]))
    found = numbers.exact(place)
    assert all((a < b) == (i < j) for a, b, i, j in zip(found, found[1:], place, place[1:], strict=False))
    assert found[0] >= start and found[-1] <= start + n - 1
    u = np.linspace(0, 1, 101)
    places = spread(lambda u: u * n, numbers, rng)(u)
    assert (np.diff(places) >= 0).all() and places.min() >= 0 and places.max() < numbers.size


def test_every_value_of_a_wide_domain_can_occur():
    """Chi-squared test of the last three bits of draws from 2^60 numbers, which no float tells."""
    numbers = Numbering(0, 2**60)
    rng = np.random.default_rng(5)
    places = spread(lambda u: u * 2**60, numbers, rng)(rng.random(80_000))
    assert stats.chisquare(np.bincount(places % 8, minlength=8)).pvalue > 1e-4


def test_orders_of_wide_columns_are_exact():
    low = domain_of(Column("a", "integer", bits=64, low=2**60, high=2**60 + 40), np.random.default_rng(0), 9, WINDOW, "t.a")
    high = domain_of(
        Column("b", "decimal", precision=30, scale=5, low=2**60, high=2**60 + 9), np.random.default_rng(1), 9, WINDOW, "t.b"
    )
    rng = np.random.default_rng(2)
    places = rng.integers(0, low.size, 300), rng.integers(0, high.size, 300)
    for is_strict in (False, True):
        a, b = put_in_order((low, high), places, is_strict, (True, True))
        pairs = zip(low.exact(a), high.exact(b), strict=True)
        assert all(x < y if is_strict else x <= y for x, y in pairs)


def test_sqlite_keeps_the_bound_as_it_is_declared(tmp_path):
    with sqlite3.connect(tmp_path / "a.sqlite") as connection:
        connection.execute("CREATE TABLE t (v BIGINT CHECK (v >= 9007199254740993 AND v < 9223372036854775807))")
        connection.execute("INSERT INTO t VALUES (9007199254740993), (9223372036854775806)")
    tables, declared = read_store(tmp_path / "a.sqlite")
    for form in ("sqlite", "duckdb", "csv", "parquet"):
        write_store(tables, declared, tmp_path / f"b.{form}", form)
        again, same = read_store(tmp_path / f"b.{form}")
        assert again["t"].v.tolist() == [9007199254740993, 9223372036854775806]
        assert (same.tables[0].columns[0].low, same.tables[0].columns[0].high) == (9007199254740993, 9223372036854775807)
    tables["t"].loc[0, "v"] = 9007199254740992
    with pytest.raises(DatabaseError, match=r"t\.v, row 0: 9007199254740992 is below"):
        write_store(tables, declared, tmp_path / "c.duckdb", "duckdb")


@pytest.mark.parametrize(
    ("declared", "format", "words"),
    [
        ("x numeric(38, 18)", "sqlite", r"x.sql, line 2: t\.x: SQLite keeps 15 digits of a decimal"),
        ("x numeric(12, 9)", "sqlite", None),
        ("x numeric(20, 10) CHECK (x BETWEEN 0 AND 99)", "sqlite", None),
        ("x numeric(20, 0) CHECK (x > 9223372036854775807)", "sqlite", "integers of 64 bits"),
        ("x bigint CHECK (x > 9223372036854775800)", "sqlite", None),
        ("x numeric(39, 2)", "duckdb", r"t\.x has decimals of 39 digits, duckdb 38 at most"),
        ("x numeric(39, 2)", "postgresql", None),
        ("x numeric(77, 2)", "csv", "77 digits"),
        ("x numeric CHECK (x BETWEEN 0 AND 0.00000000001)", "duckdb", "28 digits before and 10 after the point"),
        ("x numeric(30, 5) CHECK (x IN (1.5, 12345678901234567890123.25))", "duckdb", None),
    ],
)
def test_what_a_store_would_refuse_is_refused_before_the_draw(declared, format, words, tmp_path):
    path = tmp_path / "x.sql"
    path.write_text(f"CREATE TABLE t (\n{declared})")
    schema = read_ddl(path, "postgresql")
    if words is None:
        check_fits(schema, format)
    else:
        with pytest.raises(DatabaseError, match=words):
            check_fits(schema, format)


def test_integers_of_128_bits_go_from_store_to_store(tmp_path):
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t (h HUGEINT PRIMARY KEY CHECK (h <= 170141183460469231731687303715884105727), u UHUGEINT)"
        )
        connection.execute("INSERT INTO t VALUES (-5, 18446744073709551616), (170141183460469231731687303715884105727, NULL)")
    place = tmp_path / "a.duckdb"
    for form in ("duckdb", "csv", "parquet", "duckdb"):
        tables, declared = read_store(place)
        place = tmp_path / f"{place.name}.{form}"
        write_store(tables, declared, place, form)
        again = read_store(place)[0]["t"]
        assert [int(x) for x in again.h] == [-5, 2**127 - 1] and again.u[0] == 2**64 and pd.isna(again.u[1])
    with pytest.raises(DatabaseError, match=r"t\.h, row 1: Decimal\('170141183460469231731687303715884105727'\) does not fit"):
        write_store(tables, declared, tmp_path / "b.sqlite", "sqlite")
