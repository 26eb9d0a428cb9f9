"""Schemas as they are declared: read from SQL, from databases that are there, or from folders in RelBench format."""

from plurel_prob.declared.schema import Column, DeclaredSchema, DeclaredTable, ForeignKey, Kind, Order

__all__ = ["Column", "DeclaredSchema", "DeclaredTable", "ForeignKey", "Kind", "Order"]
