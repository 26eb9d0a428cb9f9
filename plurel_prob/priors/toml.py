"""Priors from TOML files: fields overridden by naming a distribution. Nothing in a file is executed."""

import dataclasses
import difflib
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpyro.distributions as numpyro_distributions
from numpyro.distributions import Distribution

from plurel_prob import distributions as own_distributions
from plurel_prob.documents import read_toml
from plurel_prob.errors import DatabaseError, PriorError, reason, shown
from plurel_prob.priors.features import FEATURE_PRIORS, FeaturePrior
from plurel_prob.priors.fields import check_field
from plurel_prob.priors.prior import Prior
from plurel_prob.priors.stages import LINK_PRIORS, SCHEMA_PRIORS, LinkPrior, SchemaPrior

STAGES = ("schema", "links", "features")
# stages that have several laws: what a file calls the choice, and the priors
FAMILIES_OF: dict[type, tuple[str, Mapping[str, type]]] = {
    FeaturePrior: ("mechanism", FEATURE_PRIORS),
    LinkPrior: ("law", LINK_PRIORS),
    SchemaPrior: ("law", SCHEMA_PRIORS),
}
# laws whose draws have a size that an argument gives, beside those of which NumPyro says that they draw vectors or matrices
OF_ARRAYS = {"Multinomial", "ZeroSumNormal", "EulerMaruyama", "ImproperUniform", "ExpandedDistribution", "Independent", "HSBM"}
OF_ARRAYS |= {"PopularHSBM", "GrowingCounts", "Arrangement", "RandomKey", "RandomGraph", "GraphLaw", *own_distributions.FAMILIES}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known names that resemble ``name``, or all of them if few."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(sorted(known))}" if len(known) <= 12 else ""


def known_distributions() -> dict[str, Callable[..., Distribution]]:
    """Return the distributions that a prior file may name: NumPyro's and those of this package."""
    known: dict[str, Callable[..., Distribution]] = {}
    for module in (numpyro_distributions, own_distributions):
        for name in module.__all__:
            item = getattr(module, name)
            is_class = inspect.isclass(item) and issubclass(item, Distribution) and item is not Distribution
            if is_class or inspect.isfunction(item) and name[0].isupper():
                known[name] = item
    return known


def read_prior(path: Path, named: Mapping[str, Callable[[], Prior]]) -> Prior:
    """Read a prior file: ``base`` names the prior it starts from, the tables override fields.

    Raises:
        PriorError: the message names file, key and the nearest valid name.
    """
    if not os.path.exists(path):  # unlike Path.exists, it takes names that no file can have
        raise PriorError(f"{path}: no such prior file")
    try:
        content = read_toml(path)
    except DatabaseError as error:
        raise PriorError(str(error)) from None
    base = content.pop("base", "plurel")
    if not isinstance(base, str) or base not in named:
        raise PriorError(f"{path}: base: unknown prior {shown(base)!r}{nearest(shown(base), named)}")
    try:
        return override(dataclasses.replace(named[base](), name=path.stem), content)
    except PriorError as error:
        raise PriorError(f"{path}: {error}") from None


def override(prior: Prior, content: Mapping[str, Any]) -> Prior:
    """Return ``prior`` with the fields in ``content`` (a table a stage) replaced.

    Raises:
        PriorError: an unknown field, distribution or parameter, or a distribution that does not fit the field.
    """
    for stage in content:
        if stage not in STAGES:
            raise PriorError(f"{shown(stage)}: unknown key{nearest(stage, (*STAGES, 'base'))}")
    stages = {stage: _override_fields(getattr(prior, stage), table, stage) for stage, table in content.items()}
    return dataclasses.replace(prior, **stages)


def _law_of(part: Any, name: str) -> str:
    """Return a hint with the law of a stage that has a field, if another than that of ``part`` has it."""
    for kind, (named, priors) in FAMILIES_OF.items():
        having = [law for law, of in priors.items() if name in {field.name for field in dataclasses.fields(of)}]
        if isinstance(part, kind) and having:
            return f"; it is one of {named} = {having[0]!r}"
    return ""


