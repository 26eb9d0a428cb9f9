"""PluRel-Prob: a relational database is one draw from a probabilistic program.

``sample(seed)`` draws one, ``sample_many(seeds)`` many, ``stream()`` one after another without end, ``load(path)`` reads one
back; ``draws_of(databases)`` gathers latents of many for ArviZ.
``sample_to(path, seed)`` and ``sample_rows(seed, table, rows)`` draw tables of any length, ``log_density(database)`` scores
one. The joint NumPyro program is ``database``; ``plurel_prob.models`` has its stages, ``plurel_prob.distributions`` their laws.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plurel_prob.databases import Database, draws_of, load
    from plurel_prob.errors import DatabaseError
    from plurel_prob.joint import JointModel, joint_model
    from plurel_prob.models import Bucket, database
    from plurel_prob.priors import PRIORS, Prior, PriorError, get_prior
    from plurel_prob.sampling import Stream, sample, sample_many, sample_rows, sample_to, stream
    from plurel_prob.scoring import Score, log_density

__version__ = "0.2.0"

# where names come from; modules are imported when one is first asked for, so that the command line can heed signals meanwhile
_HOME = {
    "databases": ("Database", "draws_of", "load"),
    "errors": ("DatabaseError",),
    "joint": ("JointModel", "joint_model"),
    "models": ("Bucket", "database"),
    "priors": ("PRIORS", "Prior", "PriorError", "get_prior"),
    "sampling": ("Stream", "sample", "sample_many", "sample_rows", "sample_to", "stream"),
    "scoring": ("Score", "log_density"),
}
_MODULES = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "PRIORS",
    "Bucket",
    "Database",
    "DatabaseError",
    "JointModel",
    "Prior",
    "PriorError",
    "Score",
    "Stream",
    "database",
    "draws_of",
    "get_prior",
    "joint_model",
    "load",
    "log_density",
    "sample",
    "sample_many",
    "sample_rows",
    "sample_to",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    if name in _HOME:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
