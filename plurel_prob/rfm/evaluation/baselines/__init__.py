"""What the network of rows is compared with: the mean, an entity's own history, ridge regression, boosted trees."""

from plurel_prob.rfm.evaluation.baselines.boosting import boosted_trees
from plurel_prob.rfm.evaluation.baselines.history import history
from plurel_prob.rfm.evaluation.baselines.mean import mean
from plurel_prob.rfm.evaluation.baselines.ridge import ridge

__all__ = ["boosted_trees", "history", "mean", "ridge"]
