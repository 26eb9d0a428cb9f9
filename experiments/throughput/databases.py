"""Draw, write and score the databases whose seeds come on standard input, by what users call; a line of JSON for each.

CPU-seconds of a second time, once all programs are compiled. Used by ``run.py``.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import plurel_prob
from plurel_prob import Database


def cpu_s(call: Callable[[], Any]) -> float:
    """CPU-seconds of a second call."""
    call()
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """``python databases.py PRIOR``."""
    prior = plurel_prob.get_prior(sys.argv[1])
    for line in sys.stdin:
        seed = int(line)
        database: Database = plurel_prob.sample(seed, prior)
        with tempfile.TemporaryDirectory() as folder:
            found = {
                "draw": cpu_s(lambda seed=seed: plurel_prob.sample(seed, prior)),
                "write": cpu_s(lambda database=database, folder=folder: database.save(f"{folder}/it", overwrite=True)),
                "score": cpu_s(lambda database=database: plurel_prob.log_density(database)),
            }
        print(json.dumps({"seed": seed} | found), flush=True)


if __name__ == "__main__":
    main()
