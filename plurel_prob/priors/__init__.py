"""Priors: what is random about a database, and how. Named ones, and those of TOML files."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpyro.distributions as dist
from numpyro.distributions import DiscreteUniform

from plurel_prob.distributions import GraphFamily, TruncatedZipf
from plurel_prob.errors import PriorError, shown
from plurel_prob.priors.features import CompactPrior, FeaturePrior, PluRelPrior, RealisticPrior
from plurel_prob.priors.prior import PROGRAM_VERSION, Prior
from plurel_prob.priors.stages import (
    ROW_FIELDS,
    GraphPrior,
    GrowingSchemaPrior,
    KindsSchemaPrior,
    LinkPrior,
    PopularLinkPrior,
    SchemaPrior,
    check_rows,
)
from plurel_prob.priors.toml import nearest, override, read_prior


def plurel() -> Prior:
    """Return PluRel's figures, with at most 5 foreign keys a table by the law of the schema."""
    return Prior(name="plurel")


def plurel_untruncated() -> Prior:
    """Return PluRel's figures with the paper's untruncated law: any number of foreign keys a table."""
    return Prior(name="plurel-untruncated", schema=replace(KindsSchemaPrior(), max_parent=1000))


def compact() -> Prior:
    """Return PluRel's schemas and links with compact mechanisms: cheap, and values have an exact density."""
    return Prior(name="compact", features=CompactPrior())


def realistic() -> Prior:
    """Return tables, keys, columns and times that vary as those of real databases do, with compact mechanisms."""
    schema = GrowingSchemaPrior(
        graph=GraphPrior(family=GraphFamily(["BarabasiAlbert", "ErdosRenyi"]), edge_prob=dist.Uniform(0.05, 0.13)),
        n_table=dist.DiscreteUniform(4, 16),
        n_column=TruncatedZipf(1.3, 1, 40),
        categorical_prob=0.08,
        n_category=TruncatedZipf(1.0, 2, 10),
    )
    return Prior(name="realistic", schema=schema, links=PopularLinkPrior(), features=RealisticPrior())


PRIORS: dict[str, Callable[[], Prior]] = {
    "plurel": plurel,
    "plurel-untruncated": plurel_untruncated,
    "compact": compact,
    "realistic": realistic,
}


def scale_rows(prior: Prior, scale: int) -> Prior:
    """Return a prior whose tables have ``scale`` times the rows.

    Raises:
        PriorError: rows are not uniform between two numbers, or there are too many.
    """
    if scale == 1:
        return prior
    if not isinstance(prior.schema, KindsSchemaPrior):
        raise PriorError(f"schema.law is {prior.schema.law}; its rows do not scale: give its fields in a prior file")
    rows = {}
    for field in ROW_FIELDS:
        law = getattr(prior.schema, field)
        if not isinstance(law, DiscreteUniform):
            raise PriorError(
                f"schema.{field} is {type(law).__name__}; only DiscreteUniform rows scale: give them in a prior file"
            )
        check_rows(field, int(law.high) * scale)
        rows[field] = {"DiscreteUniform": [int(law.low) * scale, int(law.high) * scale]}
    return override(prior, {"schema": rows})


def get_prior(prior: "Prior | str | Path") -> Prior:
    """Return a prior by its name, by the path of a TOML file, or as it is.

    Raises:
        PriorError: the name is unknown, or the file is missing or wrong; the message says where and names what is nearest.
    """
    if isinstance(prior, Prior):
        return prior
    if str(prior) in PRIORS:
        return PRIORS[str(prior)]()
    path = Path(prior)
    if path.suffix == ".toml" or os.path.exists(path):
        return read_prior(path, PRIORS)
    raise PriorError(f"unknown prior {shown(str(prior))!r}, which is no .toml file either{nearest(str(prior), list(PRIORS))}")


__all__ = [
    "PRIORS",
    "PROGRAM_VERSION",
    "CompactPrior",
    "FeaturePrior",
    "GraphPrior",
    "GrowingSchemaPrior",
    "KindsSchemaPrior",
    "LinkPrior",
    "PluRelPrior",
    "PopularLinkPrior",
    "Prior",
    "PriorError",
    "RealisticPrior",
    "SchemaPrior",
    "get_prior",
    "override",
    "scale_rows",
]
