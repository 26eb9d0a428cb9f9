"""What a network's predictions are compared with: the mean, an entity's own history, boosted trees on simple aggregates."""

from collections.abc import Callable

from plurel_prob.rfm.evaluation.baselines.boosting import boosted_trees
from plurel_prob.rfm.evaluation.baselines.history import history
from plurel_prob.rfm.evaluation.baselines.mean import mean

BASELINES: dict[str, Callable] = {"mean": mean, "history": history, "LightGBM": boosted_trees}

__all__ = ["BASELINES", "boosted_trees", "history", "mean"]
