"""How many cells a second does one thread put into contexts?

``python experiments/rfm_speed/sampler.py --data FOLDER... --out results.jsonl``: a line of JSON for each folder, context length
and batch size; about a minute a folder. Expected: at least 500,000 cells a second at length 1,024.
"""

import argparse
import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

from plurel_prob.rfm.cells.contexts import ContextSampler, RelationalData, Vocabulary, relational_data

LENGTHS, BATCH_SIZES = (128, 256, 512, 1024, 2048, 4096), (8, 32, 128)
N_RUN, MIN_SECONDS = 5, 0.5


def machine() -> dict[str, str]:
    """Processor and versions."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    packages = ("numpy", "numba", "pandas", "plurel-prob")
    return {"machine": model, "python": platform.python_version()} | {name: version(name) for name in packages}


def cells_per_second(sampler: ContextSampler, batch_size: int) -> dict[str, float]:
    """Median over some runs, each of as many batches as half a second holds."""
    rates, n_cell, n_context, n_batch = [], 0, 0, 0
    for _ in range(N_RUN):
        start, cells = time.perf_counter(), 0
        while time.perf_counter() - start < MIN_SECONDS:
            batch = sampler.pretraining_batch(0, n_batch, batch_size)
            cells += int((batch.kind >= 0).sum())
            n_batch, n_context = n_batch + 1, n_context + batch_size
        rates.append(cells / (time.perf_counter() - start))
        n_cell += cells
    return {"cells_per_s": statistics.median(rates), "slowest": min(rates), "cells_a_context": n_cell / n_context}


def measure(data: RelationalData, build_s: float) -> list[dict]:
    """Rates of a database."""
    size = {"database": data.name, "n_row": len(data.graph.time), "n_cell": len(data.graph.value), "build_s": build_s}
    ContextSampler([data]).pretraining_batch(0, 0, 1)  # compiles
    results = []
    for length in LENGTHS:
        sampler = ContextSampler([data], length)
        for batch_size in BATCH_SIZES:
            results.append(size | {"context_length": length, "batch_size": batch_size} | cells_per_second(sampler, batch_size))
            print(
                f"{data.name} {length} x {batch_size}: {results[-1]['cells_per_s'] / 1e6:.2f} million cells a second", flush=True
            )
    return results


def main() -> None:
    """Measure and append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    for folder in args.data:
        start = time.perf_counter()
        data = relational_data(folder, vocabulary=Vocabulary(), until="val")
        results = measure(data, time.perf_counter() - start)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with args.out.open("a") as file:
            file.writelines(json.dumps(machine() | result) + "\n" for result in results)


if __name__ == "__main__":
    main()
