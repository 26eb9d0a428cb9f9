"""Types that are none of the kinds go through stores; they stay where the store has them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from plurel_prob.declared import read_ddl
from plurel_prob.drawing import sample_declared
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.store import read_store, write_store
from tests.postgres import postgres_url  # noqa: F401

DECLARED = {
    "postgresql": (
        "CREATE TABLE t (id serial PRIMARY KEY, a bit(9) NOT NULL, b bit varying(12), e vector(3) NOT NULL, f foo,\n"
        "s sparsevec(99), g foo(1) NOT NULL DEFAULT 'x', p pg_lsn, l mood[]); CREATE TABLE c (t_id int NOT NULL REFERENCES t)"
    ),
    "sqlite": "CREATE TABLE t (id INTEGER PRIMARY KEY, a LONGVARCHAR(9) NOT NULL, b MEDIUMINT, c CURRENCY DEFAULT 0,\n"
    "d FOO BAR(3,-2), e [my type], f DOUBLEX, g BLOBBY)",
    "duckdb": "CREATE TABLE t (id INTEGER PRIMARY KEY, a BIT NOT NULL, b STRUCT(x INT), c INT[], d MAP(INT, INT), e nothing)",
}
KEPT = {
    "postgresql": {"a": "bit(9)", "b": "bit varying(12)"},
    "sqlite": {"a": "LONGVARCHAR(9)", "b": "MEDIUMINT", "c": "CURRENCY", "d": "FOO BAR(3,-2)", "e": "[my type]"},
    "duckdb": {"a": "BIT", "b": "STRUCT(x INT)", "d": "MAP(INT, INT)"},
}


def texts(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Cells as text; None where one is missing."""

    def text(x: Any) -> str | None:
        return None if pd.isna(x) else str(x.normalize() if isinstance(x, Decimal) else x)

    return {name: [text(x) for x in frame[name].astype(object)] for name in frame}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DECLARED)
def test_through_stores(tmp_path: Path, dialect: str, postgres_url: str) -> None:  # noqa: F811
    path = tmp_path / "x.sql"
    path.write_text(DECLARED[dialect])
    schema = read_ddl(path, dialect)
    drawn = sample_declared(schema, 0, "compact", rows={table.name: 20 for table in schema.tables})
    frame = drawn.tables["t"]
    if dialect == "postgresql":
        assert frame["a"].str.fullmatch("[01]{9}").all() and frame["e"].str.fullmatch(r"\[(-?\d\.\d{4},?){3}\]").all()
        assert frame["f"].isna().all() and (frame["g"] == "x").all()
    for format in ("sqlite", "duckdb", "postgresql", "csv"):
        target = postgres_url if format == "postgresql" else tmp_path / format
        lost = write_store(drawn.tables, schema, target, format, overwrite=True)  # type: ignore[arg-type]
        tables, found = read_store(target)
        assert texts(tables["t"]) == texts(frame), format
        others = {column.name: column.other.name for column in found.table("t").columns if column.other is not None}
        kept = KEPT[dialect] if format == dialect else {}
        assert {name.lower(): other.lower().replace("integer", "int") for name, other in others.items()} == {
            name: other.lower() for name, other in kept.items()
        } | ({"f": "doublex", "g": "blobby"} if format == dialect == "sqlite" else {})
        if dialect == "postgresql" and format != "csv":
            assert [note for note in lost if "vector(3) of t.e" in note and "it is text" in note], lost
        for again in ("sqlite", "duckdb"):
            write_store(tables, found, tmp_path / f"{format}-{again}", again)  # type: ignore[arg-type]
            assert texts(read_store(tmp_path / f"{format}-{again}")[0]["t"]) == texts(frame)


def test_columns_that_nobody_can_fill_are_refused_together(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text("CREATE TABLE t (a foo NOT NULL,\nb int,\nc bar(3) PRIMARY KEY, d baz);")
    schema = read_ddl(tmp_path / "x.sql", "postgresql")
    with pytest.raises(
        DatabaseError, match=r"x.sql: nobody knows .*: t.a \(line 1\): foo; t.c \(line 3\): bar\(3\); give"
    ) as caught:
        sample_declared(schema, 0)
    assert "t.d" not in str(caught.value)
