"""How long does a training step of the network of rows take, and its parts?

    NPROC=1 taskset -c 0 python experiments/rfm_speed/rows.py --out experiments/rfm_speed/results/rows.jsonl

A line of JSON for each size: seconds of a step (closed forms, gradient and AdamW, 16 made-up tasks of 300 labelled rows and 100
queries, 40 features), and of a prediction (800 labelled rows, 1,024 queries, 128 features), each the median after compilation;
CPU-seconds are of the process.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import optax
from jax import random

from plurel_prob.rfm.rows.network import SIZES, PreparedBatch, RowBatch, RowNetwork, n_parameter, prepare, row_loss


def made_up_batch(n_task: int, n_context: int, n_query: int, n_feature: int, seed: int = 0) -> RowBatch:
    """Tasks of all kinds but classes, whose labels depend on some features."""
    rng, n_row = np.random.default_rng(seed), n_context + n_query
    x = rng.normal(size=(n_task, n_row, n_feature)).astype(np.float32)
    y = (x[..., :5].sum(-1) + rng.normal(size=(n_task, n_row))).astype(np.float32) / 2.4
    x[rng.random(x.shape) < 0.2] = np.nan
    kind = rng.integers(0, 2, n_task)
    y = np.where((kind == 0)[:, None], y > 0, y).astype(np.float32)
    return RowBatch(x[:, :n_context], y[:, :n_context], x[:, n_context:], y[:, n_context:], kind)


def seconds(call: Callable[[], object], n: int = 7) -> tuple[float, float]:
    """Median seconds and CPU-seconds of calls after the first."""
    taken = []
    for _ in range(n + 1):
        start = time.perf_counter(), time.process_time()
        jax.block_until_ready(call())
        taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = np.median(taken[1:], 0)
    return round(float(wall), 4), round(float(cpu), 4)


def speed(name: str, n_feature: int = 40) -> dict:
    """Measure one size."""
    network, optimiser = RowNetwork(name, key=random.key(0)), optax.adamw(1e-3)
    state = optimiser.init(eqx.filter(network, eqx.is_array))
    batch = made_up_batch(16, 300, 100, n_feature)

    @eqx.filter_jit
    def step(network: RowNetwork, state: optax.OptState, prepared: PreparedBatch) -> tuple[RowNetwork, optax.OptState]:
        def loss(network: RowNetwork) -> jax.Array:
            return row_loss(network(prepared), prepared.query_y, prepared.kind).mean()

        updates, state = optimiser.update(eqx.filter_grad(loss)(network), state, eqx.filter(network, eqx.is_array))
        return eqx.apply_updates(network, updates), state

    prepared = prepare(batch)
    row: dict = {"size": name, "features": n_feature, "n_parameter": n_parameter(network)}
    row["closed_s"], row["closed_cpu_s"] = seconds(lambda: prepare(batch))
    row["gradient_s"], row["gradient_cpu_s"] = seconds(lambda: step(network, state, prepared))
    row["step_cpu_s"] = round(row["closed_cpu_s"] + row["gradient_cpu_s"], 4)
    real = made_up_batch(1, 800, 1024, 128)
    context = network.encode(real.context_x, real.context_y, real.kind)
    row["encode_s"], row["encode_cpu_s"] = seconds(lambda: network.encode(real.context_x, real.context_y, real.kind), 3)
    row["decode_s"], row["decode_cpu_s"] = seconds(lambda: network.decode(context, real.query_x), 3)
    return row


def main() -> None:
    """Measure sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    args = parser.parse_args()
    for name in args.sizes:
        row = {"device": jax.devices()[0].device_kind, "cpus": jax.local_device_count(), **speed(name)}
        print(json.dumps(row), flush=True)
        if args.out:
            with args.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
