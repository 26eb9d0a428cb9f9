"""How fast are databases drawn on an accelerator, one or a batch at a time, and are they those that a processor draws?

    python experiments/throughput/accelerator.py --out experiments/throughput/results/accelerator.jsonl

A line of JSON for each prior and number of databases at a time: seconds of their structures (on the processor), of the first
batch, which compiles, and of the next ones, the device's peak of memory, and how many integers (sizes, keys, choices), cells of
categories and floats of the first databases differ from those of the host's processor. All databases fit the smallest bucket.
"""

import argparse
import json
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import jax
import numpy as np
from jax import Device, random

from plurel_prob import get_prior
from plurel_prob.databases.tables import column_values
from plurel_prob.models.database import Draw
from plurel_prob.priors import Prior
from plurel_prob.programs.many import draw_many
from plurel_prob.programs.sizes import MIN_BUCKET, bucket_of_all
from plurel_prob.programs.structure import StructureDraw, draw_structure
from plurel_prob.programs.values import ValuesDraw, draw_values, join, mesh_of

N_COMPARED = 4


def structures(prior: Prior) -> Iterator[tuple[jax.Array, StructureDraw]]:
    """Keys and structures of databases that fit the smallest bucket."""
    for seed in count():
        known = draw_structure(prior, random.key(seed))
        if bucket_of_all(known.sizes) == MIN_BUCKET:
            yield random.key(seed), known


def drawn_on(device: Device, prior: Prior, some: list[tuple[jax.Array, StructureDraw]]) -> ValuesDraw:
    """Draw values on a device, and wait for them."""
    keys, known = map(list, zip(*some, strict=True))
    draws = draw_values if len(some) == 1 else draw_many
    return jax.block_until_ready(draws(prior, keys, known, MIN_BUCKET, mesh_of([device])))


def differences(a: Draw, b: Draw) -> dict[str, float]:
    """Compare two draws: integers and floats that differ, and cells that show another category."""
    pairs = [
        (np.asarray(x), np.asarray(y))
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
        if x.dtype != random.key(0).dtype
    ]
    shown = categories(a), categories(b)
    whole = [(x, y) for x, y in pairs if x.dtype.kind in "iub"]
    real = [(x, y) for x, y in pairs if x.dtype.kind == "f"]
    return {
        "n_integer": sum(x.size for x, _ in whole),
        "n_integer_different": sum(int((x != y).sum()) for x, y in whole),
        "n_category": len(shown[0]),
        "n_category_different": int((shown[0] != shown[1]).sum()),
        "n_float": sum(x.size for x, _ in real),
        "n_float_different": sum(int((~((x == y) | (np.isnan(x) & np.isnan(y)))).sum()) for x, y in real),
        "n_float_far": sum(int((~np.isclose(x, y, rtol=1e-3, atol=1e-4, equal_nan=True)).sum()) for x, y in real),
    }


def categories(draw: Draw) -> np.ndarray:
    """What all categorical columns show, one after another."""
    schema, values = draw.stages.schema, [column_values(draw, table) for table in range(int(draw.stages.schema.n_table))]
    return np.concatenate([of[schema.is_categorical[table, : len(of)]].ravel() for table, of in enumerate(values)])


def compared(prior: Prior, some: list[tuple[jax.Array, StructureDraw]], found: ValuesDraw) -> dict[str, float]:
    """Differences of the first databases from those that the processor draws one after another, added up."""
    total: dict[str, float] = {}
    for place, (key, known) in enumerate(some[:N_COMPARED]):
        alone = drawn_on(jax.devices("cpu")[0], prior, [(key, known)])
        pair = [join(known, jax.tree.map(lambda x, i=i: np.asarray(x[i]), draws)) for i, draws in ((0, alone), (place, found))]
        total = {name: total.get(name, 0) + value for name, value in differences(*pair).items()}
    return total


def measured(device: Device, prior: Prior, n: int) -> dict[str, object]:
    """Draw batches of ``n`` databases."""
    start = time.perf_counter()
    some = [*islice(structures(prior), n)]
    structures_s, seconds = time.perf_counter() - start, list[float]()
    for _ in range(4):
        start = time.perf_counter()
        found = drawn_on(device, prior, some)
        seconds.append(round(time.perf_counter() - start, 4))
    stats = device.memory_stats() or {}
    return {
        "structures_s": round(structures_s, 3),
        "first_s": seconds[0],
        "next_s": seconds[1:],
        "databases_per_s": round(n / float(np.median(seconds[1:])), 2),
        "peak_gb": round(stats.get("peak_bytes_in_use", 0) / 2**30, 2),
        **(compared(prior, some, found) if device.platform != "cpu" else {}),
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel"])
    parser.add_argument("--n", nargs="+", type=int, default=[1, 64, 256], help="databases at a time")
    parser.add_argument("--limit", type=float, default=200.0, help="seconds after which larger numbers are left out")
    args = parser.parse_args()
    device = jax.devices()[0]
    for name in args.priors:
        begin = time.perf_counter()
        for n in args.n:
            if time.perf_counter() - begin > args.limit:
                break
            row = {"device": device.device_kind, "prior": name, "n": n} | measured(device, get_prior(name), n)
            print(row, flush=True)
            with args.out.open("a") as file:
                file.write(json.dumps(row | {"jax": jax.__version__}) + "\n")


if __name__ == "__main__":
    main()
