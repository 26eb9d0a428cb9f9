"""
Which model explains a key?
===========================

Foreign keys differ. In some every parent is as likely as any other, in some a few parents have most of the children, and in some
groups of children prefer groups of parents. Densities are exact, so the data can say which it is.
"""

import matplotlib.pyplot as plt
import numpy as np

import plurel_prob
from plurel_prob.inference.links import infer_links

# %%
# A key that the program drew
# ---------------------------
#
# Keys of the prior ``compact`` come from a block model. Four models are fitted: every parent alike, parents of different
# popularity, blocks, and blocks with popularity.

database = plurel_prob.sample(seed=8, prior="compact")
key = database.parent_row("table_0", "foreign_row_0")
found = infer_links(key, n_parent=len(database.tables["table_1"]))
found.compare()[["elpd", "elpd_diff", "dse", "weight", "log_evidence"]]

# %%
# The comparison is by leave-one-out: ``elpd`` is how well each model predicts a child that it has not seen, in nats over all
# children, ``dse`` the standard error of a difference. ``log_evidence`` is the marginal likelihood.
#
# A key with popular parents
# --------------------------
#
# Now a key whose parents follow a power law, and that has no blocks.

popular = np.random.default_rng(0).zipf(1.6, 2_000) % 100
found = infer_links(popular, n_parent=100)
found.compare()[["elpd", "elpd_diff", "dse", "weight", "log_evidence"]]

# %%
# Does the best model fit?
# ------------------------
#
# The best of four can still be wrong. Predictive checks draw new keys from each posterior and compare statistics of the
# children that parents have.

checks = found.predictive_checks()
checks[checks["statistic"] == "max"]

# %%

counts = np.sort(np.bincount(popular, minlength=100))[::-1]
plt.loglog(np.arange(1, 101), np.maximum(counts, 0.5))
plt.xlabel("parent, the most popular first")
plt.ylabel("children")
plt.show()

# %%
# For a key of a database on disk, ``plurel-prob infer links PATH --key TABLE.COLUMN`` prints the same.
