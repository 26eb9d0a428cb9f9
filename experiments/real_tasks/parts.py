"""What is each part of the untrained network worth? The same tasks, rolling, with a part left out.

    python -m experiments.real_tasks.parts --data chinook rel-f1 --out results/parts.jsonl

A line of JSON for each task and variant; what has a line is left out. Rows are a sample of at most a thousand of each task.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jax
import jax.numpy as jnp

from experiments.lines import append_lines, read_lines
from plurel_prob.rfm.evaluation import evaluate, task_names
from plurel_prob.rfm.evaluation.rows import RowsMethod
from plurel_prob.rfm.rows.network import RowNetwork, closed, experts
from plurel_prob.rfm.rows.tasks import read_task

PACKAGES = ("jax", "jaxlib", "scikit-learn", "numpy")
MAX_ROW = 1000


def share_of(expert: int) -> Any:
    """An expert has all of the share."""
    return lambda left_out, y, weight: jnp.where(jnp.arange(len(experts.EXPERTS)) == expert, 0.0, -1e3)


VARIANTS: dict[str, list[tuple[Any, str, Any]]] = {
    "whole": [],
    "ridge alone": [(closed, "shares_of", share_of(0))],
    "kernel ridge alone": [(closed, "shares_of", share_of(1))],
    "equal shares": [(experts, "SHARPNESS", 0.0)],
    "features of equal weight": [(experts, "FLOOR", 1e6)],
    "one penalty": [(experts, "LINE_PENALTIES", (1.0,)), (experts, "PRODUCT_PENALTIES", (0.4,))],
}


def measured(args: argparse.Namespace, done: set[tuple]) -> Iterator[dict]:
    """Evaluate a variant on all tasks, then the next: a variant is compiled anew."""
    end = time.monotonic() + 60 * args.minutes
    read = cache(read_task)
    for name, changes in VARIANTS.items():
        jax.clear_caches()
        with ExitStack() as stack:
            for module, constant, value in changes:
                stack.enter_context(patch.object(module, constant, value))
            method = RowsMethod(RowNetwork("small", key=jax.random.key(0)), "network")
            for folder in args.data:
                for task in task_names(folder):
                    if (folder.name, task, name) in done:
                        continue
                    if time.monotonic() > end:
                        return
                    (found,) = evaluate(read(folder, task), {name: method}, max_row=MAX_ROW)
                    figures = {metric: figure.value for metric, figure in found.figures.items()}
                    place = {"database": folder.name, "task": task, "regime": "rolling", "method": name, "seed": 0}
                    yield place | {"n_row": found.counts.n_row, "figures": figures}


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of databases with tasks")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when no other line is begun")
    args = parser.parse_args()
    keys = ("database", "task", "method")
    done = {tuple(line[key] for key in keys) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, lambda line: " ".join(str(line[key]) for key in keys))


if __name__ == "__main__":
    main()
