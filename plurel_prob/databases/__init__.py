"""A drawn database: tables, schema, latents, and how it goes to disk and back."""

from plurel_prob.databases.database import Database
from plurel_prob.databases.folders import load, observe
from plurel_prob.databases.observed import ObservedDatabase
from plurel_prob.databases.schema import DatabaseSchema, TableSchema
from plurel_prob.errors import DatabaseError

__all__ = ["Database", "DatabaseError", "DatabaseSchema", "ObservedDatabase", "TableSchema", "load", "observe"]
