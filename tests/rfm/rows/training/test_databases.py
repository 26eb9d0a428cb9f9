"""Databases that are drawn on the way."""

import jax
import numpy as np
import pandas as pd
import pytest

from plurel_prob import sample
from plurel_prob.rfm.columns import NEVER
from plurel_prob.rfm.rows.features import read_tables
from plurel_prob.rfm.rows.training import Fresh
from tests.models.tiny import tiny

PRIOR = tiny("compact")


@pytest.mark.parametrize("has_processor", [True, False])
def test_they_are_those_that_sample_draws_whatever_the_platforms(has_processor, monkeypatch):
    of_jax = jax.devices

    def devices(platform=None):
        if platform == "cpu" and not has_processor:
            raise RuntimeError("Unknown backend cpu")
        return of_jax(platform)

    monkeypatch.setattr(jax, "devices", devices)
    database = sample(11, PRIOR)
    expected = read_tables(database.tables, database.schema.tables, NEVER)
    found = Fresh([PRIOR], 10).tables(1)
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        np.testing.assert_array_equal(found[name].time, numbers.time)
        pd.testing.assert_frame_equal(pd.DataFrame(found[name].value), pd.DataFrame(numbers.value), check_exact=True)
