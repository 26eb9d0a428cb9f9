"""Contexts against the law in plain Python, and against what must hold whatever the law is."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from plurel_prob.rfm.cells.contexts import BOOLEAN, NUMBER, TEXT, ContextSampler, Targets, Vocabulary, relational_data
from plurel_prob.rfm.cells.contexts.kernel import MAX_CHILD
from tests.rfm.cells.contexts.databases import DAY, START, TEST, VAL, observed, random_database
from tests.rfm.cells.contexts.plain import Draws, Plain

FAILURE_RATE = 1e-5


def some_targets(data, n, rng):
    """Cells with a number or a boolean, of any row."""
    graph = data.graph
    row = np.repeat(np.arange(len(graph.time)), np.diff(graph.cell_start))
    can_be = np.flatnonzero(graph.kind[graph.cell_column] <= 1)
    cell = rng.choice(can_be, min(n, len(can_be)), replace=False)
    return Targets(np.zeros(len(cell), np.int32), row[cell].astype(np.int32), graph.cell_column[cell])


def local(data, row):
    """Table and place of a row."""
    table = [name for name, start in data.table_start.items() if start <= row][-1]
    return table, int(row - data.table_start[table])


@pytest.mark.parametrize("seed", range(6))
def test_the_compiled_walk_is_the_plain_one(seed):
    rng = np.random.default_rng(seed)
    database, vocabulary = random_database(seed), Vocabulary()
    until = [None, VAL, TEST][seed % 3]
    data = relational_data(database, vocabulary=vocabulary, until=until, val_timestamp=VAL)
    plain, targets = Plain(database, VAL, until), some_targets(data, 12, rng)
    assert [(column.table, column.name) for column in data.columns] == list(plain.columns)
    for n_place in (1, 2, 37, 600):
        batch = ContextSampler([data], n_place).batch(targets, np.arange(len(targets.row)), seed)
        for i, (row, column) in enumerate(zip(targets.row, targets.column, strict=True)):
            target, name = local(data, row), data.columns[column]
            _, rows, cells = plain.context(target, (name.table, name.name), Draws(seed, i), n_place)
            check_context(batch, i, plain, data, vocabulary, rows, cells)


def check_context(batch, i, plain, data, vocabulary, rows, cells):
    n_cell, number = len(cells), {row: k for k, row in enumerate(rows)}
    assert (batch.kind[i, n_cell:] == -1).all() and (batch.kind[i, :n_cell] >= 0).all()
    assert batch.row[i, :n_cell].tolist() == [number[row] for row, _ in cells]
    assert batch.kind[i, :n_cell].tolist() == [kind for _, (_, kind, _) in cells]
    assert batch.column[i, :n_cell].tolist() == [list(plain.columns).index(column) for _, (column, *_) in cells]
    assert [vocabulary.strings[k] for k in batch.name[i, :n_cell]] == [f"{column[1]} of {column[0]}" for _, (column, *_) in cells]
    texts = [value if kind == TEXT else "" for _, (_, kind, value) in cells]
    assert [vocabulary.strings[k] for k in batch.text[i, :n_cell]] == texts
    values = [0 if kind == TEXT or not place else value for place, (_, (_, kind, value)) in enumerate(cells)]
    np.testing.assert_allclose(batch.value[i, :n_cell], values, rtol=1e-5, atol=1e-6)
    for token, (row, _) in enumerate(cells):
        parents = [number.get(parent, -1) for parent in plain.parents[row]]
        assert batch.parent[i, token].tolist() == parents + [-1] * (batch.parent.shape[2] - len(parents))
    _, (column, kind, value) = cells[0]
    _, mean, std = plain.columns[column]
    assert np.isclose(batch.target[i], value if kind == NUMBER else value * std + mean, rtol=1e-5, atol=1e-6)
    assert np.allclose([batch.mean[i], batch.std[i]], (mean, std) if kind == NUMBER else (0, 1), rtol=1e-5)
    rates = [plain.columns[column][1] if kind == BOOLEAN else 0.5 for _, (column, kind, _) in cells]
    np.testing.assert_allclose(1 / (1 + np.exp(-batch.log_odds[i, :n_cell])), rates, rtol=1e-5)
    assert all((part[i, n_cell:] == -1).all() for part in (batch.parent, batch.row, batch.column))
    assert not any(part[i, n_cell:].any() for part in (batch.value, batch.text, batch.name, batch.log_odds))


@pytest.mark.parametrize("seed", range(4))
def test_no_row_is_later_than_the_target_and_no_target_shows(seed):
    database = random_database(100 + seed)
    data = relational_data(database, vocabulary=Vocabulary(), val_timestamp=VAL)
    column = data.column("events", "number")
    events = database.tables["events"]
    row = data.target_rows[column][::20]
    targets = Targets(np.zeros(len(row), np.int32), row, np.full(len(row), column, np.int32))
    batch = ContextSampler([data], 400).batch(targets, np.arange(len(row)), seed)
    for i in range(len(row)):
        now = events["at"].iloc[row[i] - data.table_start["events"]]
        own = events["number"].iloc[row[i] - data.table_start["events"]]
        seen = set()
        for token in np.flatnonzero(batch.kind[i] == NUMBER)[1:]:
            k = batch.column[i, token]
            described = data.columns[k]
            if described.name == "number":
                value = round(batch.value[i, token] * described.std + described.mean)
                frame, schema = database.tables[described.table], database.schema.tables[described.table]
                place = int(np.flatnonzero(frame["number"] == value)[0])
                assert schema.time_col is None or frame[schema.time_col].iloc[place] <= now
                assert k != column or value != own
                assert (described.table, value) not in seen  # a row enters once
                seen.add((described.table, value))


def hub(n_child):
    """A parent with many children, which are all there is."""
    x, of = np.arange(n_child) * 1.0, np.zeros(n_child, int)
    frames = {
        "parents": pd.DataFrame({"id": [0, 1], "x": [0.0, 1.0]}),
        "children": pd.DataFrame({"of": of, "at": START + np.arange(n_child) * DAY, "x": x}),
    }
    keys = {"parents": {"pkey": "id"}, "children": {"time_col": "at", "fkeys": {"of": "parents"}}}
    return relational_data(observed(frames, keys), vocabulary=Vocabulary(), val_timestamp=START + n_child * DAY)


def entered_children(data, n_place, n_context):
    """Children that entered the contexts of the parent, in order."""
    column = data.column("parents", "x")
    targets = Targets(*(np.full(n_context, k, np.int32) for k in (0, 0, column)))
    batch = ContextSampler([data], n_place).batch(targets, np.arange(n_context), 5)
    x = data.columns[data.column("children", "x")]
    is_x = batch.column == data.column("children", "x")
    return [np.rint(value[shown] * x.std + x.mean).astype(int) for value, shown in zip(batch.value, is_x, strict=True)]


def test_children_are_a_uniform_subset_in_uniform_order():
    n_child, n_context = 150, 4000
    children = entered_children(hub(n_child), 1000, n_context)
    assert {len(np.unique(part)) for part in children} == {MAX_CHILD} == {len(part) for part in children}
    shares = np.bincount(np.concatenate(children), minlength=n_child) / (n_context * MAX_CHILD / n_child)
    spread = np.sqrt((1 - MAX_CHILD / n_child) / (n_context * MAX_CHILD / n_child))
    assert np.abs(shares - 1).max() < 5 * spread
    for place in (0, 1, 60, 127):
        at_place = np.bincount([part[place] for part in children], minlength=n_child)
        assert chisquare(at_place).pvalue > FAILURE_RATE


def test_few_children_come_in_uniform_order():
    children = entered_children(hub(3), 1000, 3000)
    orders = np.bincount([part @ np.array([9, 3, 1]) for part in children])
    assert (orders > 0).sum() == 6 and chisquare(orders[orders > 0]).pvalue > FAILURE_RATE


def test_parents_come_before_children_and_a_context_may_end():
    frames = {
        "top": pd.DataFrame({"id": [0, 1], "x": [0.0, 1.0]}),
        "middle": pd.DataFrame({"id": [0, 1], "up": [0, 1], "x": [2.0, 3.0]}),
        "low": pd.DataFrame({"id": [0, 1, 2], "up": [0, 0, 7], "x": [4.0, 5.0, 6.0]}),  # 7 is no row
        "base": pd.DataFrame({"up": [0, 0, 1], "x": [7.0, 8.0, 9.0]}),
    }
    keys = {
        "top": {"pkey": "id"},
        "middle": {"pkey": "id", "fkeys": {"up": "top"}},
        "low": {"pkey": "id", "fkeys": {"up": "middle"}},
        "base": {"fkeys": {"up": "low"}},
    }
    data = relational_data(observed(frames, keys), vocabulary=Vocabulary(), val_timestamp=VAL)
    column = data.column("low", "x")
    start = data.table_start["low"]
    targets = Targets(np.zeros(2, np.int32), np.array([start, start + 2], np.int32), np.full(2, column, np.int32))
    batch = ContextSampler([data], 20).batch(targets, np.arange(2), 0)
    tables = [[data.columns[k].table for k in row[row >= 0]] for row in batch.column]
    assert tables[0] == ["low", "middle", "top", "base", "base", "low", "base"] and tables[1] == ["low"]
    assert batch.parent[0, :7, 0].tolist() == [1, 2, -1, 0, 0, 1, 5] and (batch.parent[1] == -1).all()
