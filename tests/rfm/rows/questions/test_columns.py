"""Columns to complete."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import DAY, read_tables
from plurel_prob.rfm.rows.questions import column_question

START = pd.Timestamp("2020-01-01")
N = 200


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    price = rng.normal(size=N).round(3)
    columns = {
        "at": START + pd.to_timedelta(np.arange(N), unit="D"),
        "price": price,
        "cents": 100 * price,
        "weight": rng.normal(size=N),
        "paid": pd.array(rng.random(N) < 0.4, dtype="boolean"),
        "size": rng.choice(["small", "large"], N),
        "colour": rng.choice([*"abcd"], N, p=[0.1, 0.2, 0.3, 0.4]),
        "city": rng.choice([f"city {i}" for i in range(30)], N),
        "empty": np.full(N, np.nan),
    }
    frame = pd.DataFrame(columns)
    frame.loc[5, ["price", "paid", "colour"]] = [np.nan, pd.NA, None]
    return frame


@pytest.fixture(scope="module")
def tables(frame):
    shops = pd.DataFrame({"area": np.arange(3.0)})
    schemas = {"orders": TableSchema(N, {}, None, "at", {}), "shops": TableSchema(3, {}, None, None, {})}
    return read_tables({"orders": frame, "shops": shops}, schemas, int((START + pd.Timedelta(days=N)).value // 1000))


def test_numbers_and_what_tells_them(frame, tables):
    question, labels, levels = column_question(tables, "orders", "price")
    assert (question.table, question.column, question.kind, levels) == ("orders", "price", "number", ())
    assert question.hidden == {("orders", "cents")}
    np.testing.assert_array_equal(labels.value, frame["price"])
    np.testing.assert_array_equal(labels.time, START.value // 1000 + np.arange(N) * DAY)


def test_booleans_and_two_levels_are_binary(frame, tables):
    question, labels, _ = column_question(tables, "orders", "paid")
    assert question.kind == "binary" and not question.hidden
    np.testing.assert_array_equal(labels.value, frame["paid"].astype("Float64").to_numpy(float, na_value=np.nan))
    question, labels, levels = column_question(tables, "orders", "size")
    first = tables["orders"].level["size"]
    assert question.kind == "binary" and levels == (0, 1)
    np.testing.assert_array_equal(labels.value, first)


@pytest.mark.parametrize(("column", "n_class"), [("colour", 4), ("city", 10)])
def test_levels_are_classes_by_frequency(frame, tables, column, n_class):
    question, labels, levels = column_question(tables, "orders", column)
    assert question.kind == "classes" and len(levels) == n_class
    counts = frame[column].value_counts()
    text_of = dict(zip(tables["orders"].level[column], frame[column], strict=True))
    named = [text_of[level] if level >= 0 else "other" for level in levels]
    for label, text in zip(labels.value, frame[column], strict=True):
        if pd.isna(text):
            assert np.isnan(label)
        else:
            assert named[int(label)] == (text if text in named else "other")
    common = counts[[name for name in named if name != "other"]]
    assert (np.diff(common) <= 0).all() and common.min() >= max(counts.drop(common.index), default=0)


def test_rows_without_times_are_asked_of_at_the_last_time(tables):
    _, labels, _ = column_question(tables, "shops", "area")
    assert (labels.time == START.value // 1000 + (N - 1) * DAY).all()


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [("nothing", "price", ["nothing", "orders, shops"]), ("orders", "at", ["at", "weight"]), ("orders", "empty", ["no value"])],
)
def test_what_is_not_there_is_refused(tables, table, column, words):
    with pytest.raises(DatabaseError) as caught:
        column_question(tables, table, column)
    assert all(word in str(caught.value) for word in words)
