"""Schemas of real dumps, in stores without rows."""

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from plurel_prob.declared import Column, DeclaredTable, read_ddl
from plurel_prob.stores import read_store, write_store
from tests.postgres import postgres_url
from tests.stores.databases import emptied

__all__ = ["postgres_url"]  # a fixture
DUMPS = sorted((Path(os.environ.get("PLUREL_PROB_DATA", "/none")) / "ddl").glob("*.sql"))


def comparable(column: Column) -> Column:
    """Stores have other widths of integers, and a range in place of unsigned ones."""
    if column.kind != "integer":
        return column
    return replace(column, bits=None, is_unsigned=False, low=0.0 if column.is_unsigned else column.low)


def keys(table: DeclaredTable) -> list[str]:
    return sorted(f"{table.name}.{', '.join(key.columns)} -> {key.parent}" for key in table.foreign_keys)


@pytest.mark.slow
@pytest.mark.skipif(not DUMPS, reason="PLUREL_PROB_DATA names no folder with ddl/*.sql")
@pytest.mark.parametrize("format", ["sqlite", "duckdb", "postgresql", "csv", "parquet"])
@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.name)
def test_every_constraint_is_kept(dump, format, tmp_path, request):
    declared = read_ddl(dump)
    empty = {table.name: pd.DataFrame({column.name: [] for column in table.columns}, dtype=object) for table in declared.tables}
    place = emptied(request.getfixturevalue("postgres_url")) if format == "postgresql" else tmp_path / "store"
    left_out = {words.partition(":")[0] for words in write_store(empty, declared, place, format)}
    assert left_out == ({"staff.store_id -> store"} if format == "duckdb" and "sakila" in dump.name else set())
    _, found = read_store(place)
    assert {table.name for table in found.tables} == set(empty)
    for table in declared.tables:
        other = found.table(table.name)
        assert list(map(comparable, other.columns)) == list(map(comparable, table.columns))
        assert (other.primary_key, set(other.unique), other.orders) == (table.primary_key, set(table.unique), table.orders)
        assert keys(other) == [key for key in keys(table) if key not in left_out]