def _override_fields(part: Any, table: Any, key: str) -> Any:
    if not isinstance(table, Mapping):
        raise PriorError(f"{key}: needs a table, got {shown(table)}")
    table = dict(table)
    for kind, (named, priors) in FAMILIES_OF.items():
        if isinstance(part, kind) and named in table:
            part = _of_family(part, named, table.pop(named), priors, key)
    fields = {field.name: field for field in dataclasses.fields(part)}
    changes = {}
    for name, value in table.items():
        if name not in fields:
            raise PriorError(f"{key}.{shown(name)}: unknown field{_law_of(part, name) or nearest(name, fields)}")
        old = getattr(part, name)
        if dataclasses.is_dataclass(old):
            changes[name] = _override_fields(old, value, f"{key}.{name}")
            continue
        changes[name] = parse_distribution(value, f"{key}.{name}") if isinstance(old, Distribution) else value
        try:
            check_field(fields[name], changes[name])
        except PriorError as error:
            raise PriorError(f"{key}.{error}") from None
    try:
        return dataclasses.replace(part, **changes)
    except PriorError as error:
        raise PriorError(f"{key}.{error}") from None


def _of_family(part: Any, named: str, name: Any, priors: Mapping[str, type], key: str) -> Any:
    """Return the prior of another family at its defaults, or ``part`` if it is of that family."""
    if not isinstance(name, str) or name not in priors:
        raise PriorError(f"{key}.{named}: unknown {named} {shown(name)!r}{nearest(shown(name), priors)}")
    return part if getattr(part, named) == name else priors[name]()


def parse_distribution(value: Any, key: str) -> Distribution:
    """Return the distribution that ``{ Name = [arguments] }`` or ``{ Name = { parameter = argument } }`` names.

    Raises:
        PriorError: the name, a parameter or an argument is wrong; the message starts with ``key``.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise PriorError(f"{key}: needs one distribution, such as {{ DiscreteUniform = [3, 6] }}; got {shown(value)}")
    [(name, arguments)] = value.items()
    known = known_distributions()
    if name not in known:
        raise PriorError(f"{key}: unknown distribution {shown(name)!r}{nearest(name, known)}")
    if name in OF_ARRAYS or _event_dim(known[name]) > 0:
        raise PriorError(f"{key}: {name} draws vectors, matrices or graphs; a field needs a distribution of numbers")
    signature = inspect.signature(known[name])
    parameters = [parameter for parameter in signature.parameters if parameter != "validate_args"]
    if isinstance(arguments, Mapping):
        for parameter in arguments:
            if parameter not in parameters:
                raise PriorError(f"{key}: {name} has no parameter {shown(parameter)!r}{nearest(parameter, parameters)}")
        positional: tuple[Any, ...] = ()
        keywords = {p: _argument(x, f"{key}.{p}") for p, x in arguments.items()}
    else:
        # a list is one argument each, unless the distribution takes a single one, which is the list
        is_each = isinstance(arguments, list) and len(parameters) > 1
        positional = tuple(arguments) if is_each else (arguments,)
        positional, keywords = tuple(_argument(x, key) for x in positional), {}
    try:
        return known[name](*positional, **keywords, validate_args=True)
    except Exception as error:  # of many constructors, whatever they make of wrong arguments
        raise PriorError(f"{key}: {name}{signature_text(parameters)}: {reason(error)}") from None


def _event_dim(law: Callable[..., Distribution]) -> int:
    """Dimensions of a draw, as far as a class says it; 0 otherwise."""
    try:
        return int(law.support.event_dim)  # type: ignore[attr-defined]
    except (AttributeError, NotImplementedError, TypeError):
        return 0


def signature_text(parameters: Iterable[str]) -> str:
    """Return the parameters as a person would look them up."""
    return f"({', '.join(parameters)})"


def _argument(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return parse_distribution(value, key)
    if isinstance(value, list):
        items = [_argument(item, key) for item in value]
        if not any(isinstance(item, (float, np.ndarray)) for item in items):
            return items
        try:
            return np.asarray(items, np.float32)
        except ValueError:
            raise PriorError(f"{key}: needs numbers, or lists of numbers that are equally long, got {shown(value)}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise PriorError(f"{key}: needs finite numbers, got {value}")
    if isinstance(value, (bool, int, float, str)):
        return value
    raise PriorError(f"{key}: needs a number, a list or a distribution, got {shown(value)}")
