"""Databases of which some parts are given: the rest is drawn."""

from plurel_prob.conditioning.sample import sample_given

__all__ = ["sample_given"]
