"""The NumPyro programs: a relational database is one draw from :func:`database`.

Read them in the order of the stages: ``schema``, ``links``, ``features``, then ``database``, the joint program.
"""

if __name__ != "plurel_prob.models":
    raise ImportError("the programs are installed as plurel_prob.models: import plurel_prob.models")

from plurel_prob.models.database import Bucket, DatabaseDraw, Structure, Values, database, structure, values
from plurel_prob.models.features import CausalGraphs, Features, causal_graphs, features
from plurel_prob.models.links import Links, links
from plurel_prob.models.schema import Schema, schema

__all__ = [
    "Bucket",
    "DatabaseDraw",
    "Links",
    "CausalGraphs",
    "Features",
    "Schema",
    "Structure",
    "Values",
    "database",
    "causal_graphs",
    "features",
    "links",
    "schema",
    "structure",
    "values",
]
