"""The log density of a database, site by site."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.errors import DatabaseError
from plurel_prob.replay.programs import score_program
from plurel_prob.replay.sites import bucket_of_latents, check_complete, sites_of

LEVELS = ("stage", "table", "site")


@dataclass(frozen=True)
class Score:
    """A log density and what it adds up from.

    Attributes:
        parts: a row for each site and table, with columns ``stage``, ``table`` (empty for sites that a database has once),
            ``site`` and ``log_density``, in nats.
        notes: what is left out, as it cannot be scored, and keys that add 0, as there is nothing to explain; with reasons.
    """

    parts: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """The joint log density of everything, in nats."""
        return float(self.parts["log_density"].sum())

    def by(self, level: str) -> pd.Series:
        """Log densities added up by ``stage``, ``table`` or ``site``.

        Raises:
            ValueError: there is no such level.
        """
        if level not in LEVELS:
            raise ValueError(f"a score adds up by {', '.join(LEVELS)}; got {level!r}")
        return self.parts.groupby(level, sort=False)["log_density"].sum()

    def __float__(self) -> float:
        return self.total


def log_density(database: Database) -> Score:
    r"""Log density of a draw under its prior, :math:`\log p(x, z)`, from its latents.

    Every latent counts: discrete choices with their probability, real numbers with their density, random keys with
    :math:`-64 \log 2`. Node values have a density under compact mechanisms (in the units of nodes, before the transforms of
    columns); under PluRel's they are a function of the other latents and add nothing. Sums are computed in 32 bits a site and
    table, and added up in 64.

    Args:
        database: drawn, or read back from disk: the score is the same.

    Raises:
        DatabaseError: the database was written part by part, so that not all its latents were kept, or values of columns were
            given by hand.

    Example:
        >>> import plurel_prob
        >>> score = plurel_prob.log_density(plurel_prob.sample(seed=0))  # doctest: +SKIP
        >>> score.by("stage")  # doctest: +SKIP
    """
    if database.by_hand:
        raise DatabaseError(f"{database.name}: values were given by hand ({', '.join(database.by_hand)}); score a plain draw")
    latents = database.read_latents()
    check_complete(latents)
    bucket = bucket_of_latents(latents)
    sites = jax.tree.map(jnp.asarray, sites_of(latents, database.prior, bucket))
    log_densities = jax.device_get(score_program(database.prior, bucket)(sites))
    rows = []
    for name in sites:  # in the order of the program
        stage, _, site = name.partition("/")
        if log_densities[name].ndim == 0:
            rows.append((stage, "", site, float(log_densities[name])))
        else:
            per_table = enumerate(log_densities[name][: int(latents["prior"].variables["n_table"][0])].astype(np.float64))
            rows += [(stage, table_name(table), site, float(value)) for table, value in per_table]
    return Score(pd.DataFrame(rows, columns=["stage", "table", "site", "log_density"]))
