"""How many rows a second does one core turn into features?

``python experiments/rfm_speed/features.py --data FOLDER... --out results.jsonl``: a line of JSON a task, in processor seconds;
a few seconds a task. Expected: at least 20,000 rows a second.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from sampler import machine

from plurel_prob.rfm.evaluation import task_names
from plurel_prob.rfm.rows.features import concatenate, prepare
from plurel_prob.rfm.rows.tasks import read_task

N_RUN = 5


def measure(folder: Path, name: str) -> dict:
    """Median rate over all rows of a task's test predictions, those of its context, too; what is prepared once is apart."""
    task = read_task(folder, name)
    rows, known = concatenate(task.context("test"), task.labels["test"]), task.known("test")
    prepare(task.tables, task.question).features(rows, known)  # compiles
    prepared_s, rates = [], []
    for _ in range(N_RUN):
        start = time.process_time()
        prepared = prepare(task.tables, task.question)
        prepared.features(rows[:1], known)
        between = time.process_time()
        values = prepared.features(rows, known).values
        prepared_s.append(between - start)
        rates.append(len(rows) / (time.process_time() - between))
    return {
        "database": folder.name,
        "task": name,
        "n_row": values.shape[0],
        "n_feature": values.shape[1],
        "prepare_s": statistics.median(prepared_s),
        "rows_per_s": statistics.median(rates),
        "slowest": min(rates),
    }


def main() -> None:
    """Measure and append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for folder in args.data:
        for name in task_names(folder):
            line = machine() | measure(folder, name)
            print(f"{folder.name} {name}: {line['n_feature']} features, {line['rows_per_s']:,.0f} rows a second", flush=True)
            with args.out.open("a") as file:
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
