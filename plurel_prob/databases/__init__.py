"""Databases, drawn or real: tables, schema, latents, and how they go to disk and back."""

from plurel_prob.databases.database import Database
from plurel_prob.databases.draws import draws_of
from plurel_prob.databases.folders import load, observe
from plurel_prob.databases.schema import DatabaseSchema, TableSchema
from plurel_prob.errors import DatabaseError

__all__ = ["Database", "DatabaseError", "DatabaseSchema", "TableSchema", "draws_of", "load", "observe"]
