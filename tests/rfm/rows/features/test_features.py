"""Features of boosted trees, against loops over rows."""

import numpy as np
import pandas as pd
import pytest
from numpy import memmap

from plurel_prob import spill
from plurel_prob.databases.schema import TableSchema
from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows import features
from plurel_prob.rfm.rows.features import Labels, Question, concatenate, row_features
from plurel_prob.rfm.rows.features.log import Log
from tests.rfm.rows.features.shop import DAY, TEST, VAL, WEEK, label_frame, load, read_tables, shop, write_tables

DAY_US = 86_400_000_000
VAL_US = VAL.value // 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("features") / "shop")


def table_of(path, name, until=NEVER):
    """Features of all rows that the test split's predictions need, and these rows."""
    task = load(path, name)
    known = task.context("test")
    rows = concatenate(known, task.labels["test"])
    table = frame_of(row_features(task.tables, task.question, rows, known.later(task.question.wait), until))
    frames = [label_frame(task, split) for split in ("train", "val", "test")]
    return table, pd.concat(frames, ignore_index=True), pd.concat(frames[:2])


def frame_of(table):
    return pd.DataFrame(table.values.astype(float), columns=[*table.names])


def summary(name, seen, time, windows=(), is_share=False):
    """Aggregates of pairs of a row's time and number, in order of time."""
    numbers = [float(x) for _, x in seen if not pd.isna(x)]
    found = {f"{name} mean": mean_of(numbers), f"{name} last": numbers[-1] if numbers else np.nan}
    found |= {f"{name} last 10": mean_of(numbers[-10:])}
    for window in windows:
        inside = [float(x) for at, x in seen if at > time - window and not pd.isna(x)]
        found[f"{name} mean in {window.days} days"] = mean_of(inside)
    if is_share:
        return found
    found |= {f"{name} last 3": mean_of(numbers[-3:]), f"{name} trend": mean_of(numbers[-3:]) - mean_of(numbers)}
    found |= {f"{name} min": min(numbers, default=np.nan), f"{name} max": max(numbers, default=np.nan)}
    return found | {f"{name} std": np.std(numbers) if len(numbers) > 1 else np.nan}


def mean_of(numbers):
    return sum(numbers) / len(numbers) if numbers else np.nan


def count(name, times, time, windows=()):
    found = {f"{name} n": len(times)} | {
        f"{name} n in {window.days} days": sum(at > time - window for at in times) for window in windows
    }
    found |= {f"{name} days since": (time - max(times)) / DAY if times else np.nan}
    gap = (max(times) - min(times)) / DAY / (len(times) - 1) if len(times) > 1 else np.nan
    return found | {f"{name} days between": gap}


def pairs(frame, column):
    return list(zip(frame["at"], frame[column], strict=True))


def check(table, expected, rows):
    expected = pd.DataFrame(expected)
    assert len(expected) == len(rows) > 50
    for name in expected:
        np.testing.assert_allclose(
            table[name].iloc[rows],
            expected[name].astype("Float64").to_numpy(float, na_value=np.nan),
            err_msg=name,
            rtol=1e-6,
            atol=1e-6,
        )
        assert expected[name].nunique(dropna=False) > 1, name


def sampled(labels):
    return np.random.default_rng(0).choice(len(labels), 60, replace=False)


