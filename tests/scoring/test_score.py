import jax
import numpy as np
import pandas as pd
import pytest
from numpyro.infer.util import log_density as numpyro_log_density

import plurel_prob
from plurel_prob.models.database import database as program
from plurel_prob.replay.sites import bucket_of_latents
from tests.models.tiny import SEED, tiny


@pytest.mark.parametrize("name", ["compact", "plurel"])
def test_the_score_is_numpyros_density_of_the_draw_and_survives_the_disk(name, tmp_path):
    prior = tiny(name)
    database = plurel_prob.sample(SEED, prior)
    score = plurel_prob.log_density(database)
    bucket = bucket_of_latents(database.latents)
    expected = jax.jit(lambda sites: numpyro_log_density(program, (prior, bucket), {}, sites)[0])(database._draw.sites)
    np.testing.assert_allclose(score.total, float(expected), rtol=1e-5)
    for level in ("stage", "table", "site"):
        np.testing.assert_allclose(score.by(level).sum(), score.total, rtol=1e-9)
    loaded = plurel_prob.load(database.save(tmp_path / database.name))
    assert plurel_prob.log_density(loaded).parts.equals(score.parts)


def test_levels_are_checked():
    with pytest.raises(ValueError, match="stage, table, site"):
        plurel_prob.Score(pd.DataFrame({"log_density": [0.0]})).by("column")
