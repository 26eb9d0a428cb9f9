"""Count the programs that many databases need, by prior: ``python programs.py COUNT``, into ``results/programs.json``."""

import json
import sys
from collections import Counter
from pathlib import Path

import jax

from plurel_prob import get_prior
from plurel_prob.sampling import bucket_of


def main(count: int) -> None:
    """Count the size buckets of the seeds below ``count``."""
    result = {}
    for name in ("plurel", "compact", "realistic"):
        prior = get_prior(name)
        buckets = Counter(bucket_of(prior, jax.random.key(seed)) for seed in range(count))
        result[name] = [bucket._asdict() | {"n_database": n} for bucket, n in buckets.most_common()]
    print(json.dumps(result, indent=1))
    (Path(__file__).parent / "results" / "programs.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
