"""Average effects of one column on another, by paired draws."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jax import random

from plurel_prob.databases.database import Database
from plurel_prob.databases.tables import column_values
from plurel_prob.errors import DatabaseError
from plurel_prob.interventions.columns import find_column
from plurel_prob.interventions.counterfactual import Noise, Replay
from plurel_prob.interventions.requests import Request
from plurel_prob.models.database import Draw

NOISE_KEY = "features/noise_key"  # of mechanisms whose values are a function of keys


@dataclass(frozen=True)
class AverageEffect:
    """An average effect.

    Attributes:
        differences: a row a pair of draws; a column for the outcome, or one for each of its categories.
    """

    differences: pd.DataFrame

    @property
    def mean(self) -> pd.Series:
        """Mean difference over the pairs."""
        return self.differences.mean()

    @property
    def standard_error(self) -> pd.Series:
        """Standard error of the mean; NaN of one pair."""
        return self.differences.std(ddof=1) / np.sqrt(len(self.differences))


def average_effect(
    database: Database, cause: str, outcome: str, values: tuple[Request, Request] | None, n_draw: int
) -> AverageEffect:
    """Estimate an average effect; see :meth:`Database.effect`."""
    if n_draw < 1:
        raise DatabaseError(f"n_draw must be at least 1, got {n_draw}")
    find_column(database, outcome)
    low, high = values or default_values(database, cause)
    replay = database.replay
    settings = [replay.intervention({cause: value})[0] for value in (low, high)]
    differences = []
    for index in range(n_draw):
        noise = replay.noise if index == 0 else other_noise(replay, index)
        before, after = (_mean_outcome(replay, replay.run(setting, noise), outcome) for setting in settings)
        differences.append(after - before)
    return AverageEffect(pd.DataFrame(differences))


def other_noise(replay: Replay, index: int) -> Noise:
    """Noise of another draw with the same mechanisms."""
    key = random.fold_in(replay.noise.key, index)
    shape = replay.sites[NOISE_KEY].shape if NOISE_KEY in replay.sites else None
    return Noise(key, {} if shape is None else {NOISE_KEY: np.asarray(random.bits(key, shape, np.uint32))})


def _mean_outcome(replay: Replay, draw: Draw, outcome: str) -> pd.Series:
    """Mean of a column over its rows; of a categorical one the share of each category."""
    column = find_column(replay.database, outcome)
    value = column_values(draw, column.table)[column.index].astype(np.float64)
    if column.kind == "numerical":
        return pd.Series({outcome: np.nanmean(value)})
    if column.kind == "boolean":
        return pd.Series({outcome: (value > 0).mean()})
    labels = replay.database.tables[column.table_name][column.name].cat.categories
    return pd.Series({label: (value == code).mean() for code, label in enumerate(labels)})


def default_values(database: Database, cause: str) -> tuple[Request, Request]:
    """Two settings to compare: the quartiles of a number, false and true, or the first two categories that occur."""
    column = find_column(database, cause)
    shown = database.tables[column.table_name][column.name]
    if column.kind == "numerical":
        low, high = shown.quantile([0.25, 0.75], interpolation="nearest")
        return low, high
    if column.kind == "boolean":
        return False, True
    first, second = [label for label in shown.cat.categories if (shown == label).any()][:2]
    return first, second
