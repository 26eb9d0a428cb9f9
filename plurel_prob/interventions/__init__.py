"""Counterfactual databases, effects, and the true causal graph."""

from plurel_prob.interventions.effects import AverageEffect

__all__ = ["AverageEffect"]
