"""
A tour of one draw
==================

A database is one draw from a probabilistic program. This tutorial draws one, and looks at what the program chose on the way: the
schema, who refers to whom, the causal graph of each table, and how probable all of it is.
"""

import matplotlib.pyplot as plt

import plurel_prob
from plurel_prob.reports import causal_graph_svg, er_diagram, key_heatmap

database = plurel_prob.sample(seed=8, prior="compact")
database

# %%
# The seed and the prior decide everything: the same two give the same database on every machine of one kind.
#
# Tables and keys
# ---------------
#
# The first stage draws a random graph over tables. An arrow goes from a table to those that refer to it.

er_diagram(database)

# %%
# Tables are typed data frames. Keys are row numbers, so they join.

table = database.tables["table_0"]
table.head()

# %%

parent = database.tables["table_1"]
table.merge(parent, left_on="foreign_row_0", right_on="row_idx", suffixes=("", "_of_parent")).iloc[:3, -6:]

# %%
# Who refers to whom
# ------------------
#
# The second stage draws the parent of every row from a hierarchical block model. Rows of both tables fall into blocks, on
# several levels, and blocks that match attract each other. The counts below are children by the blocks of both sides.

key_heatmap(database, "table_0", "foreign_row_0")

# %%
# The third stage
# ---------------
#
# Each table has a causal graph over *nodes*. Some nodes are shown as columns, others stay hidden. Nodes also see the columns of
# the rows that their own row refers to: this is how columns depend on each other across tables.

causal_graph_svg(database, "table_1")

# %%
# Latents
# -------
#
# Nothing is thrown away. ``latents`` is a tree in ArviZ's layout: what the database has once is in ``prior``, and every table
# has a group of its own.

latents = database.latents
print("family of the schema's graph:", latents["prior"].family.item())
of_table = latents["prior/table_1"]
print("level of noise:", round(of_table.noise_level.item(), 3))
print("edge weights:", dict(of_table.edge_weight.sizes))
print("values of nodes, the hidden ones too:", dict(of_table.value.sizes))

# %%
# A column shows a node after a transform, and some of its cells are missing. ``joint_model`` says where the cells of a column
# lie in the sites of the program.

model = plurel_prob.joint_model(database)
cells = model.cells("table_1", "feature_1")
node = model.values[cells.site][cells.index]
plt.scatter(node, database.tables["table_1"]["feature_1"], s=4)
plt.xlabel("value of the node")
plt.ylabel("what the column shows")
plt.show()

# %%
# How probable is it?
# -------------------
#
# Each stage has an exact density. ``log_density`` adds up all sites; it can be split by stage, table or site.

score = plurel_prob.log_density(database)
print(score.total)
score.by("stage")

# %%
# Many draws
# ----------
#
# ``draws_of`` gathers what every database has once, and every table, in the form that ArviZ takes. This is what the prior says
# about the number of tables and their rows:

draws = plurel_prob.draws_of(plurel_prob.sample_many(range(40), "compact"))
prior = draws["prior"]
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
left.hist(prior.n_table.values.ravel(), bins=range(3, 22))
left.set_xlabel("tables of a database")
right.hist(prior.n_row.values.ravel(), bins=30)
right.set_xlabel("rows of a table")
plt.show()
