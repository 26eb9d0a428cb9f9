"""Baselines on tasks of real databases: LightGBM on simple aggregates, the entity's history, the mean.

    python -m experiments.continued_pretraining.baselines --data rel-f1 --out results/baselines.jsonl

A line of JSON for each database, task and baseline, all rows of the split; what has a line is left out.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from experiments.lines import append_lines, read_lines
from plurel_prob.rfm.evaluation import evaluate, methods, task_names
from plurel_prob.rfm.rows.tasks import read_task

RUNS = {"mean": "mean", "history": "history", "lightgbm": "LightGBM"}  # methods, and what their lines are named
PACKAGES = ("relbench", "lightgbm", "scikit-learn", "pandas")


def measured(args: argparse.Namespace, done: set[tuple[str, str, str]]) -> Iterator[dict]:
    """Evaluate every baseline on a task, then on the next."""
    for folder in args.data:
        for task in task_names(folder):
            left = [name for name, run in RUNS.items() if (run, folder.name, task) not in done]
            if not left:
                continue
            by = methods(left)
            for found in evaluate(read_task(folder, task), by, split=args.split):
                line = {"run": RUNS[found.method], "database": folder.name, "task": task, "split": args.split}
                line |= {name: figure.value for name, figure in found.figures.items()}
                yield line | {"seconds": round(found.seconds, 1)}


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of databases with tasks")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--split", default="test", choices=["val", "test"])
    args = parser.parse_args()
    done = {(line["run"], line["database"], line["task"]) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, str)


if __name__ == "__main__":
    main()
