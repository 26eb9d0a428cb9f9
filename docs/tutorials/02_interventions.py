"""
Condition, intervene, measure an effect
=======================================

Three questions that look alike and are not. What do databases look like in which something *is* so? What would *this*
database be if something *were* so? And how large is the effect of one column on another?
"""

import networkx as nx

import plurel_prob

# %%
# Condition
# ---------
#
# ``given`` fixes parts of a draw; the rest is drawn as the program says. Here the graph over tables is fixed, the rows of one
# table, and a column of another. A graph is conditioned on exactly: which family it comes from is drawn from the posterior.

given = {
    "graph": [("table_0", "table_2"), ("table_1", "table_2")],
    "table_1.n_row": 600,
    "table_0.feature_0.type": "numerical",
}
conditioned = plurel_prob.sample(seed=10, prior="compact", given=given)
print(conditioned.schema.graph)
print(conditioned.latents["prior"].family.item())
print(len(conditioned.tables["table_1"]), conditioned.schema.tables["table_0"].columns["feature_0"])

# %%
# What cannot be is an error that says why.

try:
    plurel_prob.sample(seed=10, prior="compact", given={"graph": [("table_0", "table_1"), ("table_1", "table_0")]})
except plurel_prob.DatabaseError as error:
    print(error)

# %%
# Intervene
# ---------
#
# ``do`` sets columns by hand and keeps the noise: what they cause follows, also in other tables, and every other cell stays the
# same to the last bit. First the truth: the causal graph over the columns of all tables.

database = plurel_prob.sample(seed=8, prior="compact")
graph = database.causal_graph()
numbers = [name for name in graph if graph.nodes[name]["kind"] == "numerical"]
numbers = [name for name in numbers if name.split(".")[1] in database.schema.tables[name.split(".")[0]].columns]
cause = max(numbers, key=lambda name: len(nx.descendants(graph, name)))
print(cause, "causes", len(nx.descendants(graph, cause)), "columns, directly or not")

# %%

changed = database.do({cause: lambda natural: natural.clip(lower=natural.median())})  # none below the median
for name, before in database.tables.items():
    after = changed.tables[name]
    shares = {column: (after[column] != before[column]).mean() for column in before if not after[column].equals(before[column])}
    print(name, {column: f"{share:.0%}" for column, share in shares.items()})

# %%
# Measure an effect
# -----------------
#
# ``effect`` repeats this with fresh noise, and compares two settings of the cause in the same noise each time: by default the
# third and the first quartile. The mean difference has a standard error.

outcome = next(name for name in graph.successors(cause) if name in numbers)
effect = database.effect(cause, outcome, n_draw=5)
print(f"{cause} -> {outcome}: {effect.mean.item():.3f} +- {effect.standard_error.item():.3f}")

# %%
# On the command line
# -------------------
#
# ``plurel-prob do out/plurel-8 --shift table_1.feature_2=1 --out out/shifted`` writes the changed database, with the true graph
# beside it, and ``plurel-prob graph`` writes the graph alone. Methods of causal discovery can be tested on observational and
# interventional data whose truth is known.
