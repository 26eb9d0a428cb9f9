"""Databases of which some parts are given: those parts are as given, and the rest is drawn as it would be."""

import jax
import numpy as np
import pandas as pd
import pytest
from jax import random

import plurel_prob
from plurel_prob import DatabaseError, sample
from plurel_prob.conditioning.conditions import Conditions
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS, UNBOUNDED
from plurel_prob.priors import get_prior
from plurel_prob.programs.densities import structure_densities, values_densities
from plurel_prob.programs.given import all_given
from plurel_prob.programs.layout import VALUE, form_of, structure_layout, values_layout
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import draw_with
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, SEED, tiny

GRAPH = [("table_0", "table_2"), ("table_1", "table_2"), ("table_2", 3)]
PRIOR = tiny("compact")


@pytest.fixture(scope="module")
def drawn():
    return draw(PRIOR, SEED, BUCKET)


def given(**parts):
    """Draw with parts given; names have double underscores for dots."""
    return sample(SEED, PRIOR, given={name.replace("__", "."): part for name, part in parts.items()}, bucket=BUCKET)


def test_its_own_sites_give_a_draw_again(drawn):
    key, layout = random.key(SEED), structure_layout(PRIOR)
    known = draw_structure(PRIOR, key)
    form = form_of(known.structure)
    layout_of_values = values_layout(PRIOR, BUCKET, form)
    of_structure, of_values = ({name: drawn.sites[name] for name in of} for of in (layout, layout_of_values))
    same, verdicts = structure_densities(PRIOR)(of_structure)
    jax.tree.map(np.testing.assert_array_equal, same, known.structure)
    verdicts = {**verdicts, **values_densities(PRIOR, BUCKET, form)(same, of_values).of_sites}
    assert verdicts.keys() == drawn.sites.keys()
    assert all(verdict.is_possible.all() for verdict in verdicts.values())
    again = draw_structure(PRIOR, random.key(SEED + 1), all_given(layout, of_structure))
    jax.tree.map(np.testing.assert_array_equal, again, known)
    given = all_given(layout_of_values, of_values)
    jax.tree.map(np.testing.assert_array_equal, draw_with(PRIOR, key, again, BUCKET, given=given), drawn)
    # with the sites of one database and the noise of another, all but the noise is that of the first
    other = draw_with(PRIOR, random.key(SEED + 1), again, BUCKET, given=given)
    for name in drawn.sites.keys() - {VALUE}:
        np.testing.assert_array_equal(other.sites[name], drawn.sites[name], err_msg=name)
    assert not np.array_equal(other.sites[VALUE], drawn.sites[VALUE])


def test_parts_are_as_given_and_the_rest_is_as_it_was(drawn):
    database = given(n_table=4, table_1__n_row=133, table_1__n_column=4, table_2__feature_0__type="categorical")
    natural = given(n_table=4)
    table = database.schema.tables["table_1"]
    assert len(database.schema.tables) == 4 and table.n_row == 133
    assert len(database.latents["prior/table_1"].column) == 4
    assert database.schema.tables["table_2"].columns["feature_0"] == "categorical"
    assert database.schema.graph == natural.schema.graph and database.schema.window == natural.schema.window
    for name in {"table_0", "table_3"} - {child for _, child, _ in database.schema.graph}:
        pd.testing.assert_frame_equal(database.tables[name], natural.tables[name])
    mine, theirs = database.latents["prior/table_1"], natural.latents["prior/table_1"]
    for latent in ("mechanism_key", "noise_level", "missing_rate", "edge_weight_family"):
        np.testing.assert_array_equal(mine[latent], theirs[latent])
    assert np.isfinite(plurel_prob.log_density(database).total)


def test_a_graph_keys_and_a_window_are_as_given(tmp_path):
    parent_row = np.arange(20) % 7
    database = given(
        graph=GRAPH, table_2__foreign_row_0=parent_row, window=("2001-01-01", "2002-03-04"), table_1__noise_level=0.5
    )
    assert [(parent, child) for parent, child, _ in database.schema.graph] == [(p, c if c != 3 else "table_3") for p, c in GRAPH]
    assert database.tables["table_2"]["foreign_row_0"].tolist() == parent_row.tolist()
    times = database.tables["table_3"]["date"]
    assert (times.iloc[0], times.iloc[-1]) == (pd.Timestamp("2001-01-01"), pd.Timestamp("2002-03-04"))
    assert database.latents["prior/table_1"].noise_level.item() == 0.5
    score = plurel_prob.log_density(database)
    assert np.isfinite(score.parts["log_density"]).all()
    loaded = plurel_prob.load(database.save(tmp_path / "given"))
    assert loaded.given == ("graph", "table_2.foreign_row_0", "window", "table_1.noise_level")
    assert plurel_prob.log_density(loaded).parts.equals(score.parts)


