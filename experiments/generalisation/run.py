"""Loss, AUROC and R2 of networks on tasks of real databases, of which they have seen nothing.

    python -m experiments.generalisation.run --runs out/scaling --data rel-f1 lahman --out results.jsonl

A line of JSON for each run and task; what has a line is left out. Contexts of a task are made once: all runs see the same.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

from experiments.lines import append_lines, read_lines
from plurel_prob.rfm.cells.contexts import BOOLEAN
from plurel_prob.rfm.cells.training import CellsRun, TaskData, ValidationCells, load_model
from plurel_prob.rfm.evaluation import task_names

PACKAGES = ("jax", "jaxlib", "relbench", "scikit-learn")
Done = set[tuple[str, str, str]]  # run, database, task


def figures(validation: ValidationCells, run: CellsRun, n_row: int) -> dict:
    """How well a network predicts the rows: mean loss, and AUROC or R2, which is that of numbers before they were normalised."""
    prediction = validation.predict(run.model)
    losses = {"loss": validation.losses_of(prediction), "baseline": validation.baseline}
    means = {name: float(loss[:n_row].mean()) for name, loss in losses.items()}
    prediction, target = prediction[:n_row], validation.target[:n_row]  # the rest fills the last batch
    if validation.kind[0] != BOOLEAN:
        return means | {"R2": float(r2_score(target, prediction))}
    return means | ({"AUROC": float(roc_auc_score(target, prediction))} if len(np.unique(target)) == 2 else {})


def measured(args: argparse.Namespace, done: Done) -> Iterator[dict]:
    """Evaluate all runs on a task, then on the next."""
    runs = {path.name: load_model(path) for path in sorted(args.runs.iterdir()) if (path / "config.json").exists()}
    lengths = {run.config.context_length for run in runs.values()}
    if len(lengths) != 1:
        raise SystemExit(f"--runs {args.runs}: needs runs of one length of contexts, has {sorted(lengths) or 'none'}")
    for folder in args.data:
        for task in task_names(folder):
            waiting = [name for name in runs if (name, folder.name, task) not in done]
            if not waiting:
                continue
            data, first = TaskData(folder, task, *lengths, split=args.split), runs[waiting[0]]
            n_row = min(args.n_row, len(data.targets.row))
            validation = ValidationCells(data, first.config, first.encoder, n_row)
            for name in waiting:
                start, config = time.perf_counter(), runs[name].config
                yield {
                    "run": name,
                    "database": folder.name,
                    "task": task,
                    "split": args.split,
                    "n_row": n_row,
                    **figures(validation, runs[name], n_row),
                    "n_database": int(config.data.split()[0]),
                    "n_cell": config.n_step * config.batch_size * config.context_length,
                    "seed": config.seed,
                    "size": config.size,
                    "seconds": round(time.perf_counter() - start, 1),
                }


def told(line: dict) -> str:
    """The figures of a line."""
    shown = {name: round(line[name], 4) for name in ("loss", "baseline", "AUROC", "R2") if name in line}
    return f"{line['run']}, {line['database']}, {line['task']}: {shown}"


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of runs of `plurel-prob pretrain`")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of databases with tasks")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--split", default="test", choices=["train", "val", "test"])
    parser.add_argument("--n-row", type=int, default=512, help="rows of a task, drawn at random; all if there are no more")
    args = parser.parse_args()
    done = {(line["run"], line["database"], line["task"]) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, told)


if __name__ == "__main__":
    main()
