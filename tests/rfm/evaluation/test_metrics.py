"""Metrics: those of RelBench and scikit-learn on rows that occur as often as their weights say; intervals hold the truth."""

import numpy as np
import pytest
from relbench.metrics import make_nmae
from scipy.stats import binom
from sklearn.metrics import log_loss, mean_pinball_loss, r2_score, roc_auc_score

from plurel_prob.rfm.evaluation.metrics import MIN_CHANCE, auroc, bootstrap, figures
from plurel_prob.rfm.evaluation.problem import Prediction
from plurel_prob.rfm.rows.learner.laws import LEVELS


def repeated(weights, *arrays):
    return [np.repeat(array, weights.astype(int), 0) for array in arrays]


@pytest.mark.parametrize("seed", range(3))
def test_binary_metrics(seed):
    rng = np.random.default_rng(seed)
    label, score = rng.integers(0, 2, 60).astype(float), np.round(rng.random(60), 1)  # with ties, 0 and 1
    weights = bootstrap(rng.integers(0, 20, 60), seed)[:4]
    found = auroc(label, score, weights)
    for value, weight in zip(found, weights, strict=True):
        np.testing.assert_allclose(value, roc_auc_score(*repeated(weight, label, score)))
    of = figures("binary", label, Prediction(score), 1.0, weights)
    assert set(of) == {"AUROC", "log loss"} and of["AUROC"].value == pytest.approx(found[0])
    np.testing.assert_allclose(of["log loss"].value, log_loss(label, np.clip(score, MIN_CHANCE, 1 - MIN_CHANCE)))


@pytest.mark.parametrize("seed", range(3))
def test_metrics_of_numbers(seed):
    rng = np.random.default_rng(seed)
    label = rng.normal(1e3, 1, 60)
    mean, median, quantiles = label + rng.normal(size=60), label + rng.normal(size=60), np.sort(rng.normal(1e3, 1, (60, 19)), 1)
    for weight in bootstrap(rng.integers(0, 20, 60), seed)[:3]:
        found = figures("number", label, Prediction(mean, median, quantiles), 2.5, weight[None])
        y, p, m, q = repeated(weight, label, mean, median, quantiles)
        assert found["R2"].value == pytest.approx(r2_score(y, p))
        assert found["NMAE"].value == pytest.approx(make_nmae(lambda: 2.5)(y, m))
        losses = [mean_pinball_loss(y, q[:, i], alpha=level) for i, level in enumerate(LEVELS)]
        assert found["pinball"].value == pytest.approx(np.mean(losses) / 2.5)
        for percent in (50, 80, 90):
            low, high = (np.argmin(np.abs(LEVELS - level)) for level in (0.5 - percent / 200, 0.5 + percent / 200))
            inside = (q[:, low] <= y) & (y <= q[:, high])
            assert found[f"coverage {percent} %"].value == pytest.approx(inside.mean())
    assert set(figures("number", label, Prediction(mean), 1.0, weight[None])) == {"NMAE", "R2"}


def test_samples_have_all_rows_of_an_entity_or_none():
    entity = np.array([7, 3, 3, -1, 7, 9])
    weights = bootstrap(entity)
    assert (weights[0] == 1).all() and len(weights) == 501
    for group in np.unique(entity):
        of_group = weights[:, entity == group]
        assert (of_group == of_group[:, :1]).all()
    assert (weights[1:, [0, 1, 3, 5]].sum(1) == 4).all()
    assert abs(weights[1:].mean() - 1) < 0.1  # 4.5 standard errors


def test_intervals_hold_the_truth():
    """Over entities few enough of 200 intervals of a mean miss it, p > 1e-4; not so over rows, which are alike."""
    rng, missed = np.random.default_rng(0), {True: 0, False: 0}
    for _ in range(200):
        entity = np.repeat(np.arange(60), 5)
        label = np.repeat(rng.normal(size=60), 5)
        for whole in missed:
            figure = figures("number", label, Prediction(np.full(300, -1.0)), 1.0, bootstrap(entity if whole else np.arange(300)))
            low, high = figure["NMAE"].low, figure["NMAE"].high
            missed[whole] += not low <= np.mean(np.abs(rng.normal(size=100_000) + 1)) <= high
    assert binom.sf(missed[True] - 1, 200, 0.07) > 1e-4
    assert binom.sf(missed[False] - 1, 200, 0.07) < 1e-4


def test_metrics_that_are_not_defined_are_missing():
    of_one_class = figures("binary", np.ones(5), Prediction(np.full(5, 0.5)), 1.0, bootstrap(np.arange(5)))
    assert np.isnan(of_one_class["AUROC"]).all() and of_one_class["log loss"].value == pytest.approx(np.log(2))
    assert np.isnan(figures("number", np.ones(5), Prediction(np.zeros(5)), 1.0, bootstrap(np.arange(5)))["R2"].value)
