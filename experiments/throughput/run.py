"""Measure what databases cost, beside the released generator in the same run: see README.md."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PRIORS = ("plurel", "compact", "realistic")
ENVIRONMENT = os.environ | {"NPROC": "1", "TQDM_DISABLE": "1"}  # one thread a program
SCALES = (1, 3, 10)
LINKS = ((100_000, 10_000), (1_000_000, 100_000))
LONG_SEED = 5  # under ``LONG``: three tables, of which one is long, with 19 nodes
LONG = """base = "plurel"
[schema]
n_table = {DiscreteUniform = [3, 3]}
n_row_activity = {DiscreteUniform = [10000000, 10000000]}
"""

Rows = list[dict[str, Any]]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, help="python of an environment that has the released generator (plurel 1.1.0)")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier version of this repository, measured in turn")
    parser.add_argument("--count", type=int, default=30, help="databases to measure")
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first one")
    parser.add_argument("--corpus", type=int, default=1024, help="databases to draw and write; 0: none")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw and write them")
    parser.add_argument("--long", action="store_true", help="draw and write a table of ten million rows (minutes)")
    parser.add_argument("--name", default="result", help="of the result: results/NAME.json")
    return parser.parse_args()


def versions_of(options: argparse.Namespace) -> dict[str, Path]:
    """Folders of the versions that are measured, by what follows the name of a prior."""
    return {"": ROOT} | ({" before": options.before} if options.before else {})


def environment_of(folder: Path) -> dict[str, str]:
    """Environment of a process that runs a version of this repository; of a module (``-m``) in its folder, which comes first."""
    return ENVIRONMENT | {"PYTHONPATH": str(folder.resolve())}


class Worker:
    """A process that draws a database for every seed that it is sent."""

    def __init__(self, command: Sequence[str | Path], folder: Path = ROOT):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment_of(folder),
        )

    def draw(self, seed: int) -> dict[str, Any]:
        """Send a seed, return the figures."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{seed}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} stopped at seed {seed}")
        return json.loads(line)

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


def paired(options: argparse.Namespace) -> dict[str, Rows]:
    """Draw the same seeds in turn with each generator; only one works at a time."""
    workers = {
        prior + suffix: Worker([sys.executable, folder / "experiments" / "throughput" / "ours.py", prior], folder)
        for suffix, folder in versions_of(options).items()
        for prior in PRIORS
    }
    if options.peer:
        workers["peer"] = Worker([options.peer, HERE / "peer.py"])
    rows: dict[str, Rows] = {name: [] for name in workers}
    for seed in range(options.seed, options.seed + options.count):
        for name, worker in workers.items():
            rows[name].append(worker.draw(seed))
        print(seed, {name: round(of[-1]["cpu_s"], 3) for name, of in rows.items()}, flush=True)
    for worker in workers.values():
        worker.close()
    return rows


def scaled(options: argparse.Namespace) -> dict[str, Rows]:
    """Draw a few seeds with more and more rows."""
    result = {}
    for scale in SCALES:
        worker = Worker([sys.executable, HERE / "ours.py", "plurel", str(scale)])
        result[str(scale)] = [worker.draw(seed) for seed in range(options.seed, options.seed + 5)]
        worker.close()
        print("rows x", scale, [round(row["cpu_s"], 3) for row in result[str(scale)]], flush=True)
    return result


def links() -> Rows:
    """Draw foreign keys of the block model."""
    command = [sys.executable, str(HERE / "block_model.py")]
    rows = [subprocess.run([*command, *map(str, sizes)], capture_output=True, text=True, check=True).stdout for sizes in LINKS]
    return [json.loads(row) for row in rows]


