"""Log densities of databases."""

from plurel_prob.scoring.score import Score, log_density

__all__ = ["Score", "log_density"]
