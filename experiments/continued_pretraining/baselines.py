"""Baselines on tasks of real databases: LightGBM on simple aggregates, the entity's history, the mean.

    python -m experiments.continued_pretraining.baselines --data rel-f1 --out results/baselines.jsonl

A line of JSON for each database, task and baseline, all rows of the split; what has a line is left out.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from experiments.lines import append_lines, read_lines
from plurel_prob.rfm.evaluation import task_names
from plurel_prob.rfm.evaluation.baselines import BASELINES
from plurel_prob.rfm.evaluation.evaluate import figures_of
from plurel_prob.rfm.rows.tasks import read_task

PACKAGES = ("relbench", "lightgbm", "scikit-learn", "pandas")


def measured(args: argparse.Namespace, done: set[tuple[str, str, str]]) -> Iterator[dict]:
    """Evaluate every baseline on a task, then on the next."""
    for folder in args.data:
        for task in task_names(folder):
            rows = read_task(folder, task)
            for name in [name for name in BASELINES if (name, folder.name, task) not in done]:
                start = time.perf_counter()
                line = {"run": name, "database": folder.name, "task": task, "split": args.split}
                line |= figures_of(rows.loaded, args.split, BASELINES[name](rows, args.split))
                yield line | {"seconds": round(time.perf_counter() - start, 1)}


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
