import sys
from dataclasses import replace

import jax.numpy as jnp
import networkx
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import plurel_prob
from plurel_prob.cli import main
from plurel_prob.cli.score import score as score_command
from plurel_prob.databases import Database, DatabaseSchema, observe
from plurel_prob.databases.schema import TableSchema
from plurel_prob.distributions import TABLE_KINDS
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.schema import graph_log_prob, table_graph
from plurel_prob.scoring.observed import _rows_log_prob, observed_log_density
from tests.models.tiny import tiny
from tests.stores.test_sources import CHILDREN, PARENTS, folder_of

SIZES = {"users": 30, "posts": 40, "votes": 50}
KEYS = {"users": {}, "posts": {"user": "users"}, "votes": {"user": "users", "post": "posts"}}


@pytest.fixture
def observed():
    frames = {name: pd.DataFrame({"id": range(n)} | {key: np.arange(n) % 20 for key in KEYS[name]}) for name, n in SIZES.items()}
    schemas = {name: TableSchema(n, {}, "id", None, KEYS[name]) for name, n in SIZES.items()}
    return Database("tiny", frames, DatabaseSchema(schemas))


def test_levels_are_checked():
    with pytest.raises(ValueError, match="stage, table, site"):
        plurel_prob.Score(pd.DataFrame({"log_density": [0.0]})).by("column")


def test_tables_have_the_log_probability_of_their_parts(observed):
    prior = tiny("plurel")
    score = observed_log_density(observed, prior)
    assert score.total == pytest.approx(score.parts["log_density"].sum())
    of_site = score.by("site")
    assert of_site["n_table"] == pytest.approx(-np.log(2))
    assert of_site["graph"] == pytest.approx(graph_log_prob(table_graph(observed), prior), abs=1e-6)
    assert of_site["n_row_entity"] == pytest.approx(-2 * np.log(21), rel=1e-5)  # users and posts: 20 to 40 rows
    assert of_site["n_row_activity"] == pytest.approx(-np.log(1061), rel=1e-5)  # votes: 40 to 1,100 rows
    assert of_site[["user", "post"]].sum() == pytest.approx(-(90 * np.log(30) + 50 * np.log(40)))


def test_rows_that_follow_from_those_of_parents(observed):
    """Table by table: the mean over kinds of the law of all tables together."""
    prior, names = plurel_prob.get_prior("realistic"), list(observed.schema.tables)
    parents = np.full((len(names), len(names)), -1)
    for slot, (child, _, parent) in enumerate(observed.schema.foreign_keys):
        parents[names.index(child), slot] = names.index(parent)
    n_row = jnp.array([len(observed.tables[name]) for name in names])
    schema, expected, n_parent = prior.schema, 0.0, (parents >= 0).sum(1)
    special_prob = np.array([schema.lookup_prob, schema.extension_prob, 0.0])[np.minimum(n_parent, 2)]
    special = np.array([TABLE_KINDS.index(kind) for kind in ("lookup", "extension", "bridge")])[np.minimum(n_parent, 2)]
    entities = jnp.full(len(names), TABLE_KINDS.index("entity"))

    def log_prob(kind):
        return float(schema.counts(jnp.arange(len(names)), jnp.asarray(parents), kind).log_prob(n_row))

    for table in range(len(names)):  # what a table adds, is what it changes
        of_kinds = [log_prob(entities.at[table].set(kind)) - log_prob(entities) for kind in (special[table], entities[0])]
        expected += np.log(special_prob[table] * np.exp(of_kinds[0]) + (1 - special_prob[table]) * np.exp(of_kinds[1]))
    found = observed_log_density(observed, prior).by("site")["n_row"]
    assert found == pytest.approx(expected + log_prob(entities), rel=1e-4) and np.isfinite(found)


def test_rows_that_hardly_any_table_has_keep_their_log_probability():
    """Where their probability is no number of 32 bits."""
    schema = replace(plurel_prob.get_prior("realistic").schema, lookup_prob=0.0, root_sigma=0.1)
    graph = networkx.DiGraph()
    graph.add_node("alone")
    site, found = _rows_log_prob(schema, graph, "alone", {"alone": 5000})
    assert site == "n_row" and found == pytest.approx(float(schema.count(None).log_prob(5000))) and -1000 < found < -200


def test_what_the_prior_cannot_draw_has_no_probability(observed):
    parts = observed_log_density(observed, plurel_prob.get_prior("plurel")).parts.set_index(["table", "site"])["log_density"]
    assert parts["users", "n_row_entity"] == -np.inf
    assert np.isfinite(parts["", "graph"])