def test_features_of_a_forecast(folder):
    table, labels, known = table_of(folder, "spend")
    frames = read_tables(folder)
    shops, lines, users = frames["shops"], frames["lines"], frames["users"]
    orders = frames["orders"].merge(shops, on="shop", how="left").sort_values("order")
    orders["size"] = orders["size"].where(orders["opened"] <= orders["at"])
    windows, expected, rows = [WEEK, 4 * WEEK], [], sampled(labels)
    for row in labels.iloc[rows].itertuples():
        own = orders[((orders["user"] == row.user) & (orders["at"] <= row.on)).fillna(False)]
        bought = lines.merge(own, on="order")
        earlier = known[(known["user"] == row.user) & (known["on"] + WEEK <= row.on)]
        name = "users<-orders.user"
        found = count(name, list(own["at"]), row.on, windows)
        for column in ("amount", "weight", "gift"):
            found |= summary(f"{name}.{column}", pairs(own, column), row.on, windows)
        found |= summary(f"{name}.shop.size", pairs(own, "size"), row.on, windows)
        found |= {k: x for k, x in count(f"{name}<-lines.order", list(bought["at"]), row.on).items() if "between" not in k}
        further = summary(f"{name}<-lines.order.price", pairs(bought.sort_values("at", kind="stable"), "price"), row.on)
        found |= {name: x for name, x in further.items() if not name.endswith(("min", "max", "std", "trend"))}
        found |= count("known", list(earlier["on"] + WEEK), row.on, windows)
        found |= summary("known.label", list(zip(earlier["on"] + WEEK, earlier["spend"], strict=True)), row.on, windows)
        anyone = known[known["on"] + WEEK <= row.on].sort_values("on", kind="stable")
        found |= {"all known.label mean": mean_of(list(anyone["spend"])), "all known n": len(anyone)}
        found |= summary(
            f"{name}.weight missing", pairs(own.assign(weight=own["weight"].isna()), "weight"), row.on, windows, True
        )
        user = users.iloc[row.user]
        age = (row.on - user["born"]) / DAY
        colour = {level: float(i) for i, level in enumerate(users["colour"].value_counts().index)}
        found |= {"users.income": user["income"], "users.colour": colour.get(user["colour"], np.nan)}
        found |= {"users.born": age if age >= 0 else np.nan, "day of year": row.on.day_of_year - 1}
        found |= {"month": row.on.month - 1}
        expected.append(found)
    check(table, expected, rows)
    assert "users.name" in table  # few users, few names


def test_features_of_a_column_to_complete(folder):
    table, labels, known = table_of(folder, "amount")
    assert not [name for name in table if "amount" in name or "cents" in name]
    frames = read_tables(folder)
    orders, shops = frames["orders"], frames["shops"]
    keyed = known.merge(orders[["order", "shop", "user"]], on="order")
    expected, rows = [], sampled(labels)
    for order in orders.iloc[labels["order"].iloc[rows]].itertuples():
        found = {"orders.weight": order.weight, "orders.gift": order.gift}
        found |= {"weekday": order.at.weekday()}
        is_open = not pd.isna(order.shop) and shops["opened"][order.shop] <= order.at
        found |= {"->shop.size": shops["size"][order.shop] if is_open else np.nan}
        found |= {"->shop age": (order.at - shops["opened"][order.shop]) / DAY if is_open else np.nan}
        same = orders[((orders["shop"] == order.shop) & (orders["at"] <= order.at)).fillna(False)]
        found |= count("->shop<-orders.shop", list(same["at"]), order.at)
        found |= summary("->shop<-orders.shop.weight", pairs(same, "weight"), order.at)
        for key in ("shop", "user"):
            parent = getattr(order, key)
            earlier = (
                keyed[((keyed[key] == parent) & (keyed["at"] < order.at)).fillna(False)] if parent is not pd.NA else keyed[:0]
            )
            found |= {f"->{key} known n": len(earlier)}
            found |= summary(f"->{key} known.label", pairs(earlier, "amount"), order.at)
        expected.append(found)
    check(table, expected, rows)


