"""Draw databases with the released generator, in an environment of its own, as ``ours.py`` does with ours. Used by ``run.py``."""

import json
import resource
import sys
import time

import torch
from plurel import Config, SyntheticDataset

torch.set_num_threads(1)

for line in sys.stdin:
    cpu, wall = time.process_time(), time.perf_counter()
    database = SyntheticDataset(seed=int(line), config=Config()).make_db()
    frames = [table.df for table in database.table_dict.values()]
    result = {
        "seed": int(line),
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "n_table": len(frames),
        "n_row": sum(len(frame) for frame in frames),
        "n_cell": sum(len(frame) * sum(name.startswith("feature_") for name in frame) for frame in frames),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(result), flush=True)
