"""Latents of many databases as draws."""

import numpy as np
import pytest

from plurel_prob import DatabaseError, draws_of, sample
from plurel_prob.databases import Database, DatabaseSchema
from tests.models.tiny import tiny


def test_draws_have_the_latents_of_each_database():
    databases = [sample(seed, tiny("compact")) for seed in (3, 4, 5)]
    prior = draws_of(iter(databases))["prior"]
    n_table = [len(database.tables) for database in databases]
    assert prior.sizes["chain"] == 1 and prior.sizes["draw"] == 3 and prior.sizes["table"] == max(n_table)
    assert prior["n_table"].values.tolist() == [n_table]
    assert prior["n_cell"].values.tolist() == [[database.n_cell for database in databases]]
    for draw, database in enumerate(databases):
        of_draw = prior.isel(chain=0, draw=draw)
        assert of_draw["family"].item() == database.latents["prior"].family.item()
        for place in range(max(n_table)):
            of_table = of_draw.isel(table=place)
            if place < n_table[draw]:
                latents = database.latents[f"prior/table_{place}"]
                assert of_table["table_family"].item() == latents.family.item()
                np.testing.assert_allclose(of_table["noise_level"], latents.noise_level.item())
                assert of_table["n_row"] == len(database.tables[f"table_{place}"])
            else:
                assert of_table["table_family"].item() == "" and np.isnan(of_table["noise_level"])


def test_what_was_not_drawn_has_none():
    with pytest.raises(DatabaseError, match="no latents"):
        draws_of([Database("real", {}, DatabaseSchema({}))])
    with pytest.raises(ValueError, match="no databases"):
        draws_of([])
