"""Weights of the network of rows that come with the package."""

WEIGHTS = "rows.safetensors"  # file of weights, here and in runs
