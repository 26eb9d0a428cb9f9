"""The prior of realistic databases: what its columns, missing cells and times are; densities with drift; labels set by hand."""

import jax
import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.distributions.mechanisms.discrete import LABELS, WHOLE
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.errors import DatabaseError
from plurel_prob.sampling import draw
from tests.models.sequential import table_log_prob
from tests.models.test_compact_density import law_and_values
from tests.models.tiny import BUCKET, tiny

PRIOR = tiny("realistic")
SEEDS = range(6)


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
            assert kind == "categorical" and isinstance(cells.dtype, pd.CategoricalDtype)
        elif transform in WHOLE:
            values = cells.dropna().to_numpy()
            assert (values == np.round(values)).all() and kind == "numerical"
            assert cells.notna().all() == (cells.dtype == np.int32)
    assert seen == {list(TRANSFORMS)[i] for i in PRIOR.features.transform.options}


def test_missing_cells_are_in_columns_that_have_some(databases):
    missing = [cells.isna().mean() for cells, _, _, is_complete in columns_of(databases) if not is_complete]
    assert len(missing) > 10 and 0.05 < np.min(missing) and np.max(missing) < 0.3


def test_times_ascend_and_differ_from_even_ones(databases):
    n_uneven = 0
    for database in databases:
        for name, schema in database.schema.tables.items():
            if schema.time_col:
                times = database.tables[name][schema.time_col]
                assert times.is_monotonic_increasing
                grain = int(database.latents[f"prior/{name}"].time_grain[0, 0])
                assert (times.to_numpy()[1:].astype(np.int64) % (grain * 1_000_000) == 0)[
                    times.diff()[1:] > pd.Timedelta(0)
                ].all()
                n_uneven += times.diff()[1:].nunique() > 2
    assert n_uneven > 3


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
