"""Draw one foreign key of the block model: ``python block_model.py CHILDREN PARENTS``; a line of JSON. Used by ``run.py``."""

import json
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from plurel_prob.distributions import HSBM


def main(n_child: int, n_parent: int) -> None:
    """Time draws of one link with three levels of two and three clusters."""
    affinity = jnp.where(jnp.eye(3, dtype=bool), 0.9, 0.0015) * jnp.ones((3, 1, 1))
    law = HSBM(affinity, jnp.array([2, 3, 2]), jnp.array([3, 2, 2]), n_parent, n_child, n_child)
    program = jax.jit(law.sample)
    jax.block_until_ready(program(jax.random.key(0)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for seed in range(7):
        start = time.perf_counter()
        jax.block_until_ready(program(jax.random.key(seed)))
        times.append(time.perf_counter() - start)
    result = {
        "n_child": n_child,
        "n_parent": n_parent,
        "wall_s": float(np.median(times)),
        "result_mb": 4 * n_child / 2**20,
        "peak_mb": before / 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
