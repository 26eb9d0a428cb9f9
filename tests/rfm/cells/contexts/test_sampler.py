"""Batches: functions of databases, targets and seed, whatever else is drawn with them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from plurel_prob import DatabaseError
from plurel_prob.rfm.cells.contexts import (
    BOOLEAN,
    NUMBER,
    Batch,
    ContextSampler,
    Targets,
    Vocabulary,
    pretraining_targets,
    relational_data,
)
from tests.rfm.cells.contexts.databases import VAL, observed, random_database
from tests.rfm.cells.contexts.plain import Draws

FAILURE_RATE = 1e-5


@pytest.fixture(scope="module")
def databases():
    vocabulary = Vocabulary()
    return [relational_data(random_database(seed), vocabulary=vocabulary, until=VAL, val_timestamp=VAL) for seed in range(3)]


@pytest.fixture(scope="module")
def sampler(databases):
    return ContextSampler(databases, 64)


def equal(first: Batch, second: Batch) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def part(batch: Batch, contexts) -> Batch:
    return Batch(*(array[contexts] for array in batch))


def test_batch_size_order_and_threads_change_nothing(databases, sampler):
    every = [pretraining_targets(data, i) for i, data in enumerate(databases)]
    targets = Targets(*(np.concatenate(parts) for parts in zip(*every, strict=True)))
    idx = np.random.default_rng(0).permutation(len(targets.row))[:60]
    whole = sampler.batch(targets, idx, 7)
    assert len(np.unique(targets.database[idx])) == 3
    assert equal(part(whole, np.arange(60)[::-1]), sampler.batch(targets, idx[::-1], 7))
    with ThreadPoolExecutor(2) as threads:
        parts = threads.map(lambda i: sampler.batch(targets, idx[i : i + 20], 7), range(0, 60, 20))
        assert all(equal(part(whole, slice(20 * i, 20 * i + 20)), piece) for i, piece in enumerate(parts))
    assert not equal(whole, sampler.batch(targets, idx, 8))


def test_a_run_goes_on_where_it_was(databases, sampler):
    first = [sampler.pretraining_batch(3, k, 8) for k in range(4)]
    again = ContextSampler(databases, 64)
    assert equal(first[3], again.pretraining_batch(3, 3, 8)) and not equal(first[3], first[2])
    doubled = again.pretraining_batch(3, 1, 16)
    assert equal(part(doubled, slice(0, 8)), first[2]) and equal(part(doubled, slice(8, 16)), first[3])


def test_a_batch_has_the_contexts_of_its_targets(sampler, databases):
    targets, batch = sampler.draw_targets(3, 1, 32), sampler.pretraining_batch(3, 1, 32)
    for i, (database, row, column) in enumerate(zip(*targets, strict=True)):
        graph = databases[database].graph
        cell = graph.cell_start[row] + np.flatnonzero(
            graph.cell_column[graph.cell_start[row] : graph.cell_start[row + 1]] == column
        )
        value = graph.value[cell[0]] * graph.std[column] + graph.mean[column]
        assert np.isclose(batch.target[i] * batch.std[i] + batch.mean[i], value, rtol=1e-4, atol=1e-5)
        assert (batch.kind[i, 0], batch.column[i, 0], batch.row[i, 0], batch.value[i, 0]) == (graph.kind[column], column, 0, 0)
        assert batch.kind[i, 0] in (NUMBER, BOOLEAN) and (batch.kind[i, 0] == NUMBER or batch.target[i] in (0, 1))


def test_targets_of_pretraining_are_drawn_as_the_law_says(sampler, databases):
    drawn = sampler.draw_targets(11, 2, 500)
    for i, target in enumerate(zip(*drawn, strict=True)):
        draws = Draws(11, 1000 + i, first=0)
        database = draws.below(3)
        columns = list(databases[database].target_rows.items())
        column, rows = columns[draws.below(len(columns))]
        assert target == (database, rows[draws.below(len(rows))], column)
    many = sampler.draw_targets(0, 0, 6000)
    assert chisquare(np.bincount(many.database)).pvalue > FAILURE_RATE
    for i, data in enumerate(databases):
        column = many.column[many.database == i]
        assert (
            set(column) == set(data.target_rows) and chisquare(np.bincount(column)[list(data.target_rows)]).pvalue > FAILURE_RATE
        )


def test_targets_of_pretraining_are_known_numbers_that_vary(databases):
    for seed, data in enumerate(databases):
        database, targets = random_database(seed), pretraining_targets(data, 5)
        found = set(zip(targets.row.tolist(), targets.column.tolist(), strict=True))
        assert len(found) == len(targets.row) and (targets.database == 5).all()
        expected = set()
        for table, frame in database.tables.items():
            time_col = database.schema.tables[table].time_col
            known = frame if time_col is None else frame[frame[time_col] <= VAL]
            for name in {"number", "weight", "flag"} & set(frame):
                cells = known[name].dropna()
                if len(cells) >= 10 and cells.nunique() > 1:
                    column, start = data.column(table, name), data.table_start[table]
                    expected |= {(start + int(row), column) for row in cells.index}
        assert found == expected


def test_slots_are_a_power_of_two_or_as_given(databases):
    targets = pretraining_targets(databases[0])
    assert ContextSampler(databases, 8).batch(targets, np.arange(2), 0).parent.shape == (2, 8, 4)
    assert ContextSampler(databases, 8, n_slot=6).batch(targets, np.arange(2), 0).parent.shape == (2, 8, 6)
    wide = {f"key_{k}": np.arange(12) for k in range(5)}
    frames = {"t": pd.DataFrame({"id": np.arange(12), **wide, "x": np.arange(12.0)})}
    keys = {"t": {"pkey": "id", "fkeys": dict.fromkeys(wide, "t")}}
    data = relational_data(observed(frames, keys), vocabulary=Vocabulary(), val_timestamp=VAL)
    assert ContextSampler([*databases, data]).n_slot == 8
    batch = ContextSampler([data], 3).batch(pretraining_targets(data), np.arange(12), 0)
    assert (batch.parent[:, 0, :5] == 0).all() and (batch.row[:, 1:] == -1).all()  # every row refers to itself only


def test_mistakes_are_errors(databases):
    targets = pretraining_targets(databases[0])._replace(column=np.zeros_like(pretraining_targets(databases[0]).row))
    with pytest.raises(DatabaseError, match="small: row .* has no value of column 0"):
        ContextSampler(databases).batch(targets, np.arange(len(targets.row)), 0)
    with pytest.raises(DatabaseError, match="n_slot must be at least 4"):
        ContextSampler(databases, n_slot=2)
    with pytest.raises(DatabaseError, match="contexts need a database, a place"):
        ContextSampler([])
    texts = observed({"t": pd.DataFrame({"word": ["a", "b"] * 10})}, {})
    with pytest.raises(DatabaseError, match="no database has a column"):
        ContextSampler([relational_data(texts, vocabulary=Vocabulary(), val_timestamp=VAL)]).draw_targets(0, 0, 1)