def parts(options: argparse.Namespace) -> dict[str, Rows]:
    """Draw, write and score a few seeds, in turn, by what users call."""
    workers = {
        prior + suffix: Worker([sys.executable, HERE / "databases.py", prior], folder)
        for suffix, folder in versions_of(options).items()
        for prior in PRIORS
    }
    seeds = range(options.seed, options.seed + max(1, options.count // 3))
    rows = {name: [worker.draw(seed) for seed in seeds] for name, worker in workers.items()}
    for name, worker in workers.items():
        worker.close()
        print(name, rows[name][-1], flush=True)
    return rows


def measured(command: list[str], environment: dict[str, str], folder: Path = ROOT) -> dict[str, float]:
    """Run a command in a folder; seconds, CPU-seconds of it and its children, and its own peak of memory."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return {
        "wall_s": time.perf_counter() - start,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def starts(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """From the start of a process to its first database on disk, with an empty cache of programs and a full one."""
    result = {}
    for suffix, source in versions_of(options).items():
        for prior in PRIORS:
            with tempfile.TemporaryDirectory() as folder:
                environment = environment_of(source) | {"JAX_COMPILATION_CACHE_DIR": f"{folder}/cache"}
                for cache in ("empty", "full"):
                    command = [sys.executable, "-m", "plurel_prob", "sample", "--prior", prior, "--out", f"{folder}/{cache}"]
                    result[f"{prior}{suffix}, {cache} cache"] = measured(command, environment, source)
                    print(prior + suffix, cache, result[f"{prior}{suffix}, {cache} cache"], flush=True)
    return result


def corpora(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Draw and write corpora with latents in several processes, once programs are in the cache."""
    result = {}
    for suffix, source in versions_of(options).items():
        for prior in PRIORS:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "plurel_prob", "sample", "--prior", prior, "--workers", str(options.workers)]
                # the second program is that of the larger bucket
                for seeds in ("--seed=0 --count=40", f"--count={options.corpus}"):
                    found = measured([*command, *seeds.split(), "--out", f"{folder}/{seeds}"], environment_of(source), source)
                size = sum(path.stat().st_size for path in Path(folder, seeds).rglob("*") if path.is_file())
            result[prior + suffix] = found | {"count": options.corpus, "workers": options.workers, "mb": size / 2**20}
            print("corpus", prior + suffix, result[prior + suffix], flush=True)
    return result


def long_table() -> dict[str, float]:
    """Draw and write a table of ten million rows, once its program is in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        prior = Path(folder) / "long.toml"
        prior.write_text(LONG)
        environment = environment_of(ROOT) | {"JAX_COMPILATION_CACHE_DIR": f"{folder}/cache"}
        command = [sys.executable, "-m", "plurel_prob", "sample", "--seed", str(LONG_SEED), "--prior", str(prior), "--overwrite"]
        for _ in ("compiling", "measured"):
            found = measured([*command, "--out", folder], environment)
        return found


def machine() -> dict[str, Any]:
    """What was measured with, and on."""
    cpuinfo = Path("/proc/cpuinfo")  # on Linux
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    packages = ("plurel-prob", "jax", "jaxlib", "numpyro", "numpy")
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
        "date": time.strftime("%Y-%m-%d"),
    }


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Medians, and ratios of them."""
    medians = {name: statistics.median(row["cpu_s"] for row in rows) for name, rows in result["paired"].items()}
    found: dict[str, Any] = {
        "cpu_s": medians,
        "cells_per_cpu_s": {
            name: statistics.median(row["n_cell"] / row["cpu_s"] for row in rows) for name, rows in result["paired"].items()
        },
        "peak_mb": {name: max(row["peak_mb"] for row in rows) for name, rows in result["paired"].items()},
        "compilation_peak_mb": {
            name: max(row["compilation_peak_mb"] for row in rows) for name, rows in result["paired"].items() if name != "peer"
        },
        "parts_cpu_s": {
            name: {part: statistics.median(row[part] for row in rows) for part in ("draw", "write", "score")}
            for name, rows in result["parts"].items()
        },
    }
    if "peer" in medians:
        found["times_fewer_cpu_s_than_peer"] = medians["peer"] / medians["plurel"]
    base = statistics.median(row["cpu_s"] for row in result["scaled"]["1"])
    found["cost_of_rows"] = {
        scale: statistics.median(row["cpu_s"] for row in rows) / base for scale, rows in result["scaled"].items()
    }
    return found


def main() -> None:
    """Measure, print, store."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:  # every run compiles, so that runs can be compared
        ENVIRONMENT["JAX_COMPILATION_CACHE_DIR"] = folder
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Measure everything."""
    path = HERE / "results" / f"{options.name}.json"
    path.parent.mkdir(exist_ok=True)
    steps: dict[str, Callable[[], Any]] = {
        "links": links,
        "starts": lambda: starts(options),
        "paired": lambda: paired(options),
        "parts": lambda: parts(options),
        "scaled": lambda: scaled(options),
        "summary": lambda: summary(result),
        **({"corpora": lambda: corpora(options)} if options.corpus else {}),
        **({"long_table": long_table} if options.long else {}),
    }
    result: dict[str, Any] = {"machine": machine()}
    for name, step in steps.items():
        result[name] = step()
        path.write_text(json.dumps(result, indent=1) + "\n")  # what was measured stays, whatever becomes of the rest
    print(json.dumps({name: part for name, part in result.items() if name not in ("paired", "scaled", "parts")}, indent=1))


if __name__ == "__main__":
    main()
