"""Study the calibration of the inference routines, repeat by repeat: see README.md."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from experiments.calibration import databases, features, links, recovery, schema, summary
from experiments.lines import read_lines
from plurel_prob.programs.files import use_compilation_cache

HERE = Path(__file__).parent
PACKAGES = ("plurel-prob", "jax", "jaxlib", "numpyro", "numpy", "scipy")


class Routine(NamedTuple):
    """A study: what it repeats (index and seed to a record), and how often unless told."""

    repeat: Callable[[int, int], dict[str, Any]]
    n_repeat: int


ROUTINES = {
    "infer_schema": Routine(schema.repeat, 100),
    "infer_links": Routine(links.repeat, 50),
    "infer_graph": Routine(features.graph_repeat, 200),
    "infer_mechanisms": Routine(features.mechanism_repeat, 35),
    "infer_database": Routine(databases.repeat, 40),
    "recovery": Routine(recovery.repeat, 40),
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routine", nargs="+", choices=ROUTINES, default=list(ROUTINES))
    parser.add_argument("--n-repeat", type=int, help="of every routine; unless given, what takes half an hour in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    return parser.parse_args()


def main() -> None:
    """Do the repeats that are not in the results yet, then sum up."""
    options = arguments()
    use_compilation_cache()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.routine:
        extend(options.out / f"{name}.jsonl", ROUTINES[name], options.n_repeat or ROUTINES[name].n_repeat, options.seed)
    (options.out / "run.json").write_text(json.dumps(record(options.out), indent=1) + "\n")
    summary.write(options.out)


def extend(path: Path, routine: Routine, n_repeat: int, seed: int) -> None:
    """Append missing repeats to a file, a line each."""
    done = {(line["seed"], line["repeat"]) for line in read_lines(path)}
    for index in range(n_repeat):
        if (seed, index) in done:
            continue
        start = time.perf_counter()
        found = routine.repeat(index, seed)
        line = {"seed": seed, "repeat": index, "seconds": round(time.perf_counter() - start, 2)} | found
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
        print(f"{path.stem} {index + 1}/{n_repeat}: {line['seconds']:.1f} s", file=sys.stderr, flush=True)


def record(out: Path) -> dict[str, Any]:
    """What was run, with what and on what, and how long it took."""
    cpuinfo = Path("/proc/cpuinfo")  # on Linux
    text = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in text if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "routines": {name: cost(read_lines(out / f"{name}.jsonl")) for name in ROUTINES},
    }


def cost(repeats: list[dict[str, Any]]) -> dict[str, Any]:
    """Seeds, repeats and seconds of a routine."""
    seconds = [repeat["seconds"] for repeat in repeats]
    return {
        "seeds": sorted({repeat["seed"] for repeat in repeats}),
        "n_repeat": len(repeats),
        "median_s": round(statistics.median(seconds or [0.0]), 2),
        "total_s": round(sum(seconds)),
    }


if __name__ == "__main__":
    main()
