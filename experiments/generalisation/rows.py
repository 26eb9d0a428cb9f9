"""Figures of networks of rows on tasks of real databases, of which they have seen nothing.

    python -m experiments.generalisation.rows --runs out/scaling_rows --data rel-f1 lahman --out results/rows.jsonl

A line of JSON for each run, task and regime; what has a line is left out. Rows, contexts and features are the same for all runs.
"""

import argparse
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import jax
import numpy as np

from experiments.lines import append_lines, read_lines
from plurel_prob.rfm.evaluation import task_names
from plurel_prob.rfm.evaluation.evaluate import deviation
from plurel_prob.rfm.evaluation.metrics import figures
from plurel_prob.rfm.evaluation.problem import Problem
from plurel_prob.rfm.evaluation.rows import of_law
from plurel_prob.rfm.rows.learner import RowLearner
from plurel_prob.rfm.rows.learner.networks import InContext
from plurel_prob.rfm.rows.network import RowNetwork, load_network
from plurel_prob.rfm.rows.tasks import read_task
from plurel_prob.rfm.rows.weights import WEIGHTS

PACKAGES = ("jax", "jaxlib", "relbench", "scikit-learn")
REGIMES = ("rolling", "frozen")
UNTRAINED = "untrained"  # the run that was not made: before training all networks say the same, whatever their size and seed
KEYS = ("run", "database", "task", "regime")


class Asked:
    """Rows of a task that networks are asked about.

    Args:
        problem: what is predicted.
    """

    def __init__(self, problem: Problem):
        self.problem = problem

    @cached_property
    def learner(self) -> InContext:
        """What predicts, without a network."""
        settings = RowLearner(None)
        return InContext(None, settings.n_sample, settings.n_context, settings.n_feature, settings.seed)

    def figures(self, network: RowNetwork) -> dict[str, float]:
        """Evaluate a network by all metrics of the task's kind."""
        self.learner.network, problem = network, self.problem
        self.learner.fit(problem.labelled)
        kind, label = problem.task.question.kind, problem.rows.value
        prediction = of_law(self.learner.predict(problem.query), kind)
        found = figures(kind, label, prediction, deviation(problem), np.ones((1, len(label))))
        return {metric: figure.value for metric, figure in found.items()}


def networks_of(folder: Path) -> dict[str, RowNetwork]:
    """The untrained network and that of every run that has ended, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        if (path / WEIGHTS).exists():
            network, metadata = load_network(path / WEIGHTS)
            if metadata["step"] == metadata["n_step"]:
                found[path.name] = network
    if not found:
        raise SystemExit(f"--runs {folder}: has no run of a network of rows that has ended")
    return {UNTRAINED: RowNetwork(next(iter(found.values())).size, key=jax.random.key(0))} | found


def measured(args: argparse.Namespace, done: set[tuple]) -> Iterator[dict]:
    """Evaluate all runs on a task, then on the next."""
    networks, end = networks_of(args.runs), time.monotonic() + 60 * args.minutes
    for folder in args.data:
        for name in task_names(folder):
            for regime in args.regimes:
                waiting = [run for run in networks if (run, folder.name, name, regime) not in done]
                if not waiting:
                    continue
                asked = Asked(Problem(read_task(folder, name), "test", regime, args.n_row))
                for run in waiting:
                    if time.monotonic() > end:
                        return
                    start = time.perf_counter()
                    found = asked.figures(networks[run])
                    place = {"run": run, "database": folder.name, "task": name, "regime": regime}
                    counts = {"n_row": len(asked.problem.rows), "n_known": len(asked.problem.context)}
                    yield place | counts | {"figures": found, "seconds": round(time.perf_counter() - start, 2)}


def told(line: dict) -> str:
    """The figures of a line."""
    shown = {name: round(value, 4) for name, value in line["figures"].items()}
    return ", ".join(line[key] for key in KEYS) + f": {shown}, {line['seconds']} s"


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of runs of networks of rows")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of databases with tasks")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--regimes", nargs="+", default=REGIMES, choices=REGIMES)
    parser.add_argument("--n-row", type=int, default=1000, help="rows of a task, a sample; all if there are no more")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when no other line is begun")
    args = parser.parse_args()
    done = {tuple(line[key] for key in KEYS) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, told)


if __name__ == "__main__":
    main()
