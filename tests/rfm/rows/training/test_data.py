"""Batches."""

import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.network import CLASSES, NUMBER
from plurel_prob.rfm.rows.training import Recipe, RowData
from plurel_prob.rfm.rows.training.tasks import TaskRows
from tests.rfm.rows.training.shops import Shops

RECIPE = Recipe(n_row=80, n_feature=6, classes=0.3, tasks_per_database=4)


@pytest.fixture(scope="module", autouse=True)
def few_databases():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plurel_prob.rfm.rows.training.data.N_DATABASE", 4)
        yield


def arrays(tasks):
    return [*tasks.batch, tasks.source]


def test_a_batch_is_a_function_of_its_number():
    one, other = RowData(Shops(), RECIPE), RowData(Shops(), RECIPE)
    expected = [one.batch(3, k, 8) for k in range(4)]
    for k in (3, 1):
        for array, again in zip(arrays(expected[k]), arrays(other.batch(3, k, 8)), strict=True):
            np.testing.assert_array_equal(array, again)
    assert not np.array_equal(expected[0].batch.context_y, one.batch(4, 0, 8).batch.context_y)


def test_databases_make_way_for_the_next():
    made = []

    def make(seed, i):
        made.append(i)
        return RowData(Shops(), RECIPE).tasks(seed, i)

    data = RowData(Shops(), RECIPE, make)
    for k in range(3):
        data.batch(0, k, 8)
    assert made == [*range(4 + 4)] == [*range(data.n_database(3, 8))]


def test_labels_are_as_the_network_takes_them():
    data, kinds = RowData(Shops(), RECIPE), set()
    for k in range(8):
        batch = data.batch(0, k, 8).batch
        assert batch.context_x.shape == (8, 60, 6) and batch.query_x.shape == (8, 20, 6)
        kind = batch.kind
        kinds |= {(kind == CLASSES).any(), (kind != CLASSES).any()}
        assert (kind == CLASSES).all() or not (kind == CLASSES).any()
        for i in range(8):
            context, query = (y[i, np.isfinite(y[i])] for y in (batch.context_y, batch.query_y))
            assert 8 <= len(context) <= 60 and 1 <= len(query) <= 20
            assert np.isnan(batch.context_x[i, len(context) :]).all() or kind[i] == CLASSES
            if kind[i] == NUMBER:
                np.testing.assert_allclose([context.mean(), context.std()], [0, 1], atol=1e-4)
            else:
                assert set(query) <= set(context) | {0.0, 1.0} and len(np.unique(context)) > 1
                assert set(context) == set(range(len(np.unique(context))))
    assert kinds == {True, False}


def test_databases_without_tasks_are_refused():
    with pytest.raises(DatabaseError, match="no task"):
        RowData(Shops(n_order=20), RECIPE).batch(0, 0, 2)


def test_tasks_whose_features_do_not_vary_among_the_rows_of_a_batch_are_left_out():
    """One row of thousands has another value: few samples of rows see it."""
    x = np.zeros((5000, 2), np.float32)
    x[0] = 1.0
    rare = TaskRows("forecast", "number", x, np.arange(5000, dtype=np.float32), 0)
    data = RowData(Shops(), RECIPE, lambda seed, i: [rare, *RowData(Shops(), RECIPE).tasks(seed, i)])
    for k in range(3):
        assert (np.isfinite(data.batch(0, k, 8).batch.context_x).any((1, 2))).all()
