"""Cells: kinds, normalisation, what is left out, and errors."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from plurel_prob import DatabaseError
from plurel_prob.rfm.cells.contexts import BOOLEAN, DATETIME, NUMBER, TEXT, Vocabulary, relational_data
from plurel_prob.rfm.columns import MAX_TEXT, kind_of, read_column
from tests.rfm.cells.contexts.databases import DAY, START, TEST, VAL, observed, random_database

NUMBERS = [1.0, 2.0, 4.0]
SERIES = {
    "float": (pd.Series([*NUMBERS, np.nan, np.inf]), NUMBER, [*NUMBERS, None, None]),
    "integer": (pd.Series([1, 2, None], dtype="Int64"), NUMBER, [1, 2, None]),
    "small": (pd.Series([1, 2], dtype="uint8"), NUMBER, [1, 2]),
    "decimal": (pd.Series([Decimal("1.5"), None, Decimal("2.25")], dtype=object), NUMBER, [1.5, None, 2.25]),
    "mixed": (pd.Series([1, 2.5, None], dtype=object), NUMBER, [1, 2.5, None]),
    "timedelta": (pd.Series([pd.Timedelta("1h"), pd.NaT]), NUMBER, [3600, None]),
    "timedeltas": (pd.Series([datetime.timedelta(seconds=3), None], dtype=object), NUMBER, [3, None]),
    "bool": (pd.Series([True, False]), BOOLEAN, [1, 0]),
    "boolean": (pd.Series([True, None], dtype="boolean"), BOOLEAN, [1, None]),
    "bools": (pd.Series([True, False, None], dtype=object), BOOLEAN, [1, 0, None]),
    "datetime": (pd.Series([pd.Timestamp("1970-01-02"), pd.NaT]), DATETIME, [86_400e6, None]),
    "zoned": (pd.Series([pd.Timestamp("1970-01-02 01:00", tz="Europe/Berlin")]), DATETIME, [86_400e6]),
    "date": (pd.Series([datetime.date(1970, 1, 2), None], dtype=object), DATETIME, [86_400e6, None]),
    "string": (pd.Series(["a", None, "", "a"]), TEXT, ["a", None, "", "a"]),
    "category": (pd.Series(["b", None, "a"], dtype="category"), TEXT, ["b", None, "a"]),
    "list": (pd.Series([np.array([1, 2]), None], dtype=object), TEXT, ["[1, 2]", None]),
    "bytes": (pd.Series([b"a", None], dtype=object), TEXT, ["a", None]),
    "time": (pd.Series([datetime.time(1), None], dtype=object), TEXT, ["01:00:00", None]),
    "long": (pd.Series(["x" * 10_000]), TEXT, ["x" * MAX_TEXT]),
    "empty": (pd.Series([None, None], dtype=object), TEXT, [None, None]),
}


@pytest.mark.parametrize("name", SERIES)
def test_every_type_of_column_has_a_kind_and_cells(name):
    series, kind, expected = SERIES[name]
    vocabulary = Vocabulary()
    found, cells = read_column(series, vocabulary)
    values = [None if np.isnan(cell) else vocabulary.strings[int(cell)] if kind == TEXT else cell for cell in cells]
    assert (found, kind_of(series), values) == (kind, kind, expected)


def test_a_vocabulary_grows_and_ids_stay():
    vocabulary = Vocabulary()
    assert (vocabulary.id_of(""), vocabulary.id_of("a"), vocabulary.id_of("b"), vocabulary.id_of("a")) == (0, 1, 2, 1)
    assert vocabulary.ids_of(["b", "c", ""]).tolist() == [2, 3, 0] and len(vocabulary) == 4
    assert Vocabulary(vocabulary.strings).strings == vocabulary.strings == ["", "a", "b", "c"]


def cells_of(data, table, column):
    """Values of a column, by row of the table."""
    graph, k = data.graph, data.column(table, column)
    row = np.repeat(np.arange(len(graph.time)), np.diff(graph.cell_start))
    return dict(zip(row[graph.cell_column == k] - data.table_start[table], graph.value[graph.cell_column == k], strict=True))


@pytest.mark.parametrize("until", [None, VAL - 10 * DAY, TEST])
def test_cells_are_normalised_by_the_training_split(until):
    database = random_database(3)
    data = relational_data(database, vocabulary=Vocabulary(), until=until, val_timestamp=VAL)
    last = VAL if until is None else min(VAL, until)
    for table, time_col in (("users", None), ("items", "on"), ("events", "at"), ("notes", None)):
        frame = database.tables[table]
        train = frame if time_col is None else frame[frame[time_col] <= last]
        for column in ("number", "weight", "flag"):
            numbers, known = frame[column].astype(float), train[column].astype(float)
            expected = ((numbers - known.mean()) / known.std(ddof=0)).dropna()
            if known.nunique() < 2:
                continue
            cells = cells_of(data, table, column)
            assert list(cells) == list(expected.index)
            np.testing.assert_allclose(list(cells.values()), expected, rtol=1e-5, atol=1e-6)
    items, events = database.tables["items"]["on"], database.tables["events"]["at"]
    known = pd.concat([database.tables["users"]["born"], items[items <= last], events[events <= last]])
    clock = [(known - START).mean(), (known - START).std(ddof=0)]
    expected = ((events - START - clock[0]) / clock[1]).dropna()
    np.testing.assert_allclose(list(cells_of(data, "events", "at").values()), expected, rtol=1e-5, atol=1e-6)


def test_later_rows_change_no_statistics():
    database, changed = random_database(5), random_database(5)
    events = changed.tables["events"]
    is_later = (events["at"] > VAL) | events["at"].isna()
    events.loc[is_later, "number"] *= 1000
    events.loc[is_later, "flag"] = True
    events.loc[is_later, "word"] = "new"
    first, second = (relational_data(given, vocabulary=Vocabulary(), val_timestamp=VAL) for given in (database, changed))
    assert is_later.sum() > 10 and first.columns == second.columns
    values = [np.array(list(cells_of(data, "events", "number").values())) for data in (first, second)]
    assert (values[0] == values[1])[~is_later].all() and (values[0] != values[1])[is_later].any()


def test_a_cell_far_off_counts_as_a_million_deviations():
    frame = pd.DataFrame({"at": START + np.arange(3) * 30 * DAY, "x": [-1.0, 1.0, 1e300]})
    data = relational_data(
        observed({"t": frame}, {"t": {"time_col": "at"}}), vocabulary=Vocabulary(), val_timestamp=START + 30 * DAY
    )
    assert cells_of(data, "t", "x") == {0: -1, 1: 1, 2: 1e6}


def test_constant_columns_and_missing_cells_are_left_out():
    frame = pd.DataFrame(
        {
            "at": START + np.arange(6) * 20 * DAY,
            "constant": [1, 1, 1, 1, 1, 2],  # in the training split, up to row 3
            "word": ["a", "a", "a", None, "b", "c"],
            "nothing": np.nan,
            "x": [1.0, np.nan, 3.0, np.inf, 5.0, -np.inf],
        }
    )
    data = relational_data(observed({"t": frame}, {"t": {"time_col": "at"}}), vocabulary=Vocabulary(), val_timestamp=VAL)
    assert [column.name for column in data.columns] == ["at", "x"]
    assert list(cells_of(data, "t", "x")) == [0, 2, 4]
    with pytest.raises(DatabaseError, match="t.constant is no column of cells"):
        data.column("t", "constant")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val_timestamp": None}, "give val_timestamp"),
        ({"until": "later"}, "until must be"),
        ({"frame": {"x": [1e308, -1e308, 1e308]}}, "u.x: its numbers are too large"),
        ({"frame": {"of": [np.array([1]), None, None]}}, "u.of has values that are no keys"),
        ({"parent": [0, 0, 1]}, "t.id, in which a value occurs twice"),
        ({"fkeys": {"of": "nowhere"}}, "u.of refers to nowhere, which is no table"),
    ],
)
def test_a_mistake_is_an_error_that_says_where(change, message):
    frames = {
        "t": pd.DataFrame({"id": change.get("parent", [0, 1, 2])}),
        "u": pd.DataFrame({"of": [0, 1, 2], "x": [1.0, 2.0, 3.0]} | change.get("frame", {})),
    }
    given = {"val_timestamp": VAL, "until": None} | {key: change[key] for key in ("val_timestamp", "until") if key in change}
    database = observed(frames, {"t": {"pkey": "id"}, "u": {"fkeys": change.get("fkeys", {"of": "t"})}})
    with pytest.raises(DatabaseError, match=message):
        relational_data(database, vocabulary=Vocabulary(), **given)


def test_without_a_folder_or_tables_there_is_an_error(tmp_path):
    with pytest.raises(DatabaseError, match="small has no tables"):
        relational_data(observed({}, {}), vocabulary=Vocabulary(), val_timestamp=VAL)
    with pytest.raises(DatabaseError, match="no such file"):
        relational_data(tmp_path, vocabulary=Vocabulary())
