"""A prior whose keys have popular parents: draws, their latents on disk, scores, counterfactuals, prior files."""

import numpy as np
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.errors import PriorError
from plurel_prob.priors import PopularLinkPrior, get_prior, override
from tests.models.tiny import SEED, tiny

LINKS = {
    "law": "popular",
    "popularity_level": {"Uniform": [0.95, 1.0]},
    "cover_prob": 0.0,
    "popularity": {"Uniform": [1.9, 2.0]},
    "inactive_rate": {"Uniform": [0.4, 0.5]},
    "repeat_prob": {"Uniform": [0.6, 0.7]},
}
PRIOR = override(tiny("compact"), {"links": LINKS})


@pytest.fixture(scope="module")
def database():
    return plurel_prob.sample(SEED, PRIOR)


def test_keys_have_popular_parents_parents_without_children_and_runs(database):
    n_run = n_row = n_gone = n_parent = 0
    for child, key, parent in database.schema.foreign_keys:
        row, n = database.parent_row(child, key), len(database.tables[parent])
        n_run, n_row = n_run + int((np.diff(row) == 0).sum()), n_row + len(row) - 1
        n_gone, n_parent = n_gone + n - len(np.unique(row)), n_parent + n
        assert np.bincount(row, minlength=n).max() > 3 * len(row) / n
    assert n_row > 300 and n_run / n_row > 0.55 and n_gone / n_parent > 0.35


def test_scores_and_counterfactuals_read_latents_from_disk(database, tmp_path):
    score = plurel_prob.log_density(database)
    assert np.isfinite(score.parts["log_density"]).all()
    assert {"popularity", "inactive_rate", "repeat_prob", "popularity_key"} <= set(score.by("site").index)
    loaded = plurel_prob.load(database.save(tmp_path / "drawn"))
    assert plurel_prob.log_density(loaded).parts.equals(score.parts)
    child, key, _ = database.schema.foreign_keys[0]
    assert loaded.latents[f"prior/{child}"].popularity.dims == ("chain", "draw", "foreign_key")
    column = next(iter(database.schema.tables[child].columns))
    same = loaded.do({f"{child}.{column}": database.tables[child][column]})
    pd.testing.assert_series_equal(same.tables[child][key], database.tables[child][key])


def test_a_prior_file_chooses_the_law(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "compact"\n[links]\nlaw = "popular"\nrepeat_prob = { Uniform = [0.1, 0.2] }\n')
    prior = get_prior(path)
    assert isinstance(prior.links, PopularLinkPrior) and prior.links.repeat_prob.high == pytest.approx(0.2)
    assert prior.record()["links"]["law"] == "popular" and "law" not in get_prior("compact").record()["links"]
    assert override(get_prior("compact"), prior.record()) == prior
    path.write_text('[links]\nlaw = "popluar"\n')
    with pytest.raises(PriorError, match="links.law: unknown law 'popluar'; did you mean 'popular'?"):
        get_prior(path)
    path.write_text("[links]\nrepeat_prob = { Uniform = [0.1, 0.2] }\n")
    with pytest.raises(PriorError, match="links.repeat_prob: unknown field"):
        get_prior(path)
