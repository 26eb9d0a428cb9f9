"""A database in memory, drawn or real: what it knows, and what a real one does not."""

import pandas as pd
import pytest

from plurel_prob.databases import Database, DatabaseSchema, TableSchema, load, observe
from plurel_prob.errors import DatabaseError
from tests.reports.small import write_drawn
from tests.rfm.rows.features.shop import TEST, VAL, shop


def test_a_real_database_knows_its_splits_and_has_no_origin(tmp_path):
    real = observe(shop(tmp_path / "shop"))
    assert (real.name, real.is_drawn, real.schema.window) == ("shop", False, None)
    assert (real.schema.val_timestamp, real.schema.test_timestamp) == (VAL, TEST)
    assert repr(real).startswith("Database(shop: ")
    for read in (lambda: real.seed, lambda: real.prior, lambda: real.by_hand, lambda: real.do({"users.income": 1})):
        with pytest.raises(DatabaseError, match="^shop: was not drawn"):
            read()
    with pytest.raises(DatabaseError, match="^shop: has no latents"):
        real.causal_graph()
    with pytest.raises(DatabaseError, match="^shop: was not drawn"):
        real.save(tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_drawn_database_is_split_by_its_window(tmp_path):
    write_drawn(tmp_path / "plurel-7")
    drawn = load(tmp_path / "plurel-7")
    first, last = drawn.schema.window
    assert (drawn.name, drawn.is_drawn, drawn.seed) == ("plurel-7", True, 7)
    assert drawn.schema.val_timestamp == first + pd.Timedelta(days=(last - first).days * 8 // 10)
    assert drawn.schema.graph == [(parent, child, key) for child, key, parent in drawn.schema.foreign_keys] != []
    seen = observe(tmp_path / "plurel-7")
    assert not seen.is_drawn and all(frame.equals(drawn.tables[name]) for name, frame in seen.tables.items())


def test_where_nothing_tells_the_splits_there_are_none():
    schema = DatabaseSchema({"a": TableSchema(0, {}, None, None, {})})
    assert Database("a", {"a": pd.DataFrame()}, schema).schema.splits is None
    for name in ("val_timestamp", "test_timestamp"):
        with pytest.raises(DatabaseError, match="nothing says where the training split"):
            getattr(schema, name)