def test_a_table_is_as_given_and_others_follow():
    frame = pd.DataFrame(
        {
            "row_idx": range(25),
            "foreign_row_1": np.arange(25) % 3,
            "feature_0": np.linspace(-1, 2, 25),
            "feature_1": ["category_1", "category_3"] * 12 + [None],
            "feature_2": [True] * 12 + [False] * 13,
        }
    )
    database = given(graph=GRAPH, table_2=frame)
    table = database.tables["table_2"]
    assert database.schema.tables["table_2"].columns == {
        "feature_0": "numerical",
        "feature_1": "categorical",
        "feature_2": "boolean",
    }
    assert database.latents["prior/table_2"].missing_rate.item() > 0  # cells that are given are there, all the same
    np.testing.assert_allclose(table["feature_0"], frame["feature_0"], rtol=1e-5, atol=1e-6)
    assert table["feature_1"].astype(object)[:24].tolist() == frame["feature_1"][:24].tolist()
    assert table["feature_2"].tolist() == frame["feature_2"].tolist()
    assert table["foreign_row_1"].tolist() == frame["foreign_row_1"].tolist()
    other = given(graph=GRAPH, table_2=frame.assign(feature_0=frame["feature_0"].to_numpy()[::-1]))
    unchanged = [database.tables[name].equals(other.tables[name]) for name in ("table_0", "table_1", "table_3")]
    assert unchanged == [True, True, False]
    assert database.by_hand == ("table_2.feature_0", "table_2.feature_1", "table_2.feature_2")


def test_numbers_get_a_transform_that_can_show_them():
    for prior in (get_prior("plurel"), get_prior("compact")):
        asked = Conditions({"table_1.feature_2": 1e6}, prior, SEED)
        at = {condition.site: condition for condition in asked.conditions}
        transform = at["features/transform_palette" if prior.features.n_transform else "features/transform"]
        assert list(TRANSFORMS)[int(transform.value)] in UNBOUNDED
        assert at["schema/is_categorical"].value == 0
    types = {"table_1.feature_0": True, "table_1.feature_1.type": "boolean"}
    assert {condition.site for condition in Conditions(types, get_prior("plurel"), SEED).conditions} == {"schema/is_categorical"}
    with pytest.raises(DatabaseError, match="shows categories as booleans"):
        Conditions({"table_1.feature_1.type": "categorical"}, get_prior("plurel"), SEED)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n_tabel": 3}, "given n_tabel: no such thing; did you mean 'n_table'"),
        ({"n_table": 50}, r"given n_table: the prior excludes 50 \(schema/n_table\)"),
        ({"n_table": 3.5}, "given n_table: needs integers, got 3.5"),
        ({"graph": [(0, 1), (1, 0)]}, "in a cycle, table_0 -> table_1 -> table_0"),
        ({"graph": [(0, 1), (2, 3)]}, "tables fall into 2 groups"),
        ({"graph": [("a", "b")]}, "graph: 'a' is no table"),
        ({"graph": 3}, "graph: give pairs"),
        ({"n_table": 3, "graph": GRAPH}, r"given graph: contradicts n_table"),
        ({"n_table": 3, "table_3.n_row": 30}, "given table_3.n_row: the database has 3 tables"),
        ({"table_0.feature_9": 3}, "given table_0.feature_9: the prior has 4 at most"),
        ({"table_0.n_column": 3, "table_0.feature_3.type": "boolean"}, "table_0 has 3 columns; give table_0.n_column"),
        ({"table_1.n_rows": 3}, "did you mean 'n_row'"),
        ({"table_1.feature_0.typ": 3}, "did you mean 'type'"),
        ({"table_1.feature_0.type": "text"}, "'text' is no type of a column"),
        ({"table_0.n_row": 5000}, "the prior excludes 5000"),
        ({"graph": GRAPH, "table_2.foreign_row_0": [500] * 22}, "there is no row 500 in table_0, which has"),
        ({"table_2.foreign_row_0": [0.5] * 22}, "a key has the number of a parent's row"),
        ({"graph": GRAPH, "table_0.foreign_row_0": [5] * 20}, "table_0 has 0 foreign keys"),
        ({"table_2": 3}, "give a pandas.DataFrame"),
        ({"table_2": pd.DataFrame({"date": [1, 2]})}, "given table_2.date: times are spread evenly"),
        ({"table_2": pd.DataFrame({"colour": [1, 2]})}, "given table_2.colour: columns are named feature_0"),
        ({"table_1.feature_0": [1.0] * 20, "table_1.feature_1": [1.0] * 21}, "table_1.feature_1: contradicts table_1.feature_0"),
        ({"schema/family": "Tree"}, "there is no 'Tree'"),
        ({"window": ("2001-01-01", "x")}, "'x' is no date"),
        ({"window": (1, 2, 3)}, r"has shape \(3,\)"),
        ({"features/value": 1}, "no such thing"),
        ({"table_0.feature_0.n_category": 3, "table_0.feature_0.type": "numerical"}, "has no use for it"),
    ],
)
def test_what_cannot_be_given_is_named(asked, message):
    with pytest.raises(DatabaseError, match=message):
        sample(SEED, PRIOR, given=asked, bucket=BUCKET)
