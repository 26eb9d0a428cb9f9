import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases import Database, DatabaseSchema, TableSchema
from plurel_prob.databases.disk import column_type
from plurel_prob.reports import database_page, pictures, read_subject, subject_of
from plurel_prob.reports.charts import bins, time_bins
from plurel_prob.reports.columns import MISSING, plain, shown, summary_of

from ..tasks.small import random_database
from .pages import check_page


def check(frame: pd.DataFrame, time_col: str | None = None) -> None:
    kinds = {str(name): column_type(frame[name]) for name in frame if name not in ("id", time_col)}
    schema = DatabaseSchema({"a": TableSchema(len(frame), kinds, "id", time_col, {})})
    subject = subject_of(Database("x", {"a": frame}, schema))
    check_page(database_page(subject))
    for _, drawing in pictures(subject):
        drawing.alone()


@pytest.mark.parametrize(
    "column",
    [
        [1e300, -1.7e308, 1.7e308],
        [np.inf, -np.inf, np.nan],
        [1e-320, 0.0, 0.0],
        np.array([2**64 - 1, 0, 1], np.uint64),
        [b"\x00\xff", {"a": 1}, [1, 2]],
        pd.to_timedelta([1, 2, 3], unit="s"),
        pd.to_datetime(["2020-01-01", None, "2021-01-01"]).tz_localize("Europe/Berlin"),
        pd.Categorical([None, None, None], ["a"]),
        pd.array([True, None, False], dtype="boolean"),
        ["", None, "x" * 10_000],
    ],
    ids=lambda column: str(getattr(column, "dtype", "list")),
)
def test_columns_of_any_values_can_be_shown(column):
    check(pd.DataFrame({"id": range(3), "x": column, "y": [0.0, 0.0, 1.0]}))


def test_tables_without_rows_and_databases_without_tables_can_be_shown():
    kinds = {"id": "int64", "at": "datetime64[us]", "x": "float64", "c": "category", "s": "object"}
    check(pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()}), "at")
    check(pd.DataFrame({"id": [0], "at": pd.to_datetime(["2020-01-01"])}), "at")
    check_page(database_page(subject_of(Database("none", {}, DatabaseSchema({})))))


@pytest.mark.parametrize("seed", range(6))
def test_pages_of_random_databases_keep_to_the_rules(seed, tmp_path):
    check_page(database_page(read_subject(random_database(tmp_path / "any", seed))))


def test_a_summary_says_what_numpy_says():
    values = np.random.default_rng(0).normal(size=200)
    column = pd.Series(np.where(np.arange(200) < 20, np.nan, values))
    summary = summary_of(column, "x")
    there = values[20:]
    expected = [*np.quantile(there, [0, 0.05, 0.5, 0.95, 1]), there.mean(), there.std()]
    assert summary.figures == [f"{value:.4g}" for value in expected] and np.allclose(summary.numbers, expected, rtol=1e-12)
    assert (summary.missing, summary.n_distinct, summary.kind, summary.most_common) == (0.1, 180, "number", "")
    kinds = summary_of(pd.Series(["b"] * 6 + ["a"] * 2 + [None] * 2, dtype="category"), "c")
    assert kinds.most_common == "b (75%)" and kinds.drawing.description == "b 75%, a 25%. 20.0% of rows have none."


def test_values_are_shown_in_one_short_line():
    values = [None, np.nan, pd.NaT, 0.123456, 3, "a\n b", pd.Timestamp("2020-01-01"), "x" * 50]
    assert [shown(value) for value in values] == [MISSING] * 3 + ["0.1235", "3", "a b", "2020-01-01", "x" * 39 + "…"]


def test_lists_become_texts_and_the_rest_stays():
    frame = pd.DataFrame({"list": [[1], None], "x": [1.0, 2.0]})
    assert plain(frame)["list"].tolist()[0] == "[1]" and plain(frame)["list"].isna().tolist() == [False, True]
    assert plain(frame)["x"].equals(frame["x"])


def test_bins_stand_around_whole_numbers():
    assert bins(3.0, 5.0, True).tolist() == [2.5, 3.5, 4.5, 5.5]
    years = bins(1920.0, 2020.0, True)
    assert np.diff(years).tolist() == [2.0] * 51 and years[0] == 1919.5 and years[-1] > 2020
    assert len(bins(0.0, 1.0, False)) == 31
    assert bins(4.0, 4.0, False).tolist() == [2.0, 6.0]


def test_regular_times_have_a_bin_each():
    year = pd.date_range("1920-01-01", periods=101, freq="YS").astype("datetime64[s]").astype("int64").to_numpy().astype(float)
    seconds = np.repeat(year, np.arange(101) % 5 + 1)
    assert np.histogram(seconds, time_bins(seconds))[0].tolist() == (np.arange(101) % 5 + 1).tolist()
    assert len(time_bins(np.array([0.0, 1.0, 50.0]))) == 61
