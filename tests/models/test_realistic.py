"""The prior of realistic databases: what its columns, missing cells and times are; drift, followers, labels set by hand."""

import jax
import networkx as nx
import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.distributions import TABLE_KINDS
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.discrete import LABELS, WHOLE
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.errors import DatabaseError
from plurel_prob.models.features import transforms_of
from plurel_prob.models.kinds import EXTENSION
from plurel_prob.models.links import late_tables
from plurel_prob.reports.laws import kind_of_table, words_on_key, words_on_times
from plurel_prob.reports.page import database_page
from plurel_prob.reports.subject import subject_of
from plurel_prob.sampling import draw
from plurel_prob.validation import validate
from tests.models.sequential import table_log_prob
from tests.models.test_compact_density import law_and_values
from tests.models.tiny import BUCKET, tiny

PRIOR = tiny("realistic")
SEEDS = range(8)


@pytest.fixture(scope="module")
def databases():
    return [plurel_prob.sample(seed, PRIOR) for seed in SEEDS]


def columns_of(databases):
    """Of every numerical column of a node: its cells, its transform, and whether it is complete."""
    for database in databases:
        for name, schema in database.schema.tables.items():
            latents = database.latents[f"prior/{name}"]
            for column, kind in schema.columns.items():
                index = int(column.removeprefix("feature_"))
                if not latents.is_categorical.to_numpy()[0, 0][latents.column_node.to_numpy()[0, 0, index]]:
                    transform = list(TRANSFORMS)[int(latents.transform[0, 0, index])]
                    yield database.tables[name][column], kind, transform, bool(latents.is_complete[0, 0, index])


def test_columns_are_whole_numbers_grids_and_labels(databases):
    seen = set()
    for cells, kind, transform, is_complete in columns_of(databases):
        seen.add(transform)
        assert not is_complete or cells.notna().all()
        if transform in LABELS:
            assert kind == "boolean" if cells.dtype == bool else isinstance(cells.dtype, pd.CategoricalDtype)
        elif transform in WHOLE:
            values = cells.dropna().to_numpy()
            assert (values == np.round(values)).all() and kind == "numerical"
            assert cells.notna().all() == (cells.dtype == np.int32)
    assert len(seen) > 7 and seen <= {list(TRANSFORMS)[i] for i in transforms_of(PRIOR.features)}


def test_missing_cells_are_in_columns_that_have_some(databases):
    missing = [cells.isna().mean() for cells, _, _, is_complete in columns_of(databases) if not is_complete]
    assert len(missing) > 10 and 0.05 < np.min(missing) and np.max(missing) < 0.3


def test_databases_are_valid(databases, tmp_path):
    """Rows are in order of time, none is earlier than its parents; some table has times, and they are not even."""
    n_uneven = n_compared = 0
    for database in databases:
        assert validate(database.save(tmp_path / database.name)) == []
        timed = {name: of.time_col for name, of in database.schema.tables.items() if of.time_col}
        n_compared += sum(child in timed and parent in timed for child, _, parent in database.schema.foreign_keys)
        n_uneven += sum(database.tables[name][column].diff()[1:].nunique() > 2 for name, column in timed.items())
        assert timed
    assert n_compared > 2 and n_uneven > 6


def test_kinds_decide_what_tables_are(databases):
    """Lookup tables refer to nothing and have no times, events have, rows of an extension are those of its parent, one by one."""
    seen = set()
    for database in databases:
        kinds = database.latents["prior"].kind.to_series().droplevel(["chain", "draw"])
        for name, schema in database.schema.tables.items():
            kind, frame, parents = kinds[name], database.tables[name], list(schema.fkeys.items())
            seen.add(kind)
            assert kind in ("lookup", "entity") if not parents else kind != "lookup"
            assert kind not in ("lookup", "event") or (schema.time_col is not None) == (kind == "event")
            assert len(parents) == 1 if kind == "extension" else kind != "bridge" or len(parents) > 1
            if kind == "extension":
                np.testing.assert_array_equal(frame[parents[0][0]], np.arange(len(database.tables[parents[0][1]])))
    assert seen == set(TABLE_KINDS)


def test_every_parent_has_a_child_where_a_key_covers(databases):
    n_covering = 0
    for drawn in (draw(PRIOR, seed, BUCKET) for seed in SEEDS):
        schema, links, is_late = drawn.stages.schema, drawn.stages.links, late_tables(drawn.stages.schema)
        for table, slot in np.argwhere(schema.parent_table >= 0).tolist():
            parent, row = schema.parent_table[table, slot], links.parent_row[table, slot, : schema.n_row[table]]
            if is_late[parent] or schema.kind[table] == EXTENSION:
                assert (np.diff(row) >= 0).all()
            elif drawn.sites["links/is_covering"][table, slot] and not (slot == 0 and drawn.sites["links/is_sorted"][table, 0]):
                assert len(np.unique(row)) == min(len(row), schema.n_row[parent])
                n_covering += 1
    assert n_covering > 3


def test_densities_with_drift_are_those_of_the_program():
    """Without an order, as page after page; drift moves what numbers without causes are around."""

    @jax.jit
    def both(sites):
        law, value = law_and_values(PRIOR, sites)
        return law.table_log_prob(value), table_log_prob(law, value), law.laws.drift

    n_drift = 0
    for seed in SEEDS:
        found, expected, drift = both(draw(PRIOR, seed, BUCKET).sites)
        np.testing.assert_allclose(found, expected, rtol=5e-6, atol=0.005)
        n_drift += int((drift > 0).sum())
    assert n_drift > 5


