"""The log density of a database, site by site."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.errors import DatabaseError
from plurel_prob.models.database import Bucket
from plurel_prob.priors import Prior
from plurel_prob.programs.densities import structure_densities, values_densities
from plurel_prob.programs.layout import form_of, structure_layout
from plurel_prob.replay.sites import bucket_of_latents, check_complete, sites_of

LEVELS = ("stage", "table", "site")
UNITS = ("nodes", "columns")


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

    def impossible(self) -> list[str]:
        """What the prior cannot draw, the sites with a density of zero, each with the tables where it has."""
        zero = self.parts[self.parts["log_density"] == -np.inf]
        tables = zero.groupby("site", sort=False)["table"].agg(lambda names: ", ".join(filter(None, names)))
        return [f"{site} ({names})" if names else str(site) for site, names in tables.items()]

    def __float__(self) -> float:
        return self.total


def log_density(database: Database, *, units: Literal["nodes", "columns"] = "nodes") -> Score:
    r"""Log density of a draw under its prior, :math:`\log p(x, z)`, from its latents.

    Every latent counts: discrete choices with their probability, real numbers with their density, random keys with
    :math:`-64 \log 2`. Node values have a density under compact mechanisms; under PluRel's they are a function of the other
    latents and add nothing. Densities are computed in 32 bits, and added up in 64.

    A number's density has a unit. With ``units="nodes"`` it is that of the node, before the transform f of a column. With
    ``units="columns"`` it is that of the cells that tables show, and a part ``column`` says what this changes,
    :math:`-\sum \log |f'(x)|`. What is not shown (other nodes, dimensions behind the first, missing cells, cells that a
    transform clips, ranks) stays as it is. Statistics of the pilot rows, by which a column is standardised, count as constants.
    Two explanations of the same tables, such as two transforms of a column, can be compared in units of columns only.
    They are joint densities of tables and latents, not evidence: nothing is integrated out.

    Args:
        database: drawn, or read back from disk: the score is the same.
        units: of the densities of numbers.

    Raises:
        DatabaseError: the database was written part by part, so that not all its latents were kept; values of columns were
            given by hand; or units of columns are asked for, and the mechanisms give values no density.

    Example:
        >>> import plurel_prob
        >>> score = plurel_prob.log_density(plurel_prob.sample(seed=0))  # doctest: +SKIP
        >>> score.by("stage")  # doctest: +SKIP
    """
    if units not in UNITS:
        raise ValueError(f"a score is in units of {' or '.join(UNITS)}; got {units!r}")
    if units == "columns" and not database.prior.features.has_density:
        mechanism = database.prior.features.mechanism
        raise DatabaseError(f"{database.name}: {mechanism} mechanisms give values no density; score it in units of nodes")
    if database.by_hand:
        raise DatabaseError(f"{database.name}: values were given by hand ({', '.join(database.by_hand)}); score a plain draw")
    latents = database.read_latents()
    check_complete(latents)
    bucket, n_table = bucket_of_latents(latents), int(latents["prior"].variables["n_table"][0])
    rows = []
    for name, log_prob in site_log_probs(database.prior, bucket, sites_of(latents, database.prior, bucket), units).items():
        stage, _, site = name.partition("/")
        if log_prob.ndim == 0:
            rows.append((stage, "", site, float(log_prob)))
        else:
            rows += [(stage, table_name(table), site, float(log_prob[table].sum())) for table in range(n_table)]
    return Score(pd.DataFrame(rows, columns=["stage", "table", "site", "log_density"]))


def site_log_probs(prior: Prior, bucket: Bucket, sites: dict[str, Any], units: str = "nodes") -> dict[str, np.ndarray]:
    """Log densities of the elements of each site, in the order of the program; the first axis, if there is one, is tables.
    In units of columns, ``features/column`` is what these change.
    """
    of_structure, of_values = structure_layout(prior), sites.keys() - structure_layout(prior).keys()
    known, densities = structure_densities(prior)({name: sites[name] for name in of_structure})
    run = values_densities(prior, bucket, form_of(known), with_slopes=units == "columns")
    found = run(known, {name: sites[name] for name in of_values})
    densities = {**densities, **found.of_sites}
    log_probs = {name: np.asarray(densities[name].log_prob, np.float64) for name in sites}
    return log_probs if found.log_slope is None else log_probs | {"features/column": -np.asarray(found.log_slope, np.float64)}
