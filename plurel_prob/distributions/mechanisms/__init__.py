"""Mechanisms: how the values of a node are computed from its causes, or without any; one registry a kind of part."""
