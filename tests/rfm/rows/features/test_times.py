"""Features show nothing later than a row's time and nothing hidden, to the last bit; of random, drawn and real databases."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.databases import Database, DatabaseSchema, observe
from plurel_prob.rfm.columns import STATIC, microseconds
from plurel_prob.rfm.rows.features import DAY, Labels, Question, prepare, read_tables
from tests.models.tiny import SEED, tiny
from tests.rfm.cells.contexts.databases import START, VAL, random_database

DATA = os.environ.get("PLUREL_PROB_DATA")
N_ROW = 300


def us(time):
    return int(microseconds(pd.Series([time]))[0])


def rows_of(tables, table, rng, times):
    """Random rows, of a table with times at these, of others at random times; and labels, some of each."""
    time, n = tables[table].time, len(tables[table].time)
    entity = rng.integers(0, n, N_ROW)
    drawn = times[rng.integers(0, len(times), N_ROW)]
    at = np.where((time[entity] == STATIC) | (rng.random(N_ROW) < 0.3), drawn, time[entity])
    return Labels(entity, np.clip(at, times.min(), times.max()), rng.integers(0, 3, N_ROW).astype(float))


def changed_after(source, cut, rng, kept):
    """Another database whose rows up to a time are the same; cells and keys of later ones are exchanged, some are gone."""
    tables = read_tables(source.tables, source.schema.tables, us(cut))
    frames = {}
    for name, frame in source.tables.items():
        later = np.flatnonzero(tables[name].time > us(cut))
        frame, schema = frame.copy(), source.schema.tables[name]
        together = rng.permutation(later)
        for column in frame.columns.difference([schema.pkey, schema.time_col]):
            order = together if schema.time_col is None and column in schema.fkeys else rng.permutation(later)
            frame.iloc[later, frame.columns.get_loc(column)] = frame[column].iloc[order].array
        is_parent = name in {parent for schema in source.schema.tables.values() for parent in schema.fkeys.values()}
        frames[name] = frame if is_parent or name == kept else frame.drop(index=later[::3]).reset_index(drop=True)
    return Database(source.name, frames, source.schema)


def check_cut(source, question, val, cut, seed, times):
    rng = np.random.default_rng(seed)
    tables = read_tables(source.tables, source.schema.tables, us(val))
    rows = rows_of(tables, question.table, rng, times)
    known = rows.later(question.wait)
    other = read_tables((later := changed_after(source, cut, rng, question.table)).tables, later.schema.tables, us(val))
    known_later = Labels(known.entity, known.time, np.where(known.time > us(cut), 10 - known.value, known.value))
    is_up_to = rows.time <= us(cut)
    before = prepare(tables, question).features(rows, known)
    after = prepare(other, question).features(rows[is_up_to], known_later)
    assert before.names == after.names and len(set(before.names)) == len(before.names)
    assert 20 < is_up_to.sum() < N_ROW
    differ = (before.values[is_up_to].view(np.uint32) != after.values.view(np.uint32)).any(0)
    assert not np.array(before.names)[differ].tolist()
    return tables, rows, known, before


QUESTIONS = [
    Question("users", "number", windows=(7 * DAY, 30 * DAY), wait=7 * DAY),
    Question("events", "number", column="weight", hidden=frozenset({("events", "number")})),
    Question("items", "number", column="flag"),
    Question("notes", "classes", column="word"),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.table)
def test_features_of_random_databases(question, seed):
    source, times = random_database(seed), us(START) + np.arange(100) * DAY
    tables, rows, known, before = check_cut(source, question, VAL, VAL + pd.Timedelta(days=10), seed, times)
    rng = np.random.default_rng(seed)
    hidden = {(question.table, question.column), *question.hidden} - {(question.table, "")}
    frames = {name: frame.copy() for name, frame in source.tables.items()}
    for table, column in hidden:
        frames[table][column] = frames[table][column].iloc[rng.permutation(len(frames[table]))].array
    other = read_tables(frames, source.schema.tables, us(VAL))
    after = prepare(other, question).features(rows, known)
    assert before.names == after.names and before.values.tobytes() == after.values.tobytes()
    assert not [name for name in before.names for _, column in hidden if name.startswith(f"{question.table}.{column}")]
    some = rng.permutation(N_ROW)[:7]
    few = prepare(tables, question).features(rows[some], known)
    assert few.names == before.names and few.values.tobytes() == before.values[some].tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_earlier_counts(seed):
    source, rng = random_database(seed), np.random.default_rng(seed)
    tables = read_tables(source.tables, source.schema.tables, us(VAL))
    rows = rows_of(tables, "users", rng, us(START) + np.arange(60, 100) * DAY)
    frames = {name: frame.copy() for name, frame in source.tables.items()}
    frames["events"]["number"] += 1.0
    other = read_tables(frames, source.schema.tables, us(VAL))
    before, after = (prepare(some, QUESTIONS[0]).features(rows, rows.later(DAY)).values for some in (tables, other))
    assert ((before != after) & ~np.isnan(before)).any(1).mean() > 0.5
    forgotten = prepare(tables, QUESTIONS[0]).features(rows, rows[rows.time < 0]).values
    assert (forgotten.view(np.uint32) != before.view(np.uint32)).any(1).mean() > 0.5


@pytest.mark.slow
def test_features_of_a_drawn_database():
    database = plurel_prob.sample(SEED, tiny("compact"))
    source = Database("drawn", database.tables, DatabaseSchema(database.schema.tables))
    val, test = database.schema.val_timestamp, database.schema.test_timestamp
    tables = read_tables(source.tables, source.schema.tables, us(val))
    stored = np.concatenate([table.time for table in tables.values()])
    times = np.unique(stored[(stored != STATIC) & (stored < us(test) * 2)])
    for seed, name in enumerate(tables):
        for column in ("", *list(tables[name].value)[:1]):
            check_cut(source, Question(name, "number", column=column), val, val, seed, times)


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="needs the folder of real databases in the environment variable PLUREL_PROB_DATA")
def test_features_of_a_real_database():
    source, val = observe(Path(str(DATA)) / "rel-f1"), pd.Timestamp("2005-01-01")
    times = us(pd.Timestamp("1980-01-01")) + np.arange(0, 11000, 7) * DAY
    hidden = frozenset({("results", column) for column in ("points", "positionOrder")})
    check_cut(source, Question("drivers", "number", wait=30 * DAY), val, val, 0, times)
    check_cut(source, Question("results", "number", "position", hidden=hidden), val, val, 1, times)
