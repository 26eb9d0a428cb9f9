"""Posteriors of what drew observed tables."""