def test_posteriors_of_other_tables_are_refused(observed):
    def tree(**attrs):
        found = xr.DataTree()
        found.attrs |= attrs
        return found

    for attrs, message in (
        ({"key": "votes.shop"}, "tiny: no foreign key votes.shop, which a posterior is given for"),
        ({"table": "shops"}, "tiny: no table shops, which a posterior is given for"),
        ({}, "did not write"),
    ):
        with pytest.raises(DatabaseError, match=message):
            observed_log_density(observed, tiny("plurel"), [tree(**attrs)])


def changed(observed, table, n_row=None, **columns):
    """The database with other values in a table, or some of its rows."""
    frame = observed.tables[table].assign(**columns).iloc[:n_row]
    return with_schema(with_table(observed, table, frame), table, n_row=len(frame))


def with_table(observed, table, frame):
    return Database(observed.name, observed.tables | {table: frame}, observed.schema)


def with_schema(observed, table, **fields):
    tables = observed.schema.tables
    return Database(observed.name, observed.tables, DatabaseSchema(tables | {table: replace(tables[table], **fields)}))


BLOCKS = {"n_parent_cluster": [2], "n_child_cluster": [2], "affinity": [[[3.0, 1.0], [1.0, 3.0]]]}


def posterior_of(key, **variables):
    """A posterior as inference writes it, of one draw."""
    drawn = {
        name: ((f"{name}_{i}" for i in range(np.ndim(value) + 2)), [[value]]) for name, value in (BLOCKS | variables).items()
    }
    tree = xr.DataTree.from_dict(
        {"blocks/posterior": xr.Dataset({name: (tuple(dims), value) for name, (dims, value) in drawn.items()})}
    )
    tree.attrs["key"] = key
    return tree


@pytest.mark.parametrize(
    ("change", "expected", "note"),
    [
        ({"table": "votes", "user": np.nan}, {"user": 0}, "adds 0: tiny: votes.user has no value"),
        ({"table": "votes", "n_row": 0}, {"user": 0, "post": 0}, "adds 0: tiny: votes.post has no value"),
        ({"table": "users", "n_row": 1}, {"user": None}, "left out: tiny: votes.user is 1 in row 1, which is no row of users"),
        (
            {"table": "posts", "id": [0, *range(39)]},
            {"post": None},
            "left out: tiny: votes.post refers to posts.id, which is 0 in row 1",
        ),
        ({"table": "posts", "n_row": 0}, {"post": None}, "left out: tiny: votes.post is 0 in row 0, which is no row of posts"),
        ({"table": "votes", "post": [[1]] * 50}, {"post": None}, "left out: tiny: votes.post cannot be compared with posts.id"),
    ],
)
@pytest.mark.parametrize("is_given", [False, True])
def test_the_rest_is_scored_where_a_key_cannot_be(observed, change, expected, note, is_given):
    """None: the key is left out; keys that are not expected to change have the log density that they had."""
    given = [posterior_of("votes.post"), posterior_of("votes.user")] if is_given else []
    before = observed_log_density(observed, tiny("plurel"), given).parts.set_index(["table", "site"])["log_density"]
    score = observed_log_density(changed(observed, **change), tiny("plurel"), given)
    after = score.parts.set_index(["table", "site"])["log_density"]
    assert any(note in found for found in score.notes) and not np.isnan(score.total)
    assert after["", "graph"] == before["", "graph"]
    for key in ("user", "post"):
        assert after.get(("votes", key)) == expected.get(key, before["votes", key])


def test_a_parent_of_one_row_explains_nothing(observed):
    only = changed(changed(changed(observed, "users", 1), "posts", user=0), "votes", user=0)
    score = observed_log_density(only, tiny("plurel"), [posterior_of("votes.user")])
    assert score.by("site")["user"] == 0 and score.by("site")["post"] == pytest.approx(-50 * np.log(40))
    assert score.notes == tuple(f"adds 0: tiny: {child}.user refers to users, which has one row" for child in ("posts", "votes"))


def test_keys_without_column_or_table_are_left_out(observed):
    gone = with_table(observed, "votes", observed.tables["votes"].drop(columns="user"))
    score = observed_log_density(gone, tiny("plurel"))
    assert score.notes == ("left out: tiny: votes.user is a key, and the table has no such column",)
    assert len(score.parts) == 2 + 3 + 2
    gone = with_table(observed, "users", observed.tables["users"].drop(columns="id"))
    assert ["which is no column of that table" in note for note in observed_log_density(gone, tiny("plurel")).notes] == [True] * 2
    score = observed_log_density(with_schema(observed, "votes", fkeys={"user": "shops", "post": "posts"}), tiny("plurel"))
    assert score.notes == ("left out: tiny: votes.user refers to shops, which is no table",)
    assert len(score.parts) == 2 + 3 + 2


