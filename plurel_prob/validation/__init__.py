"""Whether a folder in RelBench format is as its readers need it."""

from plurel_prob.validation.problem import Violation
from plurel_prob.validation.validate import Profile, validate

__all__ = ["Violation", "Profile", "validate"]
