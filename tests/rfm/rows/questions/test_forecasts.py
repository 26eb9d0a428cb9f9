"""Labels of forecasts, against loops over the tables."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import DAY, Labels, read_tables
from plurel_prob.rfm.rows.questions import (
    Forecast,
    default_window,
    forecast_labels,
    forecast_rows,
    last_time,
    question_of_forecast,
)

START = pd.Timestamp("2020-01-01")
N_USER, N_ORDER, LAST = 12, 150, 120


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    day = np.sort(rng.integers(0, LAST + 1, N_ORDER))  # many at one time
    amount = np.where(rng.random(N_ORDER) < 0.3, np.nan, rng.normal(size=N_ORDER))
    user = pd.array(np.where(rng.random(N_ORDER) < 0.1, -1, rng.integers(0, N_USER, N_ORDER)), dtype="Int64")
    at = (START + pd.to_timedelta(day, unit="D")).to_series(index=range(N_ORDER)).where(rng.random(N_ORDER) > 0.05)
    orders = pd.DataFrame({"id": range(N_ORDER), "user": user, "at": at, "amount": amount, "paid": rng.random(N_ORDER) < 0.6})
    users = pd.DataFrame({"id": range(N_USER), "since": START + pd.to_timedelta(np.arange(N_USER) * 3, unit="D")})
    lines = pd.DataFrame({"order": rng.integers(0, N_ORDER, 200), "price": rng.normal(size=200)})
    return {"users": users, "orders": orders, "lines": lines}


@pytest.fixture(scope="module")
def tables(frames):
    schemas = {
        "users": TableSchema(N_USER, {}, "id", "since", {}),
        "orders": TableSchema(N_ORDER, {}, "id", "at", {"user": "users"}),
        "lines": TableSchema(200, {}, None, None, {"order": "orders"}),
    }
    return read_tables(frames, schemas, 0)


def moment(day):
    return int((START + pd.Timedelta(days=day)).value // 1000)


def plain(frames, measure, column, entity, start, window):
    """Label by the definition; None where there is none."""
    end, orders = start + window, frames["orders"]
    if frames["users"]["since"][entity] > start or end > orders["at"].max():
        return None
    inside = [row for row in orders.itertuples() if row.user == entity and start < row.at <= end]
    inside.sort(key=lambda row: row.at)  # stable
    values = [getattr(row, column) for row in inside if not pd.isna(getattr(row, column))] if column else []
    answers = {
        "any": lambda: float(len(inside) > 0),
        "count": lambda: float(len(inside)),
        "mean": lambda: np.mean(values) if values else None,
        "sum": lambda: np.sum(values) if values else 0.0,
        "latest": lambda: float(values[-1]) if values else None,
        "next": lambda: (inside[0].at - start if inside else window) / pd.Timedelta(days=1),
    }
    return answers[measure]()


@pytest.mark.parametrize(
    ("measure", "column"),
    [("any", ""), ("count", ""), ("mean", "amount"), ("sum", "amount"), ("latest", "amount"), ("latest", "paid"), ("next", "")],
)
def test_labels_are_those_of_a_loop(frames, tables, measure, column):
    forecast = Forecast("users", "orders", "user", measure, column, 9 * DAY)
    days = np.arange(0, LAST, 4)
    entity, day = (part.ravel() for part in np.meshgrid(np.arange(N_USER), days))
    rows = Labels(entity, np.array([moment(d) for d in day]), np.zeros(len(day)))
    found = forecast_labels(tables, forecast, rows)
    pairs = zip(entity, day, strict=True)
    wanted = [plain(frames, measure, column, e, START + pd.Timedelta(days=d), pd.Timedelta(days=9)) for e, d in pairs]
    np.testing.assert_allclose(found.value, np.array(wanted, float), rtol=1e-12)
    assert 0.2 < np.mean(np.isnan(found.value)) < 0.9 and len(np.unique(found.value)) > 2 - (measure == "any")


def test_children_without_a_time_count_when_what_they_refer_to_is_there(frames, tables):
    forecast = Forecast("orders", "lines", "order", "sum", "price", DAY)
    at = frames["orders"]["at"]
    row = int(frames["lines"]["order"][at[frames["lines"]["order"]].notna().to_numpy()].iloc[0])
    before = Labels(np.array([row]), np.array([int(at[row].value // 1000) - 1]), np.zeros(1))
    assert np.isnan(forecast_labels(tables, forecast, before).value).all()  # the order is not there before
    assert forecast_labels(tables, forecast, before.later(1)).value == 0.0  # its lines come with it


def test_rows_are_on_a_grid_of_windows_before_a_cut_and_there(tables):
    forecast, until = Forecast("users", "orders", "user", window=7 * DAY), moment(100)
    every = forecast_rows(tables, forecast, until, 10**6, np.random.default_rng(0))
    born = tables["users"].time
    wanted = {(e, moment(d)) for d in range(93, -1, -7) for e in range(N_USER) if born[e] <= moment(d)}
    assert set(zip(every.entity, every.time, strict=True)) == wanted and len(every) == len(wanted)
    assert not np.isnan(forecast_labels(tables, forecast, every, until).value).any()
    some = forecast_rows(tables, forecast, until, 20, np.random.default_rng(1))
    assert len({*zip(some.entity, some.time, strict=True)} & wanted) == 20
    assert (np.diff(some.time) >= 0).all()


def test_the_default_window_splits_entities_in_halves(tables):
    until = last_time(tables)
    length = default_window(tables, "users", "orders", "user", until)
    forecast = Forecast("users", "orders", "user", window=length)
    rows = forecast_rows(tables, forecast, until, 10**6, np.random.default_rng(0))
    share = forecast_labels(tables, forecast, rows).value.mean()
    assert length in (3 * DAY, 7 * DAY) and 0.25 < share < 0.75


def test_the_question_of_a_forecast(tables):
    assert question_of_forecast(tables, Forecast("users", "orders", "user")).kind == "binary"
    question = question_of_forecast(tables, Forecast("users", "orders", "user", "latest", "amount", DAY))
    assert (question.kind, question.wait, question.windows) == ("number", DAY, (DAY, 4 * DAY))
    assert question_of_forecast(tables, Forecast("users", "orders", "user", "latest", "paid")).kind == "binary"


@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        (Forecast("users", "nothing", "user"), ["nothing", "orders"]),
        (Forecast("users", "orders", "buyer"), ["buyer", "user (to users)"]),
        (Forecast("orders", "orders", "user"), ["refers to orders", "user (to users)"]),
        (Forecast("users", "orders", "user", "mean"), ["mean", "amount, paid"]),
        (Forecast("users", "orders", "user", window=0), ["longer"]),
    ],
)
def test_what_is_not_there_is_refused(tables, forecast, words):
    with pytest.raises(DatabaseError) as caught:
        question_of_forecast(tables, forecast)
    assert all(word in str(caught.value) for word in words)
