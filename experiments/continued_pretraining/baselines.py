"""Baselines on tasks of real databases: LightGBM on simple aggregates, the entity's history, the mean.

    python experiments/continued_pretraining/baselines.py --data rel-f1 --out results/baselines.jsonl

A line of JSON for each database, task and baseline, all rows of the split; what has a line is left out.
"""

import argparse
import json
import time
from pathlib import Path

import relbench

from plurel_prob.rfm.evaluation import task_names
from plurel_prob.rfm.evaluation.baselines import BASELINES
from plurel_prob.rfm.evaluation.evaluate import figures_of


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of databases with tasks")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--split", default="test", choices=["val", "test"])
    args = parser.parse_args()
    lines = [json.loads(line) for line in args.out.read_text().splitlines()] if args.out.exists() else []
    done = {(line["run"], line["database"], line["task"]) for line in lines}
    with args.out.open("a") as file:
        for folder in args.data:
            dataset = relbench.load_dataset(folder)
            for task in task_names(folder):
                loaded = dataset.load_task(task)
                for name in [name for name in BASELINES if (name, folder.name, task) not in done]:
                    start = time.perf_counter()
                    line = {"run": name, "database": folder.name, "task": task, "split": args.split}
                    line |= figures_of(loaded, args.split, BASELINES[name](loaded, args.split))
                    print(json.dumps(line | {"seconds": round(time.perf_counter() - start, 1)}), file=file, flush=True)
                    print(line, flush=True)


if __name__ == "__main__":
    main()
