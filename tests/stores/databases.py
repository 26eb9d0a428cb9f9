"""Databases with all that stores must keep, and their values as plain Python."""

import datetime
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
from relbench.manifest import TableSpec

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey, Order
from tests.tasks.small import write

TEXTS = [
    "",
    "plain",
    'a "quoted" one',
    "two\nlines",
    "comma, semicolon;",
    "Größe 汉字 🙂",
    "'",
    "\\x00 \\.",
    " spaces ",
    "NULL",
    None,
    "\r\n",
]


def plain(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Values as Python prints them, which tells -0.0 from 0.0; missing ones are ``-``."""
    return {name: [_word(value) for value in frame[name].astype(object)] for name in frame}


def _word(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, pd.Timestamp):
        return str(value.as_unit("us"))
    if isinstance(value, pd.Timedelta):
        return str(value.value)
    if isinstance(value, Decimal):
        return str(value.normalize())
    return repr(value.item() if isinstance(value, np.generic) else value)


def everything() -> tuple[dict[str, pd.DataFrame], DeclaredSchema]:
    """One table with a column of every kind, some values missing; one that refers to it, and to itself, by two keys each."""
    n = len(TEXTS)
    zone = pd.date_range("2020-02-29 23:59:59.123456", periods=n, freq="7h", tz="UTC", unit="us")
    kinds = {
        "Key": (Column("Key", "integer", False, bits=64), np.arange(n) * 3 - 5),
        "tiny": (Column("tiny", "integer", bits=8), some(range(-128, n - 128))),
        "huge": (Column("huge", "integer", bits=64), some(2**63 - 1 - k for k in range(n))),
        "unsigned": (Column("unsigned", "integer", bits=32, is_unsigned=True), some(2**32 - 1 - k for k in range(n))),
        "price": (Column("price", "decimal", precision=12, scale=4), some(Decimal(k) / 16 for k in range(n))),
        "free": (Column("free", "decimal"), some(Decimal(f"{k}.{k + 1}") for k in range(n))),
        "float": (Column("float", "float"), [0.0, -0.0, math.nan, math.inf, -math.inf, 1e300, 5e-324, 0.1, *np.arange(n - 8.0)]),
        "is it": (Column("is it", "boolean"), some(k % 2 == 0 for k in range(n))),
        "mood": (
            Column("mood", "category", labels=("so so", "it's", 'be"st', "")),
            pd.Categorical.from_codes([k % 5 - 1 for k in range(n)], ["so so", "it's", 'be"st', ""]),
        ),
        "stars": (
            Column("stars", "category", labels=(1, 3, 5)),
            pd.Categorical.from_codes([k % 4 - 1 for k in range(n)], [1, 3, 5]),
        ),
        "day": (Column("day", "date"), some(datetime.date(1969, 12, 20 + k % 11) for k in range(n))),
        "clock": (Column("clock", "time"), some(datetime.time(k, 59, 7, 1000 * k) for k in range(n))),
        "at": (Column("at", "timestamp", False), zone.tz_localize(None)),
        "there": (Column("there", "timestamp", has_zone=True), zone.where(np.arange(n) % 4 != 2)),
        "lasts": (
            Column("lasts", "interval"),
            pd.Series([pd.Timedelta(-k, "us") * 10**k for k in range(n)], dtype="timedelta64[us]").mask(np.arange(n) % 4 == 2),
        ),
        'the "text"': (Column('the "text"', "text"), TEXTS),
        "code": (Column("code", "text", False, length=5), [f"c-{k}" for k in range(n)]),
        "id": (Column("id", "uuid"), some(f"00000000-0000-4000-8000-{k:012}" for k in range(n))),
        "json": (Column("json", "json"), some(f'{{"a": [{k}, null], "b":"ü\\n"}}' for k in range(n))),
        "bytes": (Column("bytes", "blob"), some(bytes(range(250 - k, 256)) + b"\x00" for k in range(n))),
    }
    first = DeclaredTable("all kinds", tuple(column for column, _ in kinds.values()), ("Key",), (("code",),))
    rows = pd.DataFrame({"Key": np.arange(40), "one": [k % n * 3 - 5 for k in range(40)]})
    rows["other"] = pd.Series([None if k % 3 else k % n for k in range(40)], dtype="Int64").map(
        lambda k: f"c-{k}", na_action="ignore"
    )
    rows["above"] = pd.Series([None if k > 37 else k + 1 + k % 2 for k in range(40)], dtype="Int64")
    rows["low"], rows["high"] = np.arange(40) / 8, np.arange(40) / 8 + 1
    second = DeclaredTable(
        "child",
        (
            Column("Key", "integer", False, bits=64),
            Column("one", "integer", False, bits=64, low=-5.0, high=100.0, is_high_open=True),
            Column("other", "text", length=5),
            Column("above", "integer", bits=64),
            Column("low", "float", False, default="0.5", low=0.0),
            Column("high", "float", False),
        ),
        ("Key",),
        (("low", "high"),),
        (
            ForeignKey(("one",), "all kinds", ("Key",)),
            ForeignKey(("other",), "all kinds", ("code",)),
            ForeignKey(("above",), "child", ("Key",)),
        ),
        (Order("low", "high", True),),
    )
    frame = pd.DataFrame({name: values for name, (_, values) in kinds.items()})
    return {"all kinds": frame, "child": rows}, DeclaredSchema((first, second), "everything")


def some(values) -> pd.Series:
    """Values as objects, every fourth of them missing."""
    return pd.Series([None if k % 4 == 2 else value for k, value in enumerate(values)], dtype=object)


def folder_of_everything(folder: Path) -> Path:
    """A folder in RelBench format with the columns of :func:`everything` that its parquet files can have."""
    tables, _ = everything()
    frame = tables["all kinds"].assign(Key=np.arange(len(TEXTS))).drop(columns=["id", "json"])
    frame["huge"], frame["tiny"], frame["unsigned"] = (
        frame[c].astype(t) for c, t in (("huge", "Int64"), ("tiny", "Int8"), ("unsigned", "UInt32"))
    )
    child = pd.DataFrame(
        {
            "row": np.arange(40),
            "one": np.arange(40) % len(TEXTS),
            "other": pd.Series([None if k % 3 else k % 7 for k in range(40)], dtype="Int64"),
            "above": pd.Series([None if k < 3 else k - 1 - k % 3 for k in range(40)], dtype="float64"),
            "x": np.where(np.arange(40) % 5 == 0, np.nan, np.arange(40) * 0.1).astype(np.float32),
        }
    )
    specs = {
        "all kinds": TableSpec("Key", "at", {}),
        "child": TableSpec("row", None, {"one": "all kinds", "other": "all kinds", "above": "child"}),
    }
    return write(folder, {"all kinds": frame, "child": child}, specs)


def emptied(url: str) -> str:
    """URL of a PostgreSQL database, in which nothing is left."""
    with connected(url) as connection:
        for (schema,) in connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'"
        ).fetchall():
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


def connected(url: str):
    import psycopg
    from sqlalchemy import make_url

    parts = make_url(url)
    return psycopg.connect(**(parts.translate_connect_args(username="user", database="dbname") | dict(parts.query)))
