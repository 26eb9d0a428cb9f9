"""Baselines: the rules once more in loops, and what they must not know."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from plurel_prob import DatabaseError
from plurel_prob.rfm.evaluation.baselines import BASELINES, boosted_trees, history, mean
from tests.rfm.rows.features.shop import DAY, TEST, label_frame, load, read_tables, shop, write_tables

SECOND = pd.Timedelta(seconds=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("baselines") / "shop")


def known(task, split):
    parts = ["train", "val"] if split == "val" else ["train", "val", "test"]
    return pd.concat([label_frame(task, part) for part in parts])


def test_registry():
    assert list(BASELINES.items()) == [("mean", mean), ("history", history), ("LightGBM", boosted_trees)]


@pytest.mark.parametrize("name", ["spend", "buys", "amount"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_mean_is_of_training_labels(folder, name, split):
    task = load(folder, name)
    label = label_frame(task, "train")[task.loaded.target_col].astype(float)
    prediction = mean(task, split)
    assert len(prediction) == len(label_frame(task, split))
    np.testing.assert_allclose(prediction, sum(label) / len(label))


@pytest.mark.parametrize("name", ["spend", "buys"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_history_of_an_entity(folder, name, split):
    task = load(folder, name)
    overall = label_frame(task, "train")[name].mean()
    labels = list(zip(*(known(task, split)[column] for column in ("user", "on", name)), strict=True))
    expected = []
    for row in label_frame(task, split).itertuples():
        own = [label for user, on, label in labels if user == row.user and on + 7 * DAY <= row.on]
        expected.append((overall + sum(own)) / (1 + len(own)))
    np.testing.assert_allclose(history(task, split), expected)
    assert len(set(expected)) > 20


def completed(rows, labels, overall, key):
    """Shrunk means of earlier labels of the same parent."""
    earlier = [label for label in zip(labels[key], labels["at"] + SECOND, labels["amount"], strict=True) if pd.notna(label[0])]
    found = []
    for parent, time in zip(rows[key], rows["at"], strict=True):
        same = [amount for other, at, amount in earlier if pd.notna(parent) and other == parent and at <= time]
        found.append((overall + sum(same)) / (1 + len(same)))
    return np.array(found)


@pytest.mark.parametrize("split", ["val", "test"])
def test_history_of_a_parent_where_a_column_is_completed(folder, split):
    task, keys = load(folder, "amount"), read_tables(folder)["orders"][["order", "user", "shop"]]
    train, labels, rows = (
        frame.merge(keys, on="order", how="left")
        for frame in (label_frame(task, "train"), known(task, split), label_frame(task, split))
    )
    overall = train["amount"].mean()
    errors = {key: np.square(completed(train, train, overall, key) - train["amount"]).mean() for key in ("user", "shop")}
    assert errors["shop"] < errors["user"]  # as the amount depends on the shop
    np.testing.assert_allclose(history(task, split), completed(rows, labels, overall, "shop"))


@pytest.mark.parametrize("split", ["val", "test"])
def test_trees_learn_what_can_be_learned(folder, split):
    label = label_frame(load(folder, "buys"), split)["buys"]
    prediction = boosted_trees(load(folder, "buys"), split)
    assert ((prediction > 0) & (prediction < 1)).all()
    assert roc_auc_score(label, prediction) > 0.9
    for name in ("spend", "amount"):
        task = load(folder, name)
        label = label_frame(task, split)[task.loaded.target_col].to_numpy()
        error, error_of_mean = (np.abs(baseline(task, split) - label).mean() for baseline in (boosted_trees, mean))
        assert error < 0.6 * error_of_mean


def test_trees_do_not_learn_noise(folder):
    task = load(folder, "hard")
    label = label_frame(task, "val")["hard"].to_numpy()
    error, error_of_mean = (np.abs(baseline(task, "val") - label).mean() for baseline in (boosted_trees, mean))
    assert 0.95 * error_of_mean < error < 1.1 * error_of_mean


@pytest.mark.parametrize("name", ["spend", "amount"])
def test_predictions_do_not_depend_on_what_is_later(folder, tmp_path, name):
    """Validation rows end before the test timestamp: nothing after it, no label of a window that ends after it, has a part."""
    other = shop(tmp_path / "shop")
    frames = read_tables(other)
    is_later = frames["orders"]["at"] > TEST
    frames["orders"].loc[is_later, ["amount", "cents", "weight"]] = 1e6
    frames["orders"].loc[is_later, "user"] = 3
    frames["orders"].loc[is_later, "gift"] = True
    frames["lines"].loc[is_later.to_numpy()[frames["lines"]["order"]], "price"] = -1e6
    write_tables(other, frames)
    for task in ("spend", "buys", "hard"):
        for split in ("val", "test"):
            path = other / "tasks" / task / f"{split}.parquet"
            labels = pd.read_parquet(path)
            is_unknown = labels["on"] + 7 * DAY > TEST
            labels.assign(**{task: labels[task].mask(is_unknown, 1 - labels[task])}).to_parquet(path, index=False)
    for baseline in BASELINES.values():
        np.testing.assert_array_equal(baseline(load(folder, name), "val"), baseline(load(other, name), "val"))


def test_test_predictions_of_the_frozen_regime_know_nothing_after_the_test_timestamp(folder, tmp_path):
    other = shop(tmp_path / "shop")
    frames = read_tables(other)
    is_later = frames["orders"]["at"] > TEST
    frames["orders"].loc[is_later, ["amount", "weight"]] = 1e6
    write_tables(other, frames)
    path = other / "tasks" / "spend" / "test.parquet"
    labels = pd.read_parquet(path)
    labels.assign(spend=-labels["spend"]).to_parquet(path, index=False)
    before, after = (load(path, "spend") for path in (folder, other))
    for baseline in (history, boosted_trees):
        np.testing.assert_array_equal(baseline(before, "test", "frozen"), baseline(after, "test", "frozen"))
        assert (baseline(before, "test") != baseline(after, "test")).any()


def test_errors_name_what_is_wrong(folder, tmp_path):
    task = load(folder, "spend")
    for baseline in (history, boosted_trees):
        with pytest.raises(DatabaseError, match="split must be val or test, got 'train'"):
            baseline(task, "train")
    other = shop(tmp_path / "shop")
    train = other / "tasks" / "spend" / "train.parquet"
    labels = pd.read_parquet(train)
    broken = {
        "label of user 99, but users has 30 rows": labels.assign(user=99),
        "no training labels": labels.assign(spend=np.nan),
        "Could not convert 'much' to numeric": labels.assign(spend="much"),
        "on of the train split has rows without a time": labels.assign(on=labels["on"].mask(labels["user"] == 2)),
    }
    for message, frame in broken.items():
        frame.to_parquet(train, index=False)
        with pytest.raises(DatabaseError, match=re.escape(message)):
            load(other, "spend")
        labels.to_parquet(train, index=False)
