"""The prior of realistic databases: what its columns, missing cells and times are; densities with drift; labels set by hand."""

import jax
import networkx as nx
import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.distributions import TABLE_KINDS
from plurel_prob.distributions.mechanisms.discrete import LABELS, WHOLE
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.errors import DatabaseError
from plurel_prob.models.features import transforms_of
from plurel_prob.sampling import draw
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


def test_no_row_is_earlier_than_its_parents(databases):
    """Times are multiples of the grain, or those of a parent; a table's own ascend, and are not even."""
    n_compared = n_uneven = 0
    for database in databases:
        times = {
            name: database.tables[name][schema.time_col] for name, schema in database.schema.tables.items() if schema.time_col
        }
        assert times, "some table has times"
        for child, key, parent in database.schema.foreign_keys:
            if child in times and parent in times:
                of_parent = times[parent].to_numpy()[database.tables[child][key].to_numpy(int)]
                assert (times[child].to_numpy() >= of_parent).all()
                n_compared += 1
        for name, of_rows in times.items():
            assert of_rows.between(database.schema.window[0], database.schema.window[1] + pd.Timedelta(days=1)).all()
            has_timed_parent = any(c == name and p in times for c, _, p in database.schema.foreign_keys)
            grain = int(database.latents[f"prior/{name}"].time_grain[0, 0]) * 1_000_000
            if not has_timed_parent:
                later = of_rows[of_rows > of_rows.min()].to_numpy().astype("datetime64[us]").astype(np.int64)
                assert (later % grain == 0).all()
            n_uneven += of_rows.sort_values().diff()[1:].nunique() > 2
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
    for database in databases:
        for name, schema in database.schema.tables.items():
            for slot, (key, parent) in enumerate(schema.fkeys.items()):
                latents = database.latents[f"prior/{name}"]
                if latents.is_covering[0, 0, slot] and not latents.is_sorted[0, 0, slot]:
                    if str(database.latents["prior"].kind.sel(table=name).item()) == "extension":
                        continue
                    n_child = database.tables[name][key].nunique()
                    assert n_child == min(len(database.tables[name]), len(database.tables[parent]))
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
