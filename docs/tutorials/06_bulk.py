"""
Many databases: cores, clusters, GPUs
=====================================

Databases are drawn independently, and each depends on its seed only. So they can be drawn in any order, anywhere, and be
the same.
"""

import itertools

import plurel_prob

# %%
# In a training loop
# ------------------
#
# ``stream`` draws ahead in a thread while your code works. It can go on at a position, and share the seeds among workers.

with plurel_prob.stream(range(100, 10**6), prior="compact") as databases:
    for database in itertools.islice(databases, 5):
        print(database)
    position = databases.position
print("next position:", position)

# %%

with plurel_prob.stream(range(100, 10**6), prior="compact", position=position) as databases:
    print(next(databases))

# %%
# PyTorch's ``DataLoader`` takes ``plurel_prob.adapters.torch``, Grain ``plurel_prob.adapters.grain``. Neither gives two workers
# the same database.
#
# On several cores
# ----------------
#
# By default the command line uses one process for every 16 databases, and at most one for each core::
#
#     plurel-prob sample --prior compact --count 1024 --out out/corpus
#
# A run that was interrupted goes on: what is complete stays. ``plurel-prob verify out/corpus`` checks all files, and draws some
# databases again.
#
# On several machines
# -------------------
#
# Jobs of an array share a folder. Each draws every n-th database, and can be started again::
#
#     plurel-prob sample --count 100000 --shard $SLURM_ARRAY_TASK_ID/100 --out /shared/corpus
#
# A Ray cluster draws into a shared folder or into object storage::
#
#     plurel-prob sample --count 1000000 --engine ray --address auto --out s3://bucket/prefix
#
# On a GPU
# --------
#
# ``sample_many(seeds, "compact", batch=64)`` draws many databases by one call of a program. On a processor they are drawn one
# after another; an accelerator draws them side by side, which may be faster and has not been measured. Tables, keys and types
# are the same, numbers up to rounding.

for database in plurel_prob.sample_many(range(3), "compact", batch=3):
    print(database)

# %%
# Long tables
# -----------
#
# A table that no other refers to can have any number of rows: it is drawn in chunks, and some of its rows can be drawn alone.

plurel_prob.sample_rows(seed=8, table="table_0", rows=range(1000, 1005), prior="compact")
