"""Stage 3: how the times of a table's rows are spread over the window."""

import jax.numpy as jnp
import numpyro
from numpyro.handlers import mask

from plurel_prob.distributions import RandomKey
from plurel_prob.models.schema import Schema
from plurel_prob.priors.features import RealisticPrior


def times(prior: RealisticPrior, schema: Schema) -> None:
    """Draw what the times of every table with times follow: their grain, bursts, trend, seasons, and lags after parents.

    The times themselves are a function of these, of the row and of its parents: :mod:`plurel_prob.databases.row_times`.
    """
    with numpyro.plate("table", len(schema.n_row), dim=-1), mask(mask=schema.has_time):
        numpyro.sample("time_grain", prior.time_grain)
        numpyro.sample("time_burst", prior.time_burst)
        numpyro.sample("time_trend", prior.time_trend)
        numpyro.sample("time_season", prior.time_season)
        numpyro.sample("time_lag", prior.time_lag)
        numpyro.sample("time_key", RandomKey(jnp.shape(schema.n_row)))