def test_columns_are_left_out_where_a_key_is_broken_or_there_are_no_rows(observed):
    given = [xr.DataTree.from_dict({"/": xr.Dataset(attrs={"table": "votes"})})]
    for change, note in (
        ({"table": "users", "n_row": 1}, "left out: tiny: votes.user is 1 in row 1, which is no row of users"),
        ({"table": "votes", "n_row": 0}, "left out: tiny: columns of votes, which has no rows"),
    ):
        score = observed_log_density(changed(observed, **change), tiny("plurel"), given)
        assert score.notes[-1] == note and "features" not in score.by("stage")


def test_a_cycle_is_left_out(observed):
    score = observed_log_density(with_schema(observed, "users", fkeys={"id": "votes"}), tiny("plurel"))
    assert "graph" not in score.by("site") and score.by("site")["id"] == pytest.approx(-30 * np.log(50))
    assert len(score.notes) == 1 and "left out: tables refer to each other in a cycle" in score.notes[0]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (posterior_of("votes.user", affinity=np.nan), "votes.user cannot be used: "),
        (
            posterior_of("votes.user", affinity=[[[np.nan] * 2] * 2]),
            "votes.user cannot be used: block structure: affinities must be",
        ),
        (posterior_of("votes.user", affinity=[[["a"] * 2] * 2]), "votes.user cannot be used: "),
        (xr.DataTree.from_dict({"/": xr.Dataset(attrs={"key": "votes.user"})}), "votes.user cannot be used: "),
        (xr.DataTree.from_dict({"/": xr.Dataset(attrs={"key": np.arange(2)})}), r"no foreign key \[0 1\]"),
        (
            xr.DataTree.from_dict({"/": xr.Dataset(attrs={"table": "votes"})}),
            "votes cannot be used: there is no mechanisms; give one",
        ),
    ],
)
def test_posteriors_that_are_none_are_refused(observed, tree, message):
    with pytest.raises(DatabaseError, match=message):
        observed_log_density(observed, tiny("plurel"), [tree])


@pytest.mark.parametrize("damage", ["text", "cut", "folder", "other", "inside"])
def test_files_that_are_no_posteriors_are_one_line(tmp_path, capsys, monkeypatch, damage):
    path = tmp_path / "given.nc"
    if damage == "folder":
        path.mkdir()
    elif damage == "other":
        xr.Dataset({"x": [1.0]}).to_netcdf(path)
    else:
        posterior_of("votes.user").to_netcdf(path)
        content = path.read_bytes()
        path.write_bytes(b"no netCDF" if damage == "text" else content[: len(content) // 2])
    if damage == "inside":

        def broken(path, engine):
            raise RuntimeError("NetCDF: HDF error")

        monkeypatch.setattr(xr, "open_datatree", broken)
    folder_of(tmp_path, PARENTS, CHILDREN)
    with pytest.raises(SystemExit) as end:
        main(["score", str(tmp_path / "given"), "--given", str(path)])
    told = capsys.readouterr()
    assert end.value.code == 2 and len(told.err.strip().splitlines()) == 1
    assert ("did not write" if damage == "other" else "given.nc: cannot be read: ") in told.err


def test_the_command_names_what_it_leaves_out(tmp_path, capsys):
    folder = folder_of(tmp_path, PARENTS.assign(id=[0, 1, 2, 2, 4]), CHILDREN)
    score_command(str(folder))
    assert "left out: given: children.of refers to parents.id, which is 2 in row 3 and before" in capsys.readouterr().out
    folder = folder_of(tmp_path / "second", PARENTS, CHILDREN.drop(columns="of"))
    with pytest.raises(DatabaseError, match="children has no column of"):
        observe(folder)
    score_command(str(folder))
    printed = capsys.readouterr().out
    assert "left out: given: children.of is a key, and the table has no such column" in printed and "n_row_activity" in printed


def test_the_command_scores_tables(observed, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys.modules[score_command.__module__], "opened", lambda source: observed)
    score_command(str(tmp_path / "tiny"), out=tmp_path / "parts.csv")
    assert "tiny: log density -inf nats" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "parts.csv")) == 2 + len(SIZES) + 3
