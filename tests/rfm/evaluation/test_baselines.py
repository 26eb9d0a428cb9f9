"""Baselines: the rules once more in loops, and what they must not know."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from plurel_prob import DatabaseError
from plurel_prob.rfm.evaluation.baselines import boosting, ridge
from plurel_prob.rfm.evaluation.contexts import averaged, contexts_of
from plurel_prob.rfm.evaluation.methods import BASELINES
from plurel_prob.rfm.evaluation.problem import Prediction, Problem
from plurel_prob.rfm.rows.learner import networks
from plurel_prob.rfm.rows.learner.laws import LEVELS, Labelled
from tests.rfm.rows.features.shop import DAY, TEST, label_frame, load, read_tables, shop, write_tables

SECOND = pd.Timedelta(seconds=1)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(boosting, "MAX_ROUND", 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("baselines") / "shop")


def known(task, split):
    parts = ["train", "val"] if split == "val" else ["train", "val", "test"]
    return pd.concat([label_frame(task, part) for part in parts])


def predicted(name, task, split, regime="rolling"):
    return BASELINES[name](Problem(task, split, regime)).mean


@pytest.mark.parametrize("name", ["spend", "buys", "amount"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_mean_is_of_training_labels(folder, name, split):
    task = load(folder, name)
    label = label_frame(task, "train")[task.loaded.target_col].astype(float)
    found = BASELINES["mean"](Problem(task, split, "rolling"))
    assert len(found.mean) == len(label_frame(task, split))
    np.testing.assert_allclose(found.mean, sum(label) / len(label))
    if name != "buys":
        share = (label.to_numpy()[:, None] <= found.quantiles[0]).mean(0)
        assert (np.abs(share - LEVELS) <= 1 / len(label)).all() and (found.median == label.median()).all()


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
    np.testing.assert_allclose(predicted("history", task, split), expected)
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
    np.testing.assert_allclose(predicted("history", task, split), completed(rows, labels, overall, "shop"))


@pytest.mark.parametrize("method", ["ridge", "lightgbm", "lightgbm_context"])
def test_what_can_be_learned_is_learned_and_noise_is_not(folder, method):
    task = load(folder, "buys")
    prediction = predicted(method, task, "test")
    assert roc_auc_score(label_frame(task, "test")["buys"], prediction) > 0.9
    assert method == "ridge" or ((prediction > 0) & (prediction < 1)).all()
    for name, least, most in (("spend", 0.0, 0.6), ("amount", 0.0, 0.6), ("hard", 0.95, 1.1)):
        task = load(folder, name)
        label, found = task.labels["test"].value, BASELINES[method](Problem(task, "test", "rolling"))
        point = found.mean if found.median is None else found.median
        error, error_of_mean = np.abs(point - label).mean(), np.abs(predicted("mean", task, "test") - label).mean()
        assert least * error_of_mean < error < most * error_of_mean, name


def test_ridge_is_the_closed_form_with_the_best_penalty_of_rows_left_out():
    rng = np.random.default_rng(0)
    x, query = rng.normal(size=(30, 4)), rng.normal(size=(5, 4))
    y = x[:, 0] + 0.5 * rng.normal(size=30)
    x[3, 1] = query[2, 1] = np.nan
    x[:, 3] = query[:, 3] = 7.0  # says nothing
    labelled = Labelled(x.astype(np.float32), y, np.arange(30), "number")
    found = ridge(labelled, query.astype(np.float32), [0.5, 20.0]).mean

    def fit(rows, alpha, of):
        mean, std = np.nanmean(x[:, :3], 0), np.nanstd(x[:, :3], 0)
        design = [
            np.column_stack([np.nan_to_num(np.clip((part[:, :3] - mean) / std, -3, 3)), np.isnan(part[:, 1])])
            for part in (x, query)
        ]
        center, target = design[0][rows].mean(0), y[rows] - y[rows].mean()
        chosen = design[0][rows] - center
        slope = np.linalg.solve(chosen.T @ chosen + alpha * np.eye(4), chosen.T @ target)
        return y[rows].mean() + (design[of] - center) @ slope

    def error(alpha):
        return np.mean([(y[i] - fit(np.delete(np.arange(30), i), alpha, 0)[i]) ** 2 for i in range(30)])

    alpha = min([0.5, 20.0], key=error)
    np.testing.assert_allclose(found, fit(np.arange(30), alpha, 1), rtol=1e-5)


def test_contexts_are_those_of_the_learner(monkeypatch):
    rng = np.random.default_rng(0)
    labelled = Labelled(
        rng.normal(size=(900, 2)).astype(np.float32), (rng.random(900) < 0.1).astype(float), np.arange(900), "binary"
    )
    drawn, sample_rows = [], networks.sample_rows
    monkeypatch.setattr(networks, "sample_rows", lambda *of, **how: drawn.append(sample_rows(*of, **how)) or drawn[-1])
    network = SimpleNamespace(encode=lambda *of: None)
    networks.InContext(network, 8, 800, 128, 0).fit(labelled)
    found = contexts_of(labelled)
    assert len(found) == len(drawn) == 8
    for rows, others in zip(found, drawn, strict=True):
        np.testing.assert_array_equal(rows, others)
    assert len(contexts_of(labelled.of(np.arange(800)))) == 1


def test_predictions_by_contexts_with_more_of_a_rare_class_are_of_all_rows():
    """A method that says the rate of its context says that of all rows."""
    labelled = Labelled(np.zeros((3000, 1), np.float32), (np.arange(3000) % 50 == 0).astype(float), np.arange(3000), "binary")
    rates = [labelled.y[rows].mean() for rows in contexts_of(labelled)]
    assert min(rates) >= 0.03
    found = averaged(lambda part, query: Prediction(np.full(len(query), part.y.mean())), labelled, labelled.x[:3])
    np.testing.assert_allclose(found.mean, 0.02)


def test_a_sample_of_rows_has_the_predictions_of_all_rows(folder):
    task = load(folder, "spend")
    whole, part = (Problem(task, "test", "rolling", n) for n in (None, 17))
    assert len(part.rows) == 17 and (np.diff(part.idx) > 0).all()
    np.testing.assert_allclose(BASELINES["lightgbm"](part).mean, BASELINES["lightgbm"](whole).mean[part.idx])


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
    for method in BASELINES:
        before, after = (predicted(method, load(path, name), "val") for path in (folder, other))
        np.testing.assert_array_equal(before, after, err_msg=method)


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
    for method in ("history", "ridge", "lightgbm"):
        frozen, rolling = ([predicted(method, task, "test", how) for task in (before, after)] for how in ("frozen", "rolling"))
        np.testing.assert_array_equal(*frozen)
        assert (rolling[0] != rolling[1]).any()


def test_errors_name_what_is_wrong(folder, tmp_path):
    task = load(folder, "spend")
    for method in ("history", "lightgbm"):
        with pytest.raises(DatabaseError, match="split must be val or test, got 'train'"):
            predicted(method, task, "train")
    other = shop(tmp_path / "shop")
    train = other / "tasks" / "spend" / "train.parquet"
    labels = pd.read_parquet(train)
    broken = {
        "label of user 99, but users has 30 rows": labels.assign(user=99),
        "user of the train split has values that are no numbers of rows": labels.assign(user=labels["user"] + 0.5),
        "user of the train split has values that are no numbers": labels.assign(user="ann"),
        "on of the train split has values that are no times": labels.assign(on="soon"),
        "no training labels": labels.assign(spend=np.nan),
        "Could not convert 'much' to numeric": labels.assign(spend="much"),
        "on of the train split has rows without a time": labels.assign(on=labels["on"].mask(labels["user"] == 2)),
    }
    for message, frame in broken.items():
        frame.to_parquet(train, index=False)
        with pytest.raises(DatabaseError, match=re.escape(message)):
            load(other, "spend")
        labels.to_parquet(train, index=False)
    labels.drop(columns="spend").to_parquet(train.with_name("val.parquet"), index=False)
    with pytest.raises(DatabaseError, match=re.escape("val.parquet: cannot be read: there is no spend")):
        load(other, "spend")
