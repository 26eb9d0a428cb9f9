"""Every task of real databases, by every method, in both regimes.

    python -m experiments.real_tasks.run --data rel-f1 lahman --runs out/rows/experts-0 out/rows/plain-0 --out results/real.jsonl

A line of JSON for each database, task, regime, method and seed; what has a line is left out. ``--minutes`` ends after so many, at
the end of a line, so that the study can be done in pieces.
"""

import argparse
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from experiments.lines import append_lines, read_lines
from experiments.real_tasks.runs import Name, networks_of
from plurel_prob.rfm.evaluation import Method, evaluate, task_names
from plurel_prob.rfm.evaluation.methods import BASELINES
from plurel_prob.rfm.evaluation.rows import RowsMethod
from plurel_prob.rfm.rows.tasks import read_task

PACKAGES = ("jax", "jaxlib", "relbench", "lightgbm", "scikit-learn", "numpy")
REGIMES = ("rolling", "frozen")


def methods_of(runs: list[Path]) -> dict[Name, Method]:
    """Baselines; of each run its network, that before it was trained, and the predictor as users have it."""
    found: dict[Name, Method] = {(name, 0): method for name, method in BASELINES.items()}
    for (name, seed), network in networks_of(runs).items():
        if name == "rows_network":
            found["rows", seed] = RowsMethod(network, "all")
        found[name, seed] = RowsMethod(network, "network")
    return found


def measured(args: argparse.Namespace, done: set[tuple]) -> Iterator[dict]:
    """Evaluate all methods on a task, then on the next."""
    by, end = methods_of(args.runs), time.monotonic() + 60 * args.minutes
    for folder in args.data:
        for name in task_names(folder):
            read = cache(read_task)
            for regime in args.regimes:
                for method, seed in by:
                    if (folder.name, name, regime, method, seed) in done:
                        continue
                    if time.monotonic() > end:
                        return
                    (found,) = evaluate(read(folder, name), {method: by[method, seed]}, regime=regime)
                    place = {"database": folder.name, "task": name, "split": "test", "regime": regime, "method": method}
                    place |= {"seed": seed}
                    figures = {metric: figure.value for metric, figure in found.figures.items()}
                    yield place | found.counts._asdict() | {"figures": figures, "seconds": round(found.seconds, 1)}


def told(line: dict) -> str:
    """The figures of a line."""
    shown = {name: round(value, 4) for name, value in line["figures"].items()}
    return f"{line['database']}, {line['task']}, {line['regime']}, {line['method']} {line['seed']}: {shown}, {line['seconds']} s"


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of databases with tasks")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="runs of `plurel-prob pretrain --network rows`, by seed")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--regimes", nargs="+", default=REGIMES, choices=REGIMES)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when no other line is begun")
    args = parser.parse_args()
    keys = ("database", "task", "regime", "method", "seed")
    append_lines(args.out, measured(args, {tuple(line[key] for key in keys) for line in read_lines(args.out)}), PACKAGES, told)


if __name__ == "__main__":
    main()
