"""Held-out tasks of drawn databases: networks trained and untrained, ridge, and LightGBM by the same context.

    python -m experiments.real_tasks.drawn --priors compact plurel --runs out/rows/experts-0 --out results/drawn.jsonl

A line of JSON for each prior, task, method and seed; what has a line is left out. Tasks are as they are, none is relabelled.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from experiments.lines import append_lines, read_lines
from experiments.real_tasks.runs import networks_of
from plurel_prob.rfm.evaluation.baselines import boosted_trees, ridge
from plurel_prob.rfm.evaluation.metrics import figures
from plurel_prob.rfm.evaluation.problem import Prediction
from plurel_prob.rfm.rows.features import Kind
from plurel_prob.rfm.rows.learner.laws import LEVELS, Labelled, sigmoid
from plurel_prob.rfm.rows.network import RowBatch, RowNetwork, mean_of
from plurel_prob.rfm.rows.training import HELD_OUT_SEED, Fresh, Recipe, RowData
from plurel_prob.rfm.rows.training.tasks import SOURCES

PACKAGES = ("jax", "jaxlib", "lightgbm", "scikit-learn", "numpy")
KINDS: tuple[Kind, ...] = ("binary", "number")  # that are evaluated, by the network's number
Fit = Callable[[Labelled, np.ndarray], Prediction]
BATCH, SEED = 16, 1  # tasks of a batch; of tasks


def by_network(network: RowNetwork, batch: RowBatch) -> list[Prediction]:
    """Predictions of the queries of every task."""
    state = network.encode(batch.context_x, batch.context_y, batch.kind)
    outputs, found = network.decode(state, batch.query_x), []
    for i, is_asked in enumerate(np.isfinite(batch.query_y)):
        if KINDS[batch.kind[i]] == "binary":
            found.append(Prediction(sigmoid(np.asarray(outputs.logit, float)[i, is_asked])))
        else:
            quantiles = np.asarray(outputs.quantiles, float)[i, is_asked]
            found.append(Prediction(np.asarray(mean_of(quantiles), float), quantiles[:, len(LEVELS) // 2], quantiles))
    return found


def by_fit(method: Fit, batch: RowBatch) -> list[Prediction]:
    """Predictions of the queries of every task, from the same context."""
    found = []
    for x, y, query_x, query_y, kind in zip(*batch, strict=True):
        is_known = np.isfinite(y)
        labelled = Labelled(x[is_known], y[is_known].astype(float), np.arange(is_known.sum()), KINDS[kind])
        found.append(method(labelled, query_x[np.isfinite(query_y)]))
    return found


def measured(args: argparse.Namespace, done: set[tuple]) -> Iterator[dict]:
    """Evaluate all methods on a batch of tasks, then on the next."""
    end = time.monotonic() + 60 * args.minutes
    methods: dict[tuple[str, int], Callable[[RowBatch], list[Prediction]]] = {
        ("ridge", 0): partial(by_fit, ridge),
        ("lightgbm_context", 0): partial(by_fit, boosted_trees),
    } | {name: partial(by_network, network) for name, network in networks_of(args.runs).items()}
    for prior in args.priors:
        data = RowData(Fresh([prior], HELD_OUT_SEED), Recipe(relabelled=0.0, classes=0.0))
        for k in range(-(-args.n_task // BATCH)):
            left = {name: method for name, method in methods.items() if (prior, k, *name) not in done}
            if not left:
                continue
            tasks = data.batch(SEED, k, BATCH)
            is_told = tasks.batch.kind < len(KINDS)
            batch, sources = RowBatch(*(part[is_told] for part in tasks.batch)), tasks.source[is_told]
            for (method, seed), predict in left.items():
                if time.monotonic() > end:
                    return
                start = time.perf_counter()
                predictions = predict(batch)
                place = {"prior": prior, "batch": k, "method": method, "seed": seed}
                place |= {"seconds": round(time.perf_counter() - start, 2)}
                yield place | {"tasks": [*figures_of(batch, sources, predictions)]}


def figures_of(batch: RowBatch, sources: np.ndarray, predictions: list[Prediction]) -> Iterator[dict]:
    """Figures of every task."""
    for i, prediction in enumerate(predictions):
        y, kind = batch.query_y[i][np.isfinite(batch.query_y[i])], KINDS[batch.kind[i]]
        found = figures(kind, y.astype(float), prediction, 1.0, np.ones((1, len(y))))
        shown = {name: figure.value for name, figure in found.items() if np.isfinite(figure.value)}
        known = batch.context_y[i][np.isfinite(batch.context_y[i])]
        distinct = len(np.unique(known)) / len(known)
        yield {"source": SOURCES[sources[i]], "kind": kind, "n_row": len(y), "distinct": distinct, "figures": shown}


def main() -> None:
    """Evaluate what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel"])
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="runs of `plurel-prob pretrain --network rows`, by seed")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--n-task", type=int, default=192, help="tasks of each prior")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when no other line is begun")
    args = parser.parse_args()
    keys = ("prior", "batch", "method", "seed")
    done = {tuple(line[key] for key in keys) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, lambda line: " ".join(str(line[key]) for key in keys))


if __name__ == "__main__":
    main()
