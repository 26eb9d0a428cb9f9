"""Weights of networks of rows."""
