"""
Predict rows, and train a network
=================================

``RowLearner`` predicts a column, or what will happen to a row, in any database. A network that was pretrained on drawn databases
reads rows whose labels are known, and boosted trees are fitted to the same rows. No network has to be trained; the
end of this tutorial trains one all the same.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import plurel_prob
from plurel_prob.rfm.rows.learner import RowLearner
from plurel_prob.tasks import manifests_of

# %%
# A database with tasks
# ---------------------
#
# ``tasks=True`` writes prediction tasks beside the tables, in RelBench's format: *autocomplete* tasks ask for a column of a
# row, *forecast* tasks for what will refer to a row in the next window of time.

folder = Path(tempfile.mkdtemp()) / "database"
plurel_prob.sample(seed=24, prior="realistic").save(folder, tasks=True)
tasks = manifests_of(folder)
for task in tasks[:8]:
    print(task.name, task.kind, task.task_type)

# %%
# Fit and predict
# ---------------
#
# ``fit`` takes a folder and a task. Features of a row are what was known at its time: its own columns, what it refers to, what
# referred to it before.

task = next(task for task in tasks if task.kind == "forecast" and task.task_type == "regression")
learner = RowLearner.load().fit(folder, task.name)
predicted = learner.predict()
print(task.name, predicted[:5])

# %%
# Predictions have quantiles; those of a yes-or-no task have chances (``predict_proba``).

learner.predict_quantiles([0.1, 0.5, 0.9])[:5]

# %%
# What mattered
# -------------
#
# How much worse are held-out rows predicted when the columns of a table are shuffled?

learner.importance("table")

# %%
# Train a network of your own
# ---------------------------
#
# ``plurel-prob pretrain`` trains the network on tasks of databases that are drawn on the way. The packaged one took 1,000 steps
# of 16 tasks, a quarter of an hour of one core. Here are 100 steps of four smaller tasks, by a network without the regressions
# in closed form that the packaged one reads, so that all it knows it has learnt from drawn databases.

options = ["--prior", "compact", "--no-experts", "--steps", "100", "--batch-size", "4", "--rows", "200", "--features", "32"]
command = [sys.executable, "-m", "plurel_prob", "pretrain", *options, "--out", str(folder.parent / "run")]
subprocess.run(command, check=True, capture_output=True)
log = [json.loads(line) for line in (folder.parent / "run" / "log.jsonl").read_text().splitlines()]
plt.plot([line["step"] for line in log], [line["loss"] for line in log])
plt.xlabel("step")
plt.ylabel("loss of the batch")
plt.show()

# %%
# ``predict --checkpoint`` takes the folder, as ``RowLearner.load`` takes its weights:

trained = RowLearner.load(folder.parent / "run" / "rows.safetensors", members="network").fit(folder, task.name)
trained.predict()[:5]

# %%
# On the command line
# -------------------
#
# ``plurel-prob predict`` does the same for folders, database files and PostgreSQL, compares with baselines, and writes
# the predictions; ``plurel-prob evaluate`` runs all methods on all tasks; ``plurel-prob pretrain`` trains a network of your
# own.