def test_scores_replays_and_files(databases, tmp_path):
    database = databases[0]
    score = plurel_prob.log_density(database)
    assert np.isfinite(score.parts["log_density"]).all()
    assert {"has_drift", "drift", "is_complete", "is_sorted", "time_grain", "time_key"} <= set(score.by("site").index)
    loaded = plurel_prob.load(database.save(tmp_path / "drawn"))
    assert plurel_prob.log_density(loaded).parts.equals(score.parts)
    for name, frame in database.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[name], frame)


def test_rows_can_be_given(databases):
    """Those of a table, from which those of its children follow; the score has the law of rows."""
    database = databases[1]
    child, _, parent = database.schema.foreign_keys[0]
    given = plurel_prob.sample(1, PRIOR, given={f"{parent}.n_row": 57})
    assert len(given.tables[parent]) == 57
    rows = [len(drawn.tables[child]) for drawn in (database, given)]
    assert rows[0] != rows[1] or len(database.tables[parent]) == 57
    assert np.isfinite(plurel_prob.log_density(given).by("site")["n_row"])


def test_labels_and_whole_numbers_can_be_set(databases):
    """A label is one that a number of the node shows; half a whole number is none."""
    set_label = set_number = False
    for database in databases:
        for name, schema in database.schema.tables.items():
            for column, kind in schema.columns.items():
                cells, full = database.tables[name][column], f"{name}.{column}"
                if kind == "categorical" and len(cells.cat.categories) > 10:
                    if len(cells.cat.categories) == len(cells):
                        with pytest.raises(DatabaseError, match=f"{full}: each row has a label of its own"):
                            database.do({full: cells.iloc[0]})
                        continue
                    label = cells.value_counts().index[1]
                    shown = database.do({full: label}).tables[name][column]
                    assert (shown.dropna() == label).all() and shown.dtype == cells.dtype
                    with pytest.raises(DatabaseError, match=f"{full}: 'none' is none of its values"):
                        database.do({full: "none"})
                    set_label = True
                elif cells.dtype == np.int32 and not set_number and cells.nunique() > 5:
                    value = int(cells.median())
                    assert (database.do({full: value}).tables[name][column] == value).all()
                    with pytest.raises(DatabaseError, match=f"{full}: cannot be {value - 0.5:g}: the next"):
                        database.do({full: value - 0.5})
                    set_number = True
            if set_label and set_number:
                return
    raise AssertionError("no column to set")


def test_what_a_column_changes_follows_from_it_in_the_causal_graph(databases):
    """Children of the table, too, whatever their nodes: numbers without causes see parents."""
    n_across = 0
    for database in databases[:4]:
        graph = database.causal_graph(hidden=True)
        for child, _, parent in database.schema.foreign_keys:
            name = next((c for c in database.schema.tables[parent].columns if database.tables[parent][c].dtype == np.int32), None)
            if name is None:
                continue
            cells = database.tables[parent][name]
            changed = database.do({f"{parent}.{name}": int(cells.max())})
            different = {
                f"{table}.{column}"
                for table, schema in database.schema.tables.items()
                for column in schema.columns
                if not changed.tables[table][column].equals(database.tables[table][column])
            }
            assert different <= {f"{parent}.{name}", *nx.descendants(graph, f"{parent}.{name}")}
            n_across += any(column.startswith(f"{child}.") for column in different)
            break
    assert n_across > 1


def test_followers_are_weighted_sums_of_their_causes_and_noise(databases):
    """Whatever parent tables have; the scale of the noise is the node's."""
    n_found = 0
    for database in databases:
        for name in database.schema.tables:
            of = {key: x.to_numpy()[0, 0] for key, x in database.latents[f"prior/{name}"].data_vars.items()}
            is_sum = of["aggregation_palette"][of["aggregation"]] == list(AGGREGATIONS).index("sum")
            for node in np.flatnonzero((of["is_follower"] == 1) & is_sum):
                causes = np.flatnonzero(of["edge"][:, node])
                if len(causes) == 0 or of["is_categorical"][causes].any() or of["is_categorical"][node]:
                    continue
                weight = of["edge_weight"][causes, node].astype(np.float64)
                loc = (weight / np.linalg.norm(weight)) @ (3 * np.tanh(of["value"][causes] / 3))
                rest = (of["value"][node] - loc) / (of["noise_level"] * of["noise_factor"][node])
                n = len(rest)
                assert abs(rest.mean()) < 5 / np.sqrt(n) and abs((rest**2).mean() - 1) < 5 * np.sqrt(2 / n)
                n_found += 1
    assert n_found > 8


def test_pages_say_what_tables_keys_and_times_follow(databases):
    """Kinds of tables, popularity and order of keys, processes of times: as the latents have them."""
    seen = set()
    for database in databases:
        subject = subject_of(database)
        kinds = database.latents["prior"].kind.to_series().droplevel(["chain", "draw"])
        for name, schema in database.schema.tables.items():
            latents, kind, times = subject.latents_of(name), kind_of_table(subject, name), words_on_times(subject, name)
            assert kind == kinds[name] and bool(times) == (schema.time_col is not None)
            if times:
                assert ("rises" in times) == bool(latents["time_trend"] > 0) and ("bursts" in times) == bool(
                    latents["time_burst"] > 1.5
                )
            for i, key in enumerate(schema.fkeys):
                words = words_on_key(subject, name, key)
                seen |= {phrase for phrase in ("extends", "order of their parents", "none has two") if phrase in words}
                if kind != "extension":
                    assert f"{float(latents['inactive_rate'][i]):.0%} of parents are inactive" in words
                    assert ("rows are in the order" in words) == bool(latents["is_sorted"][i])
    assert seen == {"extends", "order of their parents", "none has two"}
    page = database_page(subject_of(databases[0]))
    assert "event table" in page and "Popularity of parents" in page and "Times are whole" in page
