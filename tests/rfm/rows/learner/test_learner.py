"""The learner of rows on a small database."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases import observe
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.features import Labels, Question
from plurel_prob.rfm.rows.learner import LEVELS, RowLearner, boosting, learner
from plurel_prob.rfm.rows.tasks import read_task
from tests.rfm.rows.features.shop import DAY, TEST, shop
from tests.rfm.rows.learner.stub import Ridge


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(boosting, "MAX_ROUND", 100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("learner") / "shop")


def fitted(folder, task, **settings):
    return RowLearner(Ridge(), **{"n_sample": 2, "n_context": 96} | settings).fit(folder, task)


def labels(folder, task):
    return read_task(folder, task).labels["test"].value


@pytest.mark.parametrize("members", ["network", "trees", "all"])
def test_numbers_are_predicted_with_quantiles(folder, members):
    """What a user spends is the income and a little noise, of standard deviation 0.1; incomes have 1."""
    found = fitted(folder, "spend", members=members)
    y, mean, median = labels(folder, "spend"), found.predict("test"), found.predict(point="median")
    assert len(y) == len(mean) > 50
    assert np.square(mean - y).mean() < 0.2 * y.var() and np.abs(median - y).mean() < 0.4 * y.std()
    quantiles = found.predict_quantiles()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    np.testing.assert_allclose(found.predict_quantiles([0.5])[:, 0], median)
    np.testing.assert_allclose(found.predict_quantiles([0.075, 0.01]), np.stack([quantiles[:, :2].mean(1), quantiles[:, 0]], 1))
    covered = ((quantiles[:, 1] <= y) & (y <= quantiles[:, -2])).mean()
    assert 0.65 < covered < 0.95  # 0.8, of about 100 rows of 30 users
    with pytest.raises(DatabaseError, match="numbers"):
        found.predict_proba()


def test_chances_are_predicted_and_members_are_weighed(folder):
    found = fitted(folder, "buys")
    y, chance = labels(folder, "buys"), found.predict("test")
    assert np.square(chance - y).mean() < 0.6 * y.var()
    np.testing.assert_allclose(found.predict_proba(), np.stack([1 - chance, chance], 1))
    assert found.blend_.weight.sum() == pytest.approx(1)
    alone = [fitted(folder, "buys", members=members).predict() for members in ("network", "trees")]
    low, high = np.minimum(*alone), np.maximum(*alone)
    assert ((chance > low - 0.1) & (chance < high + 0.1)).all()
    with pytest.raises(DatabaseError, match="no numbers"):
        found.predict_quantiles()


def test_a_seed_decides_and_parts_change_nothing(folder, monkeypatch):
    whole = fitted(folder, "spend", seed=3).law()
    monkeypatch.setattr(learner, "CHUNK", 17)
    parts = fitted(folder, "spend", seed=3)
    np.testing.assert_allclose(parts.law(), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(fitted(folder, "spend", seed=3).law(), parts.law())
    assert np.abs(fitted(folder, "spend", seed=4).law() - whole).max() > 1e-3


def test_rows_of_a_frame_are_those_of_the_split(folder):
    found = fitted(folder, "spend")
    frame = pd.read_parquet(folder / "tasks" / "spend" / "test.parquet")
    first = frame[frame["on"] == frame["on"].min()].drop(columns="spend")  # later ones may show labels of the split
    np.testing.assert_allclose(found.predict(first), found.predict("test")[first.index], rtol=1e-5, atol=1e-6)
    for wrong, message in [
        (first.rename(columns={"user": "customer"}), "need a column user"),
        (first.assign(user=1000), "user 1000 is no row"),
        (first.assign(user="ann"), "no numbers of rows"),
        (first.assign(on=pd.NaT), "need a time each"),
        (first.drop(columns="on"), "need a time each"),  # users have none of their own
    ]:
        with pytest.raises(DatabaseError, match=message):
            found.predict(wrong)
    with pytest.raises(DatabaseError, match="split='val'"):
        found.predict("val")


def test_a_split_is_predicted_from_those_before(folder):
    task = read_task(folder, "spend")
    found = RowLearner(Ridge(), n_sample=1, n_context=64).fit(task, split="val", regime="frozen")
    assert found.labelled_.time.max() <= task.val and len(found.predict("val")) == len(task.labels["val"])


def test_a_question_of_an_observed_database(folder):
    """Amounts of orders depend on the size of the shop; the last hundred are not known."""
    database, question = observe(folder), Question("orders", "number", "amount", hidden=frozenset({("orders", "cents")}))
    orders = database.tables["orders"]
    value = orders["amount"].to_numpy(copy=True)
    value[-100:] = np.nan
    time = orders["at"].to_numpy("datetime64[us]").astype(np.int64)
    asked = Labels(np.arange(len(orders)), time, value)
    found = RowLearner(Ridge(), n_sample=2, n_context=128).fit(database, question, asked)
    has_shop = orders["shop"].notna().to_numpy()[-100:]
    truth, predicted = orders["amount"].to_numpy()[-100:], found.predict()
    assert len(predicted) == 100
    assert np.corrcoef(truth[has_shop], predicted[has_shop])[0, 1] > 0.8
    np.testing.assert_array_equal(found.predict(orders[["order"]].tail(100)), predicted)


@pytest.mark.parametrize("n_class", [3, 12])
def test_classes(folder, n_class):
    """Of income, in equal parts: of twelve the network tells nine apart."""
    database = observe(folder)
    income = database.tables["users"]["income"]
    of_user = pd.qcut(income, n_class, labels=False).to_numpy()
    user = np.tile(np.arange(len(income)), 12)
    time = np.repeat(
        (TEST.to_datetime64() + np.arange(12) * DAY.to_timedelta64()).astype("datetime64[us]").astype(np.int64), len(income)
    )
    value = np.where(time > time[len(income) * 9], np.nan, of_user[user].astype(float))
    question = Question("users", "classes", wait=10**15)  # no label is known to a feature
    for members in ("network", "trees"):
        found = RowLearner(Ridge(), members=members, n_sample=2).fit(database, question, Labels(user, time, value))
        chance = found.predict_proba()
        assert chance.shape == (60, n_class)
        np.testing.assert_allclose(chance.sum(1), 1, rtol=1e-5)
        if n_class == 3 or members == "trees":
            assert (found.predict() == of_user[user[-60:]]).mean() > 0.5
    assert len(LEVELS) == 19


def test_what_cannot_be_learned(folder):
    database, question = observe(folder), Question("users", "number")
    some = Labels(np.arange(30), np.full(30, 10**15), np.arange(30.0))
    start = RowLearner(Ridge())
    for arguments, message in [
        ((database, question, some[np.arange(4)]), "4 labels are too few"),
        ((database, question, Labels(some.entity, some.time, np.ones(30))), "all 30 labels are 1"),
        ((database, Question("user", "number"), some), "no table user"),
        ((database, question), "Question with labels"),
        ((database, "spend"), "of a folder"),
        ((folder, "nothing"), "nothing"),
    ]:
        with pytest.raises(DatabaseError, match=message):
            start.fit(*arguments)


def test_without_lightgbm(folder, monkeypatch):
    monkeypatch.setattr(learner, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="lightgbm"):
        found = fitted(folder, "spend")
    assert [member.name for member in found.members_] == ["network"]
    with pytest.raises(DatabaseError, match="lightgbm"):
        fitted(folder, "spend", members="trees")
