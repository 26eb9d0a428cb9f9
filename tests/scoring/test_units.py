"""Scores in units of columns, against transforms written again in 64 bits and their slopes by differences."""

import numpy as np
import pytest
from scipy.special import ndtr

import plurel_prob
from plurel_prob.cli.score import score as score_command
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.errors import DatabaseError
from tests.models.tiny import SEED, tiny

PRIOR = tiny("compact")


def reference(name, x, shape, mean, std):
    """A transform of numbers in 64 bits, but for ranks."""
    standard = (x - mean) / std
    unit = np.clip(ndtr(standard), 1e-4, 1 - 1e-4)

    def between(low, high, point):
        return low * (high / low) ** point

    return {
        "identity": lambda: x,
        "standardise": lambda: standard,
        "kumaraswamy": lambda: (1 - (1 - unit) ** (1 / between(0.3, 5, shape[1]))) ** (1 / between(0.3, 5, shape[0])),
        "lognormal": lambda: np.exp(between(0.1, 2, shape[0]) * np.clip(standard, -6, 6)),
        "pareto": lambda: (1 - unit) ** (-1 / between(1, 10, shape[0])),
        "exponential": lambda: -np.log1p(-unit) * between(0.1, 10, shape[0]),
    }[name]()


def log_slope_of(database, table):
    """Sum over the shown numbers of a table, of whose ranks the slope is 0, and the names of the transforms that it has."""
    latents = database.read_latents()[f"prior/{table}"].variables
    of = {name: value for name, (value, _) in latents.items()}
    line = np.cumsum(of["n_dim"]) - of["n_dim"]
    total, seen = 0.0, set()
    for column, node in enumerate(of["column_node"]):
        if of["is_categorical"][node]:
            continue
        name, x = list(TRANSFORMS)[of["transform_palette"][of["transform"][column]]], of["value"][line[node]].astype(np.float64)
        seen.add(name)
        if name == "rank":
            continue
        cells = database.tables[table][f"feature_{column}"].to_numpy(np.float64, na_value=np.nan)
        shown, (mean, std) = ~np.isnan(cells), (x.mean(), x.std())
        shape, h = of["transform_shape"][column].astype(np.float64), 1e-5
        np.testing.assert_allclose(reference(name, x, shape, mean, std)[shown], cells[shown], rtol=2e-3, atol=2e-4)
        sides = [reference(name, x + step, shape, mean, std)[shown] for step in (h, -h)]
        slope = (sides[0] - sides[1]) / (2 * h)
        total += np.log(slope[slope > 0]).sum()
    return total, seen


def test_units_of_columns_are_a_change_of_variables():
    """Six databases have all transforms between them."""
    seen = set()
    for seed in range(6):
        database = plurel_prob.sample(seed, PRIOR)
        nodes, columns = (plurel_prob.log_density(database, units=units).parts for units in ("nodes", "columns"))
        change = columns[columns["site"] == "column"]
        assert columns[columns["site"] != "column"].equals(nodes) and list(change["table"]) == list(database.tables)
        for table, found in zip(change["table"], change["log_density"], strict=True):
            expected, names = log_slope_of(database, table)
            seen |= names
            assert found == pytest.approx(-expected, rel=1e-3, abs=0.05), (seed, table)
    assert seen == set(PRIOR.features.transform.names)


def test_units_are_checked(tmp_path):
    database = plurel_prob.sample(SEED, tiny("plurel"))
    with pytest.raises(DatabaseError, match="plurel mechanisms give values no density"):
        plurel_prob.log_density(database, units="columns")
    with pytest.raises(DatabaseError, match="--units columns: only a drawn database"):
        score_command(str(database.save(tmp_path / "drawn")), units="columns", prior="plurel")
