"""Draw the databases whose seeds come on standard input, one a line; a line of JSON for each. Used by ``run.py``.

Figures are of the steady state: a seed whose size bucket is new is drawn once before it is measured.
"""

import json
import sys
import time
from pathlib import Path

import jax

from plurel_prob import get_prior
from plurel_prob.priors import scale_rows
from plurel_prob.programs.files import use_compilation_cache
from plurel_prob.sampling import bucket_of, draw


def forget_peak() -> None:
    """Let the peak of memory count from now on."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def peak_mb() -> float:
    """Most memory that was resident since the peak was forgotten. Linux only, like the function above."""
    line = next(line for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """``python ours.py PRIOR [ROWS_SCALE]``."""
    use_compilation_cache()
    prior = scale_rows(get_prior(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    known, compilation_mb = set(), 0.0
    for line in sys.stdin:
        seed = int(line)
        bucket = bucket_of(prior, jax.random.key(seed))
        compile_s = 0.0
        if bucket not in known:
            start = time.perf_counter()
            draw(prior, seed)
            compile_s = time.perf_counter() - start
            known.add(bucket)
            compilation_mb = max(compilation_mb, peak_mb())
        forget_peak()
        cpu, wall = time.process_time(), time.perf_counter()
        drawn = draw(prior, seed)
        result = {
            "seed": seed,
            "cpu_s": time.process_time() - cpu,
            "wall_s": time.perf_counter() - wall,
            "first_s": compile_s,
            "n_program": len(known),
            "n_table": int(drawn.stages.schema.n_table),
            "n_row": int(drawn.stages.schema.n_row.sum()),
            "n_cell": int((drawn.stages.schema.n_row * drawn.stages.schema.n_column).sum()),
            "n_edge": int(drawn.stages.graphs.edge[: int(drawn.stages.schema.n_table)].sum()),
            "peak_mb": peak_mb(),
            "compilation_peak_mb": compilation_mb,
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