@pytest.mark.parametrize("name", ["spend", "amount"])
def test_features_do_not_depend_on_what_is_later(folder, tmp_path, name):
    """Whatever is later than a time, in tables or labels, features up to that time are the same to the last bit."""
    cut, other = pd.Timestamp("2020-04-20"), shop(tmp_path / "shop")
    before, labels, _ = table_of(other, name)
    frames = read_tables(other)
    is_later = (frames["orders"]["at"] > cut).to_numpy()
    rng = np.random.default_rng(1)
    for column in ("amount", "weight", "user", "shop", "gift"):
        values = frames["orders"].loc[is_later, column].to_numpy()
        frames["orders"].loc[is_later, column] = rng.permutation(values)
    frames["lines"]["price"] = frames["lines"]["price"].where(~is_later[frames["lines"]["order"]], 1e9)
    frames["shops"].loc[frames["shops"]["opened"] > cut, "size"] = 1e9
    frames["users"].loc[frames["users"]["born"] > cut, "born"] += DAY
    write_tables(other, frames)
    if name == "spend":
        path = other / "tasks" / name / "val.parquet"
        stored = pd.read_parquet(path)
        stored["spend"] = stored["spend"].where(stored["on"] + WEEK <= cut, 1e9)
        stored.to_parquet(path, index=False)
    after, _, _ = table_of(other, name)
    is_up_to = (labels["on" if name == "spend" else "at"] <= cut).to_numpy()
    pd.testing.assert_frame_equal(before[is_up_to], after[is_up_to], check_exact=True)
    assert not before[~is_up_to].equals(after[~is_up_to])


