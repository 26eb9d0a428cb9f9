"""PluRel-Prob: a relational database is one draw from a probabilistic program.

``sample(seed)`` draws one, ``sample_many(seeds)`` many, ``stream()`` one after another without end, ``load(path)`` reads one
back; ``sample_to(path, seed)`` and ``sample_rows(seed, table, rows)`` draw tables of any length, ``log_density(database)`` scores
one. The joint NumPyro program is ``database``; ``plurel_prob.models`` has its stages, ``plurel_prob.distributions`` their laws.
"""

from plurel_prob.databases import Database, load
from plurel_prob.errors import DatabaseError
from plurel_prob.models import Bucket, database
from plurel_prob.priors import PRIORS, Prior, PriorError, get_prior
from plurel_prob.sampling import Stream, sample, sample_many, sample_rows, sample_to, stream
from plurel_prob.scoring import Score, log_density

__version__ = "0.1.0"

__all__ = [
    "PRIORS",
    "Bucket",
    "Database",
    "DatabaseError",
    "Prior",
    "PriorError",
    "Score",
    "Stream",
    "database",
    "get_prior",
    "load",
    "log_density",
    "sample",
    "sample_many",
    "sample_rows",
    "sample_to",
    "stream",
]
