"""Train networks of rows on grids of databases and rows of tasks, and measure their loss on tasks of databases held out.

    python -m experiments.scaling_laws.rows --pools out/pools --runs out/scaling_rows \
        --out experiments/scaling_laws/results/rows.jsonl

A line of JSON for each run. Runs whose line is there are left out; one that was interrupted goes on from its last checkpoint.
Cheapest first; ``--minutes 60`` begins no run after an hour.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from experiments.lines import append_lines, read_lines
from experiments.rows import (
    N_TASK,
    PACKAGES,
    add_options,
    config_of,
    data_of,
    held_out_losses,
    held_out_pool,
    held_out_tasks,
    training_pool,
)
from plurel_prob.rfm.rows.network import SIZES
from plurel_prob.rfm.rows.network.network import n_parameter
from plurel_prob.rfm.rows.training import RowTrainingConfig, ValidationTasks, train
from plurel_prob.rfm.rows.training.data import N_DATABASE


class RowsPoint(NamedTuple):
    """One run: what it is trained on and how long, and the seed of weights, tasks and databases."""

    prior: str
    size: str
    n_database: int
    n_step: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return "-".join(str(part) for part in self)


def grid(args: argparse.Namespace) -> list[RowsPoint]:
    """All points, the cheapest first; of numbers of databases that are more than a run takes, the least only."""
    sizes, found = [*SIZES], []
    for n_step in sorted(args.steps):
        enough = [n for n in args.databases if n >= n_taken(n_step)]
        some = sorted({*args.databases} - {*enough} | {*sorted(enough)[:1]})
        found += list(itertools.starmap(RowsPoint, itertools.product(args.priors, args.sizes, some, [n_step], args.seeds)))
    return sorted(found, key=lambda point: (sizes.index(point.size), point.n_step, point.seed, point.n_database))


def n_taken(n_step: int) -> int:
    """How many databases a run takes, if there are so many."""
    return (n_step - 1) * RowTrainingConfig.batch_size // N_TASK + N_DATABASE


def measured(args: argparse.Namespace, points: list[RowsPoint]) -> Iterator[dict]:
    """Train at each point, and give its line."""
    end = time.monotonic() + 60 * args.minutes

    @cache
    def held_out(size: str) -> dict[str, ValidationTasks]:
        config = config_of(args, size, 1, 0)
        return {prior: held_out_tasks(held_out_pool(prior, args.pools), config) for prior in args.priors}

    for point in points:
        if time.monotonic() > end:
            return
        config, start = config_of(args, point.size, point.n_step, point.seed), time.perf_counter()
        data = data_of(training_pool(point.prior, args.pools, point.seed), point.n_database)
        run = train(data, args.runs / point.name, config, checkpoint_every=512, log_every=max(1, point.n_step // 64))
        seconds = time.perf_counter() - start
        yield {
            **point._asdict(),
            "n_parameter": n_parameter(run.model),
            "n_row": config.n_step * config.batch_size * config.n_row,
            "losses": held_out_losses(held_out(point.size), run.model),
            "learning_rate": config.learning_rate,
            "seconds": round(seconds, 1),
        }


def told(line: dict) -> str:
    """The losses of a line."""
    losses = {prior: round(found["validation_loss"], 4) for prior, found in line["losses"].items()}
    return "-".join(str(line[name]) for name in RowsPoint._fields) + f": {losses}, {line['seconds']} s"


def main() -> None:
    """Run what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel", "realistic"])
    parser.add_argument("--sizes", nargs="+", default=["small"], choices=SIZES)
    parser.add_argument("--databases", type=int, nargs="+", default=[1, 4, 16, 64, 256, 1024, 4096])
    parser.add_argument("--steps", type=int, nargs="+", default=[16, 64, 256, 1024, 4096], help="of 6,400 rows each")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    args = parser.parse_args()
    done = {tuple(line[name] for name in RowsPoint._fields) for line in read_lines(args.out)}
    points = [point for point in grid(args) if point not in done]
    append_lines(args.out, measured(args, points), PACKAGES, told)


if __name__ == "__main__":
    main()
