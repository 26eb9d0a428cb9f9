"""The prior of a whole database, and its record."""

import dataclasses
import hashlib
import inspect
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpyro.distributions import Distribution

from plurel_prob.errors import PriorError
from plurel_prob.priors.features import FeaturePrior, PluRelPrior
from plurel_prob.priors.stages import KindsSchemaPrior, LinkPrior, SchemaPrior

_NOT_RECORDED = ("self", "validate_args")
PROGRAM_VERSION = 4  # of what a prior and a seed draw; raised by every change of a draw


@dataclass(frozen=True, eq=False)
class Prior:
    """What is random about a database, and how: one part a stage.

    Two priors are equal if their records are: the same distributions with the same parameters.
    """

    name: str = "plurel"
    schema: SchemaPrior = field(default_factory=KindsSchemaPrior)
    links: LinkPrior = field(default_factory=LinkPrior)
    features: FeaturePrior = field(default_factory=PluRelPrior)

    def record(self) -> dict[str, Any]:
        """Return the prior as nested tables of names and numbers, the form of a prior file."""
        stages = {stage: record(getattr(self, stage)) for stage in ("schema", "links", "features")}
        stages["features"]["mechanism"] = self.features.mechanism
        if self.links.law != LinkPrior.law:  # records from before there was a choice do not say it
            stages["links"]["law"] = self.links.law
        if self.schema.law != KindsSchemaPrior.law:
            stages["schema"]["law"] = self.schema.law
        return stages

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the record and the version of the programs: the name of the model by its content."""
        content = json.dumps({"program": PROGRAM_VERSION, "prior": self.record()}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prior) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def record(value: Any) -> Any:
    """Return a prior, distribution or parameter as plain tables, lists and numbers."""
    if isinstance(value, Distribution):
        names = [name for name in inspect.signature(type(value).__init__).parameters if name not in _NOT_RECORDED]
        if not all(hasattr(value, name) for name in names):
            raise PriorError(f"the parameters of {type(value).__name__} cannot be recorded")
        parameters = {name: record(getattr(value, name)) for name in names}
        return {type(value).__name__: {name: x for name, x in parameters.items() if x is not None}}
    if dataclasses.is_dataclass(value):
        return {item.name: record(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        return [record(item) for item in value]
    array = np.asarray(value)
    if array.ndim:
        return [record(item) for item in array]
    # a 32-bit number as the shortest decimal that stands for it, which is what a person wrote
    return float(str(array)) if array.dtype.kind == "f" else array.item()
