"""Tables of any source are the same numbers; keys need not be row numbers."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob import DatabaseError
from plurel_prob.databases import Database, DatabaseSchema, observe
from plurel_prob.rfm.rows.features import DAY, Labels, Question, row_features, tables_of
from tests.rfm.cells.contexts.databases import VAL, observed
from tests.rfm.rows.features.shop import VAL as VAL_OF_SHOP
from tests.rfm.rows.features.shop import shop


def features_of(tables, table):
    rows = Labels(np.arange(4), np.full(4, 18_400 * DAY), np.zeros(4))
    return row_features(tables, Question(table, "number"), rows, rows)


def test_a_folder_and_what_is_read_from_it(tmp_path):
    folder = shop(tmp_path / "shop")
    source = observe(folder)
    first = features_of(tables_of(folder), "users").values.tobytes()
    assert first == features_of(tables_of(source), "users").values.tobytes()
    assert source.schema.val_timestamp == VAL_OF_SHOP
    other = Database("shop", source.tables, DatabaseSchema(source.schema.tables))
    assert first == features_of(tables_of(other, VAL_OF_SHOP), "users").values.tobytes()
    with pytest.raises(DatabaseError, match="shop: nothing says where its training split ends"):
        tables_of(other)


def test_keys_are_values_of_primary_keys():
    frames = {
        "users": pd.DataFrame({"user": ["d", "b", "c", "a"], "x": [1.0, 2.0, 3.0, 4.0]}),
        "events": pd.DataFrame({"by": ["a", None, "d", "nobody", "b"], "at": pd.Timestamp("2020-01-01"), "y": np.arange(5.0)}),
    }
    keys = {"users": {"pkey": "user"}, "events": {"time_col": "at", "fkeys": {"by": "users"}}}
    tables = tables_of(observed(frames, keys), VAL)
    np.testing.assert_array_equal(tables["events"].parents["by"][1], [3, -1, 0, -1, 1])
    assert "user" not in tables["users"].level
    broken = frames | {"users": frames["users"].assign(user="a")}
    with pytest.raises(DatabaseError, match=r"events\.by refers to user, in which a value occurs twice"):
        tables_of(observed(broken, keys), VAL)
    source = observed(frames, keys)
    with pytest.raises(DatabaseError, match=r"events\.by refers to users, which is no table; there are events"):
        tables_of(Database("x", {"events": frames["events"]}, DatabaseSchema({"events": source.schema.tables["events"]})), VAL)
