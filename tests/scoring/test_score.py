import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import plurel_prob
from plurel_prob.cli.score import score as score_command
from plurel_prob.databases import ObservedDatabase
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.schema import graph_log_prob, table_graph
from plurel_prob.scoring.observed import observed_log_density
from tests.models.tiny import tiny

SIZES = {"users": 30, "posts": 40, "votes": 50}
KEYS = {"users": {}, "posts": {"user": "users"}, "votes": {"user": "users", "post": "posts"}}


@pytest.fixture
def observed():
    frames = {name: pd.DataFrame({"id": range(n)} | {key: np.arange(n) % 20 for key in KEYS[name]}) for name, n in SIZES.items()}
    schemas = {name: TableSchema(n, {}, "id", None, KEYS[name]) for name, n in SIZES.items()}
    return ObservedDatabase("tiny", frames, schemas)


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


def test_the_command_scores_tables(observed, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys.modules[score_command.__module__], "observe", lambda path: observed)
    score_command(tmp_path / "tiny", out=tmp_path / "parts.csv")
    assert "tiny: log density -inf nats" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "parts.csv")) == 2 + len(SIZES) + 3
