"""The joint model under NumPyro's handlers, the table of its sites, and places of cells."""

from pathlib import Path

import jax
import numpy as np
import pytest
from jax import random
from numpyro import handlers
from numpyro.infer import Predictive
from numpyro.infer.util import log_density

import plurel_prob
from plurel_prob import Bucket, DatabaseError, joint_model, sample
from plurel_prob.joint.model import bounds
from plurel_prob.programs.layout import VALUE, site_layout
from plurel_prob.programs.sizes import MIN_BUCKET
from tests.models.tiny import SEED, tiny

PRIOR = tiny("compact")  # whose draws and scores have the programs of other tests


@pytest.fixture(scope="module")
def database():
    return sample(SEED, PRIOR)


@pytest.fixture(scope="module")
def model(database):
    return joint_model(database)


def traced(model, key, wanted):
    """Values of some sites; what they do not need is not compiled."""
    trace = handlers.trace(handlers.seed(model, key)).get_trace()
    return {name: trace[name]["value"] for name in wanted}


def test_a_seed_gives_the_database_and_a_condition_changes_what_follows(database, model):
    names = ("schema/label", "links/parent_row", VALUE)

    @jax.jit
    def draw(key, noise_level):
        given = {"features/noise_level": noise_level}
        return traced(handlers.condition(model, given), key, names)

    same = draw(random.key(SEED), model.values["features/noise_level"])
    np.testing.assert_allclose(same[VALUE], model.values[VALUE], rtol=1e-5, atol=1e-5)
    other = draw(random.key(SEED), 2 * model.values["features/noise_level"])
    for name in names[:2]:
        np.testing.assert_array_equal(same[name], model.values[name])
        np.testing.assert_array_equal(other[name], model.values[name])
    assert not np.allclose(other[VALUE], same[VALUE])


@pytest.mark.parametrize("handler", [handlers.condition, handlers.do, handlers.substitute])
def test_what_is_fixed_is_so_and_keys_go_by_name(model, handler):
    wanted = ("schema/label", "features/mechanism_key", "schema/n_column")
    draw = jax.jit(lambda key, n: traced(handler(model, {"schema/n_table": n}), key, wanted))
    three, four = (draw(random.key(SEED), n) for n in (3, 4))
    for n, drawn in ((3, three), (4, four)):
        assert (drawn["schema/label"] >= 0).sum() == n
    for name in ("features/mechanism_key", "schema/n_column"):
        np.testing.assert_array_equal(three[name], four[name])


def test_the_log_density_of_its_sites_is_the_score(database, model):
    total = jax.jit(lambda values: log_density(model, (), {}, values)[0])(model.values)
    np.testing.assert_allclose(total, plurel_prob.log_density(database).total, rtol=1e-5)


def test_predictive_draws_databases(model):
    fixed = {name: value for name, value in model.values.items() if name != "features/missing_key"}
    predictive = Predictive(handlers.condition(model, fixed), num_samples=3, return_sites=["features/missing_key"])
    drawn = jax.jit(predictive)(random.key(0))["features/missing_key"]
    assert drawn.shape == (3, 4, 2) and len({key.tobytes() for key in np.asarray(drawn)}) == 3


def test_the_table_of_sites_is_that_of_the_program(model):
    sites = model.sites
    sampled = sites[sites["has_density"]]
    assert list(sampled.index) == list(site_layout(PRIOR, model.bucket))
    assert list(sites.index[~sites["has_density"]]) == ["features/log_slope", "features/column"]
    for name, value in model.values.items():
        assert sites.at[name, "shape"] == value.shape
        assert len(sites.at[name, "axes"]) == value.ndim, name
    assert sites.at["links/parent_row", "law"] == "HSBM" and sites.at["schema/is_categorical", "axes"] == ("table", "column")
    plurel = joint_model(tiny("plurel")).sites
    assert (plurel["shape"].map(len) == plurel["axes"].map(len)).all()
    assert not plurel.at[VALUE, "has_density"] and plurel.at[VALUE, "law"] == ""


