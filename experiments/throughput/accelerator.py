"""How fast is the joint program on an accelerator, one database or several at a time, and does it draw what a processor draws?

    python experiments/throughput/accelerator.py --out experiments/throughput/results/accelerator.jsonl

A line of JSON for each prior and number of databases at a time (``vmap``): seconds of the first call, which compiles, and of each
next one, and how many integers (sizes, keys, choices), cells of categories and floats differ from those of the host's processor.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from jax import random

from plurel_prob import get_prior
from plurel_prob.compiled.programs import MIN_BUCKET, run_program
from plurel_prob.databases.tables import column_values
from plurel_prob.models.database import Draw, database


def program(prior_name: str, n: int) -> Callable:
    """Program from ``n`` keys to draws."""
    prior = get_prior(prior_name)

    def draw_one(key: jax.Array) -> Draw:
        return run_program(lambda: database(prior, MIN_BUCKET), key)

    return jax.jit(jax.vmap(draw_one)) if n > 1 else jax.jit(lambda keys: jax.tree.map(lambda x: x[None], draw_one(keys[0])))


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


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel"])
    parser.add_argument("--n", nargs="+", type=int, default=[1, 8, 64])
    parser.add_argument("--limit", type=float, default=200.0, help="seconds after which larger numbers are left out")
    args = parser.parse_args()
    device = jax.devices()[0]
    for name in args.priors:
        expected = None
        if device.platform != "cpu":
            with jax.default_device(jax.devices("cpu")[0]):
                expected = jax.device_get(program(name, 1)(random.split(random.key(0), 1)))
        begin = time.perf_counter()
        for n in args.n:
            if time.perf_counter() - begin > args.limit:
                break
            keys, run, seconds = random.split(random.key(0), n), program(name, n), []
            for _ in range(4):
                start = time.perf_counter()
                drawn = jax.block_until_ready(run(keys))
                seconds.append(round(time.perf_counter() - start, 4))
            row = {"device": device.device_kind, "prior": name, "n": n, "first_s": seconds[0], "next_s": seconds[1:]}
            row["databases_per_s"] = round(n / float(np.median(seconds[1:])), 2)
            if expected is not None:
                row |= differences(*(jax.tree.map(lambda x: x[0], jax.device_get(draws)) for draws in (expected, drawn)))
            print(row, flush=True)
            with args.out.open("a") as file:
                file.write(json.dumps(row | {"jax": jax.__version__}) + "\n")


if __name__ == "__main__":
    main()