def test_features_until_a_time(folder):
    """As if the timestamp were that time, but for the entity's own columns and the day of the year."""
    last = int(TEST.value // 1000)
    table, labels, _ = table_of(folder, "spend", last)
    free, _, _ = table_of(folder, "spend")
    is_up_to = (labels["on"] <= TEST).to_numpy()
    pd.testing.assert_frame_equal(table[is_up_to], free[is_up_to], check_exact=True)
    at_end = table[labels["on"] >= TEST].assign(user=labels["user"])
    around = [column for column in at_end if column.startswith(("users<-", "known"))]
    assert (at_end.groupby("user")[around].nunique(dropna=False) == 1).all(axis=None)


@pytest.mark.parametrize("seed", range(4))
def test_log_has_the_rows_of_a_parent_up_to_a_time(seed):
    rng = np.random.default_rng(seed)
    n_row, is_sorted = [(0, False), (1, False), (300, False), (300, True)][seed]
    parent, time = rng.integers(-1, 6, n_row), rng.choice([STATIC, NEVER, *range(20)], n_row)
    time = np.sort(time) if is_sorted else time
    log = Log(parent, time)
    query, at = rng.integers(-1, 8, 50), rng.integers(-2, 22, 50)
    span = log.span(query, at, [4])
    for i in range(50):
        mine = [k for k in range(n_row) if query[i] >= 0 and parent[k] == query[i] and time[k] <= at[i]]
        mine.sort(key=lambda k: (time[k], k))
        assert list(log.row[span.start[i] : span.end[i]]) == mine
        assert list(log.row[span.first[0, i] : span.end[i]]) == [k for k in mine if time[k] > at[i] - 4]
        assert list(log.time[span.start[i] : span.end[i]]) == [time[k] for k in mine]


def read(**tables):
    """Each table: its columns, the name of its column of times, and its foreign keys."""
    frames = {name: pd.DataFrame(columns) for name, (columns, _, _) in tables.items()}
    schemas = {name: TableSchema(len(frames[name]), {}, None, time, fkeys) for name, (_, time, fkeys) in tables.items()}
    return features.read_tables(frames, schemas, VAL_US)


def of_rows(tables, name, time):
    """Features of the first row, and of none, of a table, at a day; no labels are known."""
    rows = Labels(np.array([0, -1]), np.full(2, time * DAY_US), np.full(2, np.nan))
    known = Labels(*(np.zeros(0, dtype) for dtype in (int, int, float)))
    return frame_of(row_features(tables, Question(name, "number", windows=()), rows, known))


def test_texts_are_levels_or_words():
    columns = {"few": ["a", "b", "b"] * 40, "many": [f"Word {i % 60} word" for i in range(120)]}
    table = of_rows(read(only=(columns, None, {})), "only", 5)
    np.testing.assert_array_equal(table["only.few"], [1, np.nan])  # the most common one is 0
    np.testing.assert_array_equal(table["only.many same"], [2, np.nan])
    np.testing.assert_array_equal(table["only.many length"], [len("Word 0 word"), np.nan])
    assert "only.many" not in table
    words = table[[f"only.many words {i}" for i in range(4)]].iloc[0]
    assert (words.abs().sum() - 3) % 2 == 0 and words.abs().max() >= 2 and words.equals(words.round())  # one is there twice


def test_levels_that_training_rows_do_not_have_are_one():
    rows = {"kind": ["a", "a", "b", "c", "c", "c", "c"], "code": [5, 5, 7, 9, 7, 7, 7]}
    at = [pd.Timestamp("2020-01-01")] * 4 + [VAL + DAY] * 3
    for late in (["c", "d", "e"], ["e", "f", "e"]):
        columns = {"kind": rows["kind"][:4] + late, "code": rows["code"], "at": at}
        numbers = read(only=(columns, "at", {}))["only"]
        shares = [share.name for share in numbers.shares]
        assert shares == ["kind=a", "kind=b", "kind=c", "code=5", "code=7", "code=9"]
        rows_of = Labels(np.arange(7), np.full(7, 2**60), np.full(7, np.nan))
        none = Labels(*(np.zeros(0, dtype) for dtype in (int, int, float)))
        table = frame_of(row_features({"only": numbers}, Question("only", "number"), rows_of, none))
        expected = [0, 0, 1, 2] + [2.0 if level == "c" else 3.0 for level in late]
        np.testing.assert_array_equal(table["only.kind"], expected)
        np.testing.assert_array_equal(table["only.kind=c"], [0, 0, 0, 1] + [float(level == "c") for level in late])


def test_rows_are_seen_when_all_are_that_lead_to_them():
    """Of tables without times, those that they refer to; of what a row leads to, the row."""
    day = pd.Timestamp(0) + np.array([1, 9, 20]) * DAY
    tables = read(
        root=({"r": [1.0]}, None, {}),
        child=({"root": [0, 0, 0], "at": day}, "at", {"root": "root"}),
        early=({"child": [0, 1, 2], "at": day[[0, 0, 0]], "x": [1.0, 2.0, 4.0]}, "at", {"child": "child"}),
        timeless=({"child": [0, 1, 2], "root": [0, 0, 0], "y": [1.0, 2.0, 4.0]}, None, {"child": "child", "root": "root"}),
        further=({"timeless": [0, 2]}, None, {"timeless": "timeless"}),
    )
    np.testing.assert_array_equal(tables["timeless"].time, np.array([1, 9, 20]) * DAY_US)
    np.testing.assert_array_equal(tables["further"].time, np.array([1, 20]) * DAY_US)
    np.testing.assert_array_equal(tables["root"].time, [STATIC])
    table = of_rows(tables, "root", 10)
    for name in ("root<-child.root<-early.child.x", "root<-child.root<-timeless.child.y", "root<-timeless.root.y"):
        np.testing.assert_array_equal(table[f"{name} mean"], [1.5, np.nan])
    np.testing.assert_array_equal(table["root<-timeless.root<-further.timeless n"], [1, 0])


def test_of_too_many_features_those_of_the_lowest_rank_are_kept():
    wide = {f"x{i}": [1.0, 2.0] for i in range(150)}
    day = pd.Timestamp(0) + np.array([1, 2]) * DAY
    tables = read(
        root=({"own": [1.0], "name": ["a"]}, None, {}),
        child=({"root": [0, 0], "at": day, **wide}, "at", {"root": "root"}),
    )
    names = list(of_rows(tables, "root", 5))
    assert len(names) == 1000 and {"root.own", "day of year", "known.label std", "root<-child.root days between"} <= set(names)
    assert sum(name.endswith(("min", "max", "std")) and "child" in name for name in names) < 3 * 150
    assert {f"root<-child.root.x{i} last 10" for i in range(150)} <= set(names)
    assert "root<-child.root.x0 std" in names and "root<-child.root.x149 std" not in names


def test_features_of_arrays_in_files_are_the_same(folder, monkeypatch):
    expected = table_of(folder, "amount")[0]
    made = []
    monkeypatch.setattr(spill, "LARGE", 1)
    monkeypatch.setattr(spill.np, "memmap", lambda *args, **kwargs: made.append(kwargs) or memmap(*args, **kwargs))
    pd.testing.assert_frame_equal(table_of(folder, "amount")[0], expected)
    assert made
