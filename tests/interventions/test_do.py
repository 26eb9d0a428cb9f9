"""Counterfactual databases: what follows from a column changes, everything else is the same to the last bit."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob import DatabaseError, sample
from tests.models.tiny import BUCKET, SEED, tiny


@pytest.fixture(scope="module", params=["compact", pytest.param("plurel", marks=pytest.mark.slow)])
def prior(request):
    return tiny(request.param)


@pytest.fixture(scope="module")
def database(prior):
    return sample(SEED, prior, bucket=BUCKET)


def columns_of(database):
    return [f"{name}.{column}" for name, table in database.schema.tables.items() for column in table.columns]


def column(database, name):
    table, _, feature = name.partition(".")
    return database.tables[table][feature]


def extreme(values: pd.Series):
    """A value that few rows have."""
    if values.dtype == bool:
        return bool(values.mean() < 0.5)
    return values.value_counts().index[-1] if isinstance(values.dtype, pd.CategoricalDtype) else values.max()


def changed_columns(before, after):
    return {name for name in columns_of(before) if not column(before, name).equals(column(after, name))}


@pytest.mark.parametrize("n_database", [40, pytest.param(100, marks=pytest.mark.slow)])
def test_only_descendants_change(prior, n_database):
    rng = np.random.default_rng(0)
    n_across, n_could_cross = 0, 0
    for seed in range(n_database):
        database = sample(seed, prior, bucket=BUCKET)
        graph, names = database.causal_graph(), columns_of(database)
        parents = {parent for parent, _, _ in database.schema.graph}
        sources = [n for n in names if n.split(".")[0] in parents and graph.in_degree(n) == 0]
        leaves = [n for n in names if graph.out_degree(n) == 0]
        pool = [sources, leaves, names][seed % 3] or names
        cause = pool[rng.integers(len(pool))]
        value = extreme(column(database, cause))
        new = database.do({cause: value})
        following, changed = nx.descendants(graph, cause), changed_columns(database, new)
        assert changed <= {cause, *following}, (seed, cause)
        shown = column(new, cause)
        assert (shown.isna() == column(database, cause).isna()).all()
        assert (shown.dropna() == value).all(), (seed, cause)
        for name, frame in database.tables.items():
            keys = list(database.schema.tables[name].keys)
            assert new.tables[name][keys].equals(frame[keys])
            assert (new.tables[name].dtypes == frame.dtypes).all()
        other_tables = {name for name in following if name.split(".")[0] != cause.split(".")[0]}
        n_could_cross += bool(other_tables)
        n_across += bool(other_tables & changed)
    assert n_across > n_could_cross / 2 > n_database / 10


def test_rows_that_are_not_asked_for_stay(database):
    for name in columns_of(database):
        natural, table = column(database, name), name.split(".")[0]
        is_even = np.arange(len(natural)) % 2 == 0
        same = natural.astype(object).where(is_even, None)
        assert changed_columns(database, database.do({name: same.to_numpy()})) == set(), name
        assert changed_columns(database, database.do({name: lambda natural: natural})) == set(), name
        # statistics of the table's columns (grids, boundaries, ranks) stay those of the natural values
        other = np.where(is_even, np.array(extreme(natural), object), None)
        after = database.do({name: other}).tables[table]
        assert after[~is_even].equals(database.tables[table][~is_even]), name
        assert (after.loc[is_even, name[len(table) + 1 :]].dropna() == extreme(natural)).all()


def test_an_effect_is_a_difference_of_counterfactual_means(database):
    names = columns_of(database)
    edges = [(a, b) for a, b in database.causal_graph().edges if a in names and b in names]
    cause, outcome = next(
        (a, b) for a, b in edges if b in changed_columns(database, database.do({a: extreme(column(database, a))}))
    )
    values = (extreme(column(database, cause)), column(database, cause).dropna().iloc[0])
    effect = database.effect(cause, outcome, values, n_draw=3)
    shown = [column(database.do({cause: value}), outcome) for value in values]
    assert len(effect.differences) == 3 and effect.differences.columns.size == effect.mean.size
    if shown[0].dtype == bool or shown[0].dtype == np.float32:
        difference = shown[1].astype(float).mean() - shown[0].astype(float).mean()
    else:
        difference = (shown[1] == effect.differences.columns[0]).mean() - (shown[0] == effect.differences.columns[0]).mean()
    np.testing.assert_allclose(effect.differences.iloc[0, 0], difference, rtol=1e-4, atol=1e-6)
    assert effect.differences.nunique().max() > 1  # other draws have other noise


def test_a_counterfactual_says_what_was_set(database, tmp_path):
    name = columns_of(database)[0]
    loaded = plurel_prob.load(database.do({name: extreme(column(database, name))}).save(tmp_path / "changed"))
    assert loaded.by_hand == (name,)
    with pytest.raises(DatabaseError, match=f"given by hand .{name}"):
        loaded.do({name: extreme(column(database, name))})
    with pytest.raises(DatabaseError, match="given by hand"):
        plurel_prob.log_density(loaded)


def test_what_cannot_be_asked_for_is_named(database):
    names = columns_of(database)
    number = next(name for name in names if column(database, name).dtype == np.float32)
    category = next(name for name in names if column(database, name).dtype != np.float32)
    with pytest.raises(DatabaseError, match="no such column.*table_0.feature_0"):
        database.do({"table_0.feature0": 1})
    with pytest.raises(DatabaseError, match=f"{number}: 3 values for"):
        database.do({number: np.zeros(3)})
    with pytest.raises(DatabaseError, match=f"{number}: is a column of numbers; got 'red'"):
        database.do({number: "red"})
    with pytest.raises(DatabaseError, match=f"{category}: 'red' is none of its values"):
        database.do({category: "red"})