def test_cells_have_places_in_sites_and_places_have_cells(database, model):
    latents = database.read_latents()
    for table, schema in database.schema.tables.items():
        frame, variables = database.tables[table], latents[f"prior/{table}"].variables
        for key in schema.fkeys:
            cells = model.cells(table, key)
            np.testing.assert_array_equal(model.values[cells.site][cells.index], frame[key])
            *at, row = cells.index
            found = model.cell_at(cells.site, (*at, int(row[7])))
            assert (found.table, found.column, found.row) == (table, key, 7)
        node_of = variables["column_node"][0]
        first = np.cumsum(variables["n_dim"][0]) - variables["n_dim"][0]
        for node in range(len(variables["n_dim"][0])):
            [*column] = np.flatnonzero(node_of == node)
            name = f"feature_{column[0]}" if column else f"node_{node}"
            cells = model.cells(table, name)
            np.testing.assert_array_equal(model.values[cells.site][cells.index], variables["value"][0][first[node]])
            row = len(frame) - 1
            found = model.cell_at(cells.site, tuple(int(of[row]) for of in cells.index))
            assert (found.table, found.column, found.row, found.dim) == (table, name, row, 0)
    page, within = (int(of[0]) for of in model.cells("table_0", "node_0").index)
    n_dim = int(latents["prior/table_0"].variables["n_dim"][0][0])
    assert model.cell_at(VALUE, (page + n_dim - 1, within)).dim == n_dim - 1


def test_what_is_no_cell_is_named(database, model):
    with pytest.raises(DatabaseError, match="there is no table_9; the database has table_0 to table_"):
        model.cells("table_9", "feature_0")
    with pytest.raises(DatabaseError, match="table_0 has no feature_77; it has"):
        model.cells("table_0", "feature_77")
    with pytest.raises(DatabaseError, match="it is padding"):
        model.cell_at(VALUE, (model.bucket.n_page - 1, 1023))
    with pytest.raises(ValueError, match="schema/label has no cells"):
        model.cell_at("schema/label", (0,))
    with pytest.raises(ValueError, match="give the values of the sites"):
        joint_model(PRIOR).cells("table_0", "feature_0")
    frame = database.tables["table_0"]
    assert len(joint_model(PRIOR).cells("table_0", "node_0", model.values).index[0]) == len(frame)


def test_a_model_of_a_prior_holds_all_that_it_draws(model):
    of_prior = joint_model(PRIOR)
    assert of_prior.bucket == bounds(PRIOR) == Bucket(2, 2 * 4 * 7 * 4)
    layout = site_layout(PRIOR, of_prior.bucket)
    assert layout.keys() == model.values.keys()
    assert all(np.greater_equal(of_prior.bucket, model.bucket) | np.equal(model.bucket, MIN_BUCKET))


def documented() -> str:
    """The table of docs/reference/sites.md, as the programs have it."""
    tables = {name: joint_model(name).sites for name in ("compact", "plurel", "realistic")}
    names = list(dict.fromkeys(name for sites in tables.values() for name in sites.index))
    rows = ["| site | axes | law | prior |", "| --- | --- | --- | --- |"]
    for name in names:
        of = [prior for prior, sites in tables.items() if name in sites.index]
        site = tables[of[0]].loc[name]
        laws = [tables[prior].at[name, "law"] or "a function of others: no density" for prior in of]
        law = laws[0] if len(set(laws)) == 1 else "; ".join(f"{prior}: {law}" for prior, law in zip(of, laws, strict=True))
        rows.append(f"| `{name}` | {', '.join(site['axes'])} | {law} | {'' if len(of) == len(tables) else ', '.join(of)} |")
    return "\n".join(rows)


def test_the_documented_sites_are_those_of_the_program():
    assert documented() in (Path(__file__).parents[2] / "docs" / "reference" / "sites.md").read_text()


def test_a_site_that_there_is_not_is_an_error_as_is_another_shape(model):
    fixed = {"features/noise_level": model.values["features/noise_level"]}
    assert callable(model.condition(fixed))
    with pytest.raises(ValueError, match="did you mean 'features/noise_level'"):
        model.condition({"features/nois_level": fixed["features/noise_level"]})
    with pytest.raises(ValueError, match="follows from others"):
        model.condition({"features/log_slope": np.zeros(())})
    with pytest.raises(ValueError, match="has shape"):
        model.condition({"features/noise_level": fixed["features/noise_level"][:1]})
