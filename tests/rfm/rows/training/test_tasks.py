"""Tasks of databases."""

import numpy as np
import pytest
from scipy import stats

from plurel_prob.rfm.rows.training.relabel import FUNCTIONS, cut_up, relabelled
from plurel_prob.rfm.rows.training.tasks import AUTOCOMPLETE, FORECAST, MIN_ROW, TaskRows, tasks_of
from tests.rfm.rows.training.shops import Shops


@pytest.fixture(scope="module")
def tasks() -> list[TaskRows]:
    return [task for i in range(3) for task in tasks_of(Shops().tables(i), 8, 800, np.random.default_rng(i))]


def test_there_are_tasks_of_both_kinds(tasks):
    assert len(tasks) == 24
    assert {task.source for task in tasks} == {AUTOCOMPLETE, FORECAST}
    assert {task.kind for task in tasks} == {"binary", "number", "classes"}
    for task in tasks:
        assert MIN_ROW <= len(task.y) == len(task.x) <= 800
        assert np.isfinite(task.y).all() and not np.isinf(task.x).any() and len(np.unique(task.y)) > 1
        assert 0 <= task.n_before < len(task.y)
    assert {task.n_before > 0 for task in tasks} == {True, False}


def test_no_feature_tells_the_label(tasks):
    """All columns are noise but for copies, which must be hidden: ranks of 250 rows and more correlate by less than 0.35, of all
    tasks and features with a probability of more than 0.9999; a leak would by 0.7 or more."""
    for task in (task for task in tasks if len(task.y) >= 250):
        for feature in task.x.T:
            there = ~np.isnan(feature)
            if there.sum() >= 250 and len(np.unique(feature[there])) > 1 and len(np.unique(task.y[there])) > 1:
                assert abs(stats.spearmanr(feature[there], task.y[there]).statistic) < 0.35


def test_random_labels_depend_on_features():
    """Each function is one of the features: rows of the same features have the same value, and values vary."""
    rng = np.random.default_rng(0)
    z = np.tile(rng.normal(size=(100, 5)), (2, 1))
    for function in FUNCTIONS:
        value = function(z, rng)
        np.testing.assert_allclose(value[:100], value[100:], atol=1e-9)
        assert np.isfinite(value).all()


def test_random_labels_are_of_their_kind():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 8)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = np.nan
    kinds = set()
    for _ in range(60):
        has_classes = bool(rng.random() < 0.3)
        kind, y, added = relabelled(x, has_classes, rng)
        kinds.add(kind)
        assert (kind == "classes") == has_classes and np.isfinite(y).all() and added.shape[1] in (0, 2)
        assert kind == "number" or set(np.unique(y)) <= set(range(10 if has_classes else 2))
    assert kinds == {"binary", "number", "classes"}


def test_cuts():
    kind, y = cut_up(np.arange(100.0), False, np.random.default_rng(0))
    assert kind == "binary" and (np.diff(y) >= 0).all()
