"""Databases of declared schemas: links and features are drawn, constraints hold."""

from plurel_prob.declared.drawing.draw import DeclaredDatabase, sample_declared

__all__ = ["DeclaredDatabase", "sample_declared"]
